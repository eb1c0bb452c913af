//! Which goods are meant? Products and SKUs, in conditions and in what a discount touches.

use offers::{Counts, Formula, Lines, Pick, PickLimits, Visits};
use rules::{Condition, Op, Path, Term, Value};
use serde_json::Value as Json;

use super::{
    super::{Applicability, ApplicabilityEffect, ApplicableTo, Node, discount::read_formula},
    items, nothing_within, of_property,
    operator::{self, Comparison},
    unit_caps,
};
use crate::Malformed;

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

const TOUCHED: [&str; 2] = ["product.discount_applicable", "sku.discount_applicable"];
const TOUCHED_BY_METADATA: &str = "product.metadata.discount_applicable";

/// Whether a node says which lines the discount touches.
pub(super) fn is_touching(name: &str) -> bool {
    TOUCHED.contains(&name) || name == TOUCHED_BY_METADATA
}

/// The lines that a node lets the discount touch, where it says so.
pub(super) fn touched(node: &Node) -> Result<Option<Condition>, Malformed> {
    if !is_touching(&node.name) {
        return Ok(None);
    }
    nothing_within(node)?;
    match node.name == TOUCHED_BY_METADATA {
        true => of_property(node, "line.metadata").map(Some),
        false => operator::each(node, items::one_chosen).map(Some),
    }
}

/// The lines that a discount touches; `None` where it is all of them, with all their units.
pub(super) fn lines(goods: &Applicability) -> Result<Option<Lines>, Malformed> {
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
    whole(&goods.excluded, &excluded)?;
    let takes_all = included.is_empty() || goods.included_all == Some(true);
    let picks = picks(goods, &included)?;
    let taken = (!takes_all).then(|| Condition::any(included));
    let left = (!excluded.is_empty()).then(|| Condition::Not(Box::new(Condition::any(excluded))));
    let parts: Vec<Condition> = taken.into_iter().chain(left).collect();
    let says_nothing = parts.is_empty() && picks.is_empty();
    Ok((!says_nothing).then(|| Lines {
        picks,
        ..Lines::from(Condition::all(parts))
    }))
}

/// What is excluded is excluded with all its units.
fn whole(entries: &[ApplicableTo], conditions: &[Condition]) -> Result<(), Malformed> {
    for (at, (entry, of)) in entries.iter().zip(conditions).enumerate() {
        let plain = Pick::all(of.clone());
        if entry.pick(of.clone()).is_ok_and(|pick| pick != plain) {
            let detail = "what is excluded is excluded whole: no effect, limit or price";
            return Err(Malformed::at(format!("/excluded/{at}"), detail));
        }
    }
    Ok(())
}

/// How the included goods are picked; nothing where each is meant with all its units.
fn picks(goods: &Applicability, included: &[Condition]) -> Result<Vec<Pick>, Malformed> {
    let pick = |(at, (entry, of)): (usize, (&ApplicableTo, &Condition))| {
        let wrong = |wrong: Malformed| wrong.under(&at.to_string()).under("included");
        entry.pick(of.clone()).map_err(wrong)
    };
    let entries = goods.included.iter().zip(included).enumerate();
    let mut picks = entries.map(pick).collect::<Result<Vec<_>, _>>()?;
    if picks.iter().all(|pick| *pick == Pick::all(pick.of.clone())) {
        return Ok(Vec::new());
    }
    if goods.included_all == Some(true) {
        picks.push(Pick::all(Condition::Always));
    }
    Ok(picks)
}

impl ApplicableTo {
    fn price_formula(&self) -> Result<Option<Formula>, Malformed> {
        let pointer = "/price_formula";
        match &self.price_formula {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => read_formula(Some(text), pointer),
            Some(_) => Err(Malformed::at(pointer, "must be a text")),
        }
    }

    fn pick(&self, of: Condition) -> Result<Pick, Malformed> {
        let small = |number: Option<u64>, pointer: &str| {
            let number = number.map(u32::try_from).transpose();
            number.map_err(|_| Malformed::at(pointer, "too large"))
        };
        let every = small(self.repeat, "/repeat")?.unwrap_or(1);
        if every == 0 {
            return Err(Malformed::at("/repeat", "must be above zero"));
        }
        Ok(Pick {
            of,
            visits: match self.effect {
                None | Some(ApplicabilityEffect::ApplyToEvery) => Visits::AsSent,
                Some(ApplicabilityEffect::ApplyFromCheapest) => Visits::FromCheapest,
                Some(ApplicabilityEffect::ApplyFromMostExpensive) => Visits::FromDearest,
                Some(ApplicabilityEffect::ApplyToCheapest) => Visits::Cheapest,
                Some(ApplicabilityEffect::ApplyToMostExpensive) => Visits::Dearest,
            },
            counts: match self.target.as_deref() {
                None | Some("ITEM") => Counts::Lines,
                Some("UNIT") => Counts::Units,
                Some(_) => return Err(Malformed::at("/target", "is ITEM or UNIT")),
            },
            every,
            skip: small(self.skip_initially, "/skip_initially")?.unwrap_or(0),
            limits: PickLimits {
                units_of_line: small(self.quantity_limit, "/quantity_limit")?,
                units: small(self.aggregated_quantity_limit, "/aggregated_quantity_limit")?,
                money_of_line: self.amount_limit,
                money: self.aggregated_amount_limit,
            },
            price: self.price,
            price_formula: self.price_formula()?,
            unit_caps: unit_caps::of(self)?,
        })
    }
}

pub(super) fn one_of(values: &[Json]) -> Result<Condition, Malformed> {
    operator::all(values, entry).map(Condition::any)
}

/// A product or SKU: an id, or an object with an id, a source id, or both.
fn entry(value: &Json) -> Result<Condition, Malformed> {
    matched(&items::goods_of(value)?)
}

pub(super) fn matched(entry: &ApplicableTo) -> Result<Condition, Malformed> {
    let ids: Vec<&str> = [&entry.id, &entry.source_id]
        .into_iter()
        .flatten()
        .map(|id| &**id)
        .collect();
    if ids.is_empty() {
        return Err(Malformed::at("/id", "is required"));
    }
    Ok(match entry.object.as_deref() {
        Some("products_collection") => held("line.collections", &ids),
        Some("sku") => Condition::any([sku(&ids), held("line.names", &ids)]),
        _ if entry.strict == Some(true) => {
            let itself = Condition::test("line.is_sku", Op::Equal, false);
            Condition::all([product(&ids), itself])
        }
        _ => product(&ids),
    })
}

/// A product covers its SKUs.
fn product(ids: &[&str]) -> Condition {
    let named = held("line.names", ids);
    Condition::any([among("line.product", ids), sku(ids), named])
}

/// Whether the catalogue says so; what it does not know is no match.
fn held(path: &str, ids: &[&str]) -> Condition {
    let held = ids.iter().map(|id| Condition::holds(path, *id));
    Condition::all([Condition::Known(Path::from(path)), Condition::any(held)])
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
