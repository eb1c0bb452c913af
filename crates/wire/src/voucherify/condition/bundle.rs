//! Which goods must be in an order together? A rule's bundle.

use std::collections::BTreeMap;

use offers::{Bundle, GoodsKind, MAX_PARTS, Part};
use serde_json::{Map, Value as Json};

use super::{
    super::{ApplicableTo, Node},
    goods, items,
};
use crate::Malformed;

/// Sets that count, at most.
const MAX_SETS: u64 = 100;
/// Units of one part.
const MAX_UNITS: u64 = 10_000;

/// `{"1": part, "2": part, "logic": "1 and 2", "limit": 3}`: each part names goods and how many.
pub(super) fn read(value: &Json) -> Result<Bundle, Malformed> {
    let wrong = || Malformed::at("", "must be numbered parts");
    let Json::Object(members) = value else {
        return Err(wrong());
    };
    let most = limit(members)?;
    let mut parts = BTreeMap::new();
    for (number, node) in members {
        if matches!(number.as_str(), "logic" | "limit" | "type") {
            continue;
        }
        let node: Result<Node, _> = serde_json::from_value(node.clone());
        let part = node.map_err(|error| Malformed::at("", error.to_string()));
        let part = part.and_then(|node| read_part(&node));
        parts.insert(number, part.map_err(|wrong| wrong.under(number))?);
    }
    if parts.is_empty() {
        return Err(wrong());
    }
    if parts.len() > MAX_PARTS {
        return Err(Malformed::at("", format!("more than {MAX_PARTS} parts")));
    }
    all_of(members)?;
    let mut parts: Vec<Part> = parts.into_values().collect();
    parts.sort_by_key(|part| part.kind);
    Ok(Bundle { parts, most })
}

fn limit(members: &Map<String, Json>) -> Result<u32, Malformed> {
    let limit = match members.get("limit") {
        None | Some(Json::Null) => Some(1),
        Some(limit) => limit
            .as_u64()
            .filter(|limit| (1..=MAX_SETS).contains(limit)),
    };
    let limit = limit.and_then(|limit| u32::try_from(limit).ok());
    let detail = format!("must be a whole number from 1 to {MAX_SETS}");
    limit.ok_or_else(|| Malformed::at("/limit", detail))
}

/// A set is all of its parts.
fn all_of(members: &Map<String, Json>) -> Result<(), Malformed> {
    let logic = members.get("logic").and_then(Json::as_str);
    let mut words = logic.unwrap_or_default().split_whitespace();
    match words.any(|word| word.eq_ignore_ascii_case("or")) {
        true => Err(Malformed::at(
            "/logic",
            "a bundle is all of its parts: no or",
        )),
        false => Ok(()),
    }
}

fn read_part(node: &Node) -> Result<Part, Malformed> {
    let goods = match node.conditions.get("$is").map(Vec::as_slice) {
        Some([one]) => items::goods_of(one),
        _ => Err(Malformed::at("", "must be one product, SKU or collection")),
    };
    let within = |wrong: Malformed| wrong.under("$is").under("conditions");
    let goods = goods.map_err(within)?;
    Ok(Part {
        kind: kind(&goods),
        name: name(&goods).map_err(within)?.into(),
        of: goods::matched(&goods).map_err(within)?,
        units: units(node)?,
    })
}

fn kind(goods: &ApplicableTo) -> GoodsKind {
    match goods.object.as_deref() {
        Some("sku") => GoodsKind::Sku,
        Some("products_collection") => GoodsKind::Collection,
        _ => GoodsKind::Product,
    }
}

fn name(goods: &ApplicableTo) -> Result<&str, Malformed> {
    let name = goods.id.as_deref().or(goods.source_id.as_deref());
    name.ok_or_else(|| Malformed::at("/id", "is required"))
}

/// One unit where nothing is said.
fn units(node: &Node) -> Result<u32, Malformed> {
    let Some(rules) = node.rules.as_ref().filter(|rules| !rules.nodes.is_empty()) else {
        return Ok(1);
    };
    let mut nodes = rules.nodes.iter();
    let (Some((number, inner)), None) = (nodes.next(), nodes.next()) else {
        return Err(Malformed::at("/rules", "one rule at most: how many units"));
    };
    let within = |wrong: Malformed| wrong.under(number).under("rules");
    if inner.name != "order.items.aggregated_quantity" {
        let detail = "must be order.items.aggregated_quantity";
        return Err(within(Malformed::at("/name", detail)));
    }
    let value = inner
        .conditions
        .get("$is")
        .and_then(|values| values.first());
    let units = value
        .and_then(Json::as_u64)
        .filter(|units| (1..=MAX_UNITS).contains(units));
    let units = units.and_then(|units| u32::try_from(units).ok());
    let detail = format!("must be a whole number from 1 to {MAX_UNITS}");
    units.ok_or_else(|| within(Malformed::at("/conditions/$is/0", detail)))
}
