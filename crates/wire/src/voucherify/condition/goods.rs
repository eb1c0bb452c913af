//! Which goods are meant? Products and SKUs, in conditions and in what a discount touches.

use rules::{Condition, Op, Path, Term, Value};
use serde_json::Value as Json;

use super::{
    super::{Applicability, ApplicabilityEffect, ApplicableTo, Node},
    logic, meaning, of_property,
    operator::{self, Comparison},
};
use crate::Malformed;

/// `order.items.any`, `.every` and `.none`: lines chosen by product, with rules on each.
pub(super) fn items(node: &Node) -> Result<Condition, Malformed> {
    let mut parts = Vec::new();
    if !node.conditions.is_empty() {
        parts.push(chosen(node)?);
    }
    if let Some(rules) = &node.rules {
        let within = |wrong: Malformed| wrong.under("rules");
        let logic = logic::of(rules).map_err(within)?;
        parts.push(meaning(&logic, rules, &of_line).map_err(within)?);
    }
    let line = Box::new(Condition::all(parts));
    Ok(match node.name.as_str() {
        "order.items.every" => Condition::EveryLine(line),
        "order.items.none" => Condition::Not(Box::new(Condition::AnyLine(line))),
        _ => Condition::AnyLine(line),
    })
}

/// `product.id` and `sku.id`: some line is one of them.
pub(super) fn some_line(node: &Node) -> Result<Condition, Malformed> {
    operator::each(node, |operator, values| {
        let any = Condition::AnyLine(Box::new(one_of(values)?));
        match operator {
            "$is" | "$in" => Ok(any),
            "$is_not" | "$not_in" => Ok(Condition::Not(Box::new(any))),
            other => Err(operator::unknown(other)),
        }
    })
}

/// `product.price`, `sku.quantity` and their kin: some line, of the product in `property` where
/// there is one, has such a price or quantity.
pub(super) fn measured(node: &Node) -> Result<Condition, Malformed> {
    let path = if node.name.ends_with(".price") {
        "line.price"
    } else {
        "line.quantity"
    };
    let measure = operator::compare(node, &Comparison::number(path))?;
    let of = node.property.as_deref().map(|id| product(&[id]));
    let line = Condition::all(of.into_iter().chain([measure]));
    Ok(Condition::AnyLine(Box::new(line)))
}

/// The lines that a discount touches; `None` where it is all of them.
pub(super) fn lines(goods: &Applicability) -> Result<Option<Condition>, Malformed> {
    let read = |entries: &[ApplicableTo], name: &str| {
        let place = |(index, entry): (usize, &ApplicableTo)| {
            matched(entry).map_err(|wrong| wrong.under(&index.to_string()).under(name))
        };
        entries
            .iter()
            .enumerate()
            .map(place)
            .collect::<Result<Vec<_>, _>>()
    };
    let included = read(&goods.included, "included")?;
    let excluded = read(&goods.excluded, "excluded")?;
    let takes_all = included.is_empty() || goods.included_all == Some(true);
    let taken = (!takes_all).then(|| Condition::any(included));
    let left = (!excluded.is_empty()).then(|| Condition::Not(Box::new(Condition::any(excluded))));
    let parts: Vec<Condition> = taken.into_iter().chain(left).collect();
    Ok((!parts.is_empty()).then(|| Condition::all(parts)))
}

fn chosen(node: &Node) -> Result<Condition, Malformed> {
    operator::each(node, |operator, values| match operator {
        "$is" | "$in" => one_of(values),
        "$is_not" | "$not_in" => Ok(Condition::Not(Box::new(one_of(values)?))),
        other => Err(operator::unknown(other)),
    })
}

/// What a rule within an item rule says of a line.
fn of_line(node: &Node) -> Result<Condition, Malformed> {
    match node.name.as_str() {
        "order.items.quantity" => operator::compare(node, &Comparison::number("line.quantity")),
        "order.items.price" => operator::compare(node, &Comparison::number("line.price")),
        "order.items.metadata" => of_property(node, "line.metadata"),
        other => Err(Malformed::at(
            "/name",
            format!("{other} is not supported yet here"),
        )),
    }
}

fn one_of(values: &[Json]) -> Result<Condition, Malformed> {
    operator::all(values, entry).map(Condition::any)
}

/// A product or SKU: an id, or an object with an id, a source id, or both.
fn entry(value: &Json) -> Result<Condition, Malformed> {
    if let Some(id) = value.as_str() {
        return Ok(product(&[id]));
    }
    let entry: ApplicableTo = serde_json::from_value(value.clone())
        .map_err(|_| Malformed::at("", "must be a product or SKU: an id, or an object with one"))?;
    matched(&entry)
}

fn matched(entry: &ApplicableTo) -> Result<Condition, Malformed> {
    refuse_unsupported(entry)?;
    let ids: Vec<&str> = [&entry.id, &entry.source_id]
        .into_iter()
        .flatten()
        .map(|id| &**id)
        .collect();
    if ids.is_empty() {
        return Err(Malformed::at("/id", "is required"));
    }
    Ok(if entry.object.as_deref() == Some("sku") {
        sku(&ids)
    } else {
        product(&ids)
    })
}

/// A product covers its SKUs.
fn product(ids: &[&str]) -> Condition {
    Condition::any([among("line.product", ids), sku(ids)])
}

fn sku(ids: &[&str]) -> Condition {
    among("line.sku", ids)
}

/// Not every line says of which product it is: that is no match then, rather than unknown.
fn among(path: &str, ids: &[&str]) -> Condition {
    let test = Condition::Test {
        left: Term::Fact(path.into()),
        op: Op::In,
        right: Term::Value(Value::List(ids.iter().map(|id| Value::from(*id)).collect())),
    };
    Condition::all([Condition::Known(Path::from(path)), test])
}

fn refuse_unsupported(entry: &ApplicableTo) -> Result<(), Malformed> {
    let is_plain = matches!(entry.effect, None | Some(ApplicabilityEffect::ApplyToEvery));
    let refused = [
        (
            "/object",
            entry.object.as_deref() == Some("products_collection"),
        ),
        ("/price", entry.price.is_some()),
        (
            "/price_formula",
            entry
                .price_formula
                .as_ref()
                .is_some_and(|price| !price.is_null()),
        ),
        ("/effect", !is_plain),
        ("/quantity_limit", entry.quantity_limit.is_some()),
        (
            "/aggregated_quantity_limit",
            entry.aggregated_quantity_limit.is_some(),
        ),
        ("/amount_limit", entry.amount_limit.is_some()),
        (
            "/aggregated_amount_limit",
            entry.aggregated_amount_limit.is_some(),
        ),
        ("/repeat", entry.repeat.is_some_and(|repeat| repeat > 1)),
        (
            "/skip_initially",
            entry.skip_initially.is_some_and(|skip| skip > 0),
        ),
        ("/target", entry.target.as_deref() == Some("UNIT")),
    ];
    match refused.iter().find(|(_, is_refused)| *is_refused) {
        Some((pointer, _)) => Err(Malformed::at(*pointer, "not supported yet")),
        None => Ok(()),
    }
}
