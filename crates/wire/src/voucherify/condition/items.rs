//! What do rules say of the items of an order? Some of them are chosen, and then looked at one by
//! one or all together.

use rules::{Condition, Fold, Op, Path, Term};
use serde_json::Value as Json;

use super::{
    super::{ApplicableTo, Node, Nodes},
    goods,
    logic::{self, Logic},
    meaning, of_property,
    operator::{self, Comparison},
};
use crate::Malformed;

/// `order.items.any`, `.every`, `.none`, `.cheapest` and `.most_expensive`: items chosen by what
/// they are, with rules on each and on all of them.
pub(super) fn items(node: &Node) -> Result<Condition, Malformed> {
    let chosen = chosen(node)?;
    let Some(rules) = node.rules.as_ref().filter(|rules| !rules.nodes.is_empty()) else {
        return Ok(asked(node, chosen));
    };
    let within = |wrong: Malformed| wrong.under("rules");
    on(node, rules, chosen).map_err(within)
}

/// The rules within. What is said of each item narrows down which are looked at all together.
fn on(node: &Node, rules: &Nodes, chosen: Condition) -> Result<Condition, Malformed> {
    let parts = logic::of(rules)?.into_conjuncts();
    let is_of_all = |part: &Logic| says_of_all(part, rules);
    let (of_all, of_each): (Vec<Logic>, Vec<Logic>) = parts.into_iter().partition(is_of_all);
    let each = meaning(&Logic::All(of_each), rules, &of_line)?;
    let matched = every([chosen, each]);
    if of_all.is_empty() {
        return Ok(asked(node, matched));
    }
    let translate = |inner: &Node| match total(inner) {
        Some(fact) => operator::compare(inner, &folded(Fold::Sum, fact, &matched)),
        None => Ok(asked(node, every([matched.clone(), of_line(inner)?]))),
    };
    let all = meaning(&Logic::All(of_all), rules, &translate)?;
    Ok(match node.name.as_str() {
        // As none has it, none has it in all.
        "order.items.none" => Condition::Not(Box::new(all)),
        "order.items.every" => Condition::all([asked(node, matched), all]),
        _ => all,
    })
}

/// Whether some of it is said of all items together.
fn says_of_all(part: &Logic, rules: &Nodes) -> bool {
    match part {
        Logic::All(parts) | Logic::Any(parts) => parts.iter().any(|part| says_of_all(part, rules)),
        Logic::Node(number) => {
            let node = rules.nodes.get(number);
            node.is_some_and(|node| total(node).is_some())
        }
    }
}

/// Which numbers of the items are added up.
fn total(node: &Node) -> Option<&'static str> {
    match node.name.as_str() {
        "order.items.aggregated_quantity" => Some("line.quantity"),
        "order.items.aggregated_amount" => Some("line.amount"),
        _ => None,
    }
}

/// `product.metadata.aggregated_quantity` and its kin: what all items come to that have the
/// property.
pub(super) fn in_all(node: &Node, fact: &str) -> Result<Condition, Malformed> {
    let property = node.property.as_deref().unwrap_or_default();
    if property.is_empty() {
        return Err(Malformed::at("/property", "is required"));
    }
    let has_it = Condition::Known(Path::from(format!("line.metadata.{property}").as_str()));
    operator::compare(node, &folded(Fold::Sum, fact, &has_it))
}

fn folded(fold: Fold, fact: &str, lines: &Condition) -> Comparison {
    Comparison::counted(Term::Folded {
        fold,
        path: fact.into(),
        lines: Box::new(lines.clone()),
    })
}

/// All of them, without what says nothing.
fn every(parts: impl IntoIterator<Item = Condition>) -> Condition {
    let parts = parts.into_iter();
    Condition::all(parts.filter(|part| *part != Condition::Always))
}

/// What is asked of the items that meet this.
fn asked(node: &Node, matched: Condition) -> Condition {
    let line = Box::new(matched);
    match node.name.as_str() {
        "order.items.every" => Condition::EveryLine(line),
        "order.items.none" => Condition::Not(Box::new(Condition::AnyLine(line))),
        _ => Condition::AnyLine(line),
    }
}

/// Which items: those of `$from`, of these the cheapest or the dearest where that is asked, and of
/// these those of `$is`.
fn chosen(node: &Node) -> Result<Condition, Malformed> {
    let from = node.conditions.get("$from").map(|values| {
        let read = goods::one_of(values);
        read.map_err(|wrong| wrong.under("$from").under("conditions"))
    });
    let from = from.transpose()?.unwrap_or(Condition::Always);
    let mut parts = vec![from.clone()];
    let extreme = match node.name.as_str() {
        "order.items.cheapest" => Some(Fold::Least),
        "order.items.most_expensive" => Some(Fold::Greatest),
        _ => None,
    };
    parts.extend(extreme.map(|fold| Condition::Test {
        left: Term::Fact("line.price".into()),
        op: Op::Equal,
        right: Term::Folded {
            fold,
            path: "line.price".into(),
            lines: Box::new(from),
        },
    }));
    let others = Node {
        conditions: node
            .conditions
            .iter()
            .filter(|(operator, _)| *operator != "$from")
            .map(|(operator, values)| (operator.clone(), values.clone()))
            .collect(),
        ..Node::default()
    };
    if !others.conditions.is_empty() {
        parts.push(operator::each(&others, one_chosen)?);
    }
    Ok(every(parts))
}

/// What one condition on goods says of a line.
pub(super) fn one_chosen(operator: &str, values: &[Json]) -> Result<Condition, Malformed> {
    match operator {
        "$is" | "$in" => goods::one_of(values),
        "$is_not" | "$not_in" => Ok(Condition::Not(Box::new(goods::one_of(values)?))),
        other => Err(operator::unknown(other)),
    }
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

/// What is called a product, SKU or collection here.
pub(super) fn goods_of(value: &Json) -> Result<ApplicableTo, Malformed> {
    if let Some(id) = value.as_str() {
        return Ok(ApplicableTo {
            id: Some(id.to_owned()),
            ..ApplicableTo::default()
        });
    }
    serde_json::from_value(value.clone()).map_err(|_| {
        let detail = "must be a product, SKU or collection: an id, or an object with one";
        Malformed::at("", detail)
    })
}
