//! What does a filter mean? Its fields become one condition: of a collection on the facts of a
//! product or a SKU, of a segment on those of a customer.

use rules::Condition;

use super::{
    super::{Filter, Node, RowField},
    dates,
    operator::{self, Comparison},
};
use crate::Malformed;

/// Fields of one filter.
const MAX_FIELDS: usize = 30;

/// What the filter of a collection says of a product or a SKU.
pub(in super::super) fn of_goods(filter: &Filter) -> Result<Condition, Malformed> {
    joined(filter, of_good)
}

/// What the filter of a segment says of a customer.
pub(in super::super) fn of_people(filter: &Filter) -> Result<Condition, Malformed> {
    joined(filter, super::people::field)
}

/// What the filter of a table says of its rows.
pub(in super::super) fn of_rows(
    filter: &Filter,
    field: impl Fn(&str) -> Option<RowField>,
) -> Result<Condition, Malformed> {
    joined(filter, |node| {
        let name = node.name.as_str();
        match field(name) {
            Some(RowField::Moment) => dates::moment(node, name),
            Some(RowField::Value) => operator::compare(node, &Comparison::scalar(name)),
            Some(RowField::Text) => operator::compare(&as_texts(node), &Comparison::scalar(name)),
            None if is_of_metadata(name) => operator::compare(node, &Comparison::scalar(name)),
            None => Err(Malformed::at("", "is no field of these rows")),
        }
    })
}

/// The node, asking for texts: a code may look like a number.
fn as_texts(node: &Node) -> Node {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) => value.to_string().into(),
        other => other.clone(),
    };
    let conditions = node.conditions.iter();
    let conditions = conditions.map(|(operator, values)| {
        let texts = values.iter().map(text).collect();
        (operator.clone(), texts)
    });
    Node {
        conditions: conditions.collect(),
        ..node.clone()
    }
}

fn is_of_metadata(name: &str) -> bool {
    name.len() > "metadata.".len() && name.starts_with("metadata.")
}

/// All its fields, or any of them.
///
/// What is not known of a thing is neither met nor missed, so it brings nothing in.
fn joined(
    filter: &Filter,
    field: impl Fn(&Node) -> Result<Condition, Malformed>,
) -> Result<Condition, Malformed> {
    if filter.fields.is_empty() || filter.fields.len() > MAX_FIELDS {
        let detail = format!("names from 1 to {MAX_FIELDS} fields");
        return Err(Malformed::at("", detail));
    }
    let is_any = match filter.junction.as_deref() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("and") => false,
        Some(word) if word.eq_ignore_ascii_case("or") => true,
        Some(_) => return Err(Malformed::at("/junction", "is and or or")),
    };
    let parts = filter.fields.iter().map(|(name, tests)| {
        let conditions = tests.conditions.iter();
        let node = Node {
            name: name.clone(),
            conditions: conditions
                .map(|(operator, values)| (operator.clone(), values.0.clone()))
                .collect(),
            ..Node::default()
        };
        field(&node).map_err(|wrong| wrong.under(name))
    });
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    Ok(match is_any {
        true => Condition::any(parts),
        false => Condition::all(parts),
    })
}

/// What a SKU is called; told of no product.
const SKUS: &str = "skus";

fn of_good(node: &Node) -> Result<Condition, Malformed> {
    match node.name.as_str() {
        "price" => operator::compare(node, &Comparison::number("price")),
        "attributes" => operator::listed(node, "attributes"),
        "created_at" | "updated_at" => dates::moment(node, &node.name),
        "id" | "source_id" | "name" | "sku" | "product_id" | "image_url" | "currency" => {
            operator::compare(node, &Comparison::scalar(&node.name))
        }
        name if is_of_metadata(name) => operator::compare(node, &Comparison::scalar(name)),
        // A product is no SKU: it is not taken in for being none of these.
        "skus" if node.conditions.contains_key("$is_unknown") => operator::listed(node, SKUS),
        "skus" => Ok(Condition::all([
            Condition::Known(SKUS.into()),
            operator::listed(node, SKUS)?,
        ])),
        _ => Err(Malformed::at("", "is no field of a product or a SKU")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::super::super::Product;
    use super::*;

    fn mug() -> Product {
        Product {
            source_id: Some("mug".into()),
            name: Some("Blue mug".into()),
            price: Some(1_200),
            attributes: vec!["color".into(), "size".into()],
            metadata: [
                ("brand".into(), json!("Acme")),
                ("weight".into(), json!(0.5)),
            ]
            .into(),
            ..Product::default()
        }
    }

    fn translated(filter: &Json) -> Result<Condition, Malformed> {
        serde_json::from_value::<Filter>(filter.clone()).map_or_else(
            |error| Err(Malformed::at("", error.to_string())),
            |filter| filter.condition(),
        )
    }

    #[test]
    fn a_filter_takes_what_it_says() {
        let facts = mug().facts(7, (1_000, None));
        let check = |filter: Json, expected: bool| {
            let condition = translated(&filter).unwrap();
            assert_eq!(condition.evaluate(&facts).is_met(), expected, "{filter}");
        };
        let one = |field: &str, operator: &str, value: Json| {
            let conditions = json!({operator: value});
            json!({field: {"conditions": conditions}})
        };
        check(one("price", "$more_than", json!([1_199])), true);
        check(one("price", "$more_than", json!(1_200)), false);
        check(one("price", "$more_than_equal", json!([1_200])), true);
        check(one("price", "$less_than_equal", json!([1_199])), false);
        check(one("name", "$contains", json!(["mug"])), true);
        check(one("name", "$not_contain", json!(["mug"])), false);
        check(one("name", "$starts_with", json!(["Blue"])), true);
        check(one("id", "$is", json!(["prod_0000000000007"])), true);
        check(one("source_id", "$in", json!(["cup", "mug"])), true);
        check(one("source_id", "$not_in", json!(["cup", "mug"])), false);
        check(one("metadata.brand", "$is", json!(["Acme"])), true);
        check(one("metadata.brand", "$is_not", json!(["Acme"])), false);
        check(one("attributes", "$contains", json!(["size"])), true);
        check(one("attributes", "$is_not", json!(["size"])), false);
        check(one("attributes", "$is_not", json!(["length"])), true);
        check(one("created_at", "$after", json!(["1970-01-01"])), true);
        check(one("created_at", "$before", json!(["1970-01-01"])), false);
        check(one("updated_at", "$is_unknown", json!([])), true);
        check(one("metadata.weight", "$more_than", json!([0])), true);
        check(one("metadata.weight", "$more_than", json!([0.5])), false);
        // What is not known, of another kind of thing too, takes nothing in.
        check(one("metadata.color", "$is_not", json!(["red"])), false);
        check(one("metadata.color", "$is_unknown", json!([])), true);
        check(one("sku", "$is_not", json!(["x"])), false);
    }

    #[test]
    fn fields_are_joined_by_the_junction() {
        let facts = mug().facts(7, (1_000, None));
        let both = |junction: &str| {
            json!({"junction": junction,
                "price": {"conditions": {"$is": [1]}},
                "name": {"conditions": {"$is": ["Blue mug"]}}})
        };
        let is_met = |filter: &Json| translated(filter).unwrap().evaluate(&facts).is_met();
        assert!(is_met(&both("or")));
        assert!(is_met(&both("OR")));
        assert!(!is_met(&both("and")));
    }

    #[test]
    fn what_cannot_be_said_names_its_place() {
        let check = |filter: Json, pointer: &str| {
            let wrong = translated(&filter).unwrap_err();
            assert_eq!(wrong.pointer, pointer, "{filter} {wrong}");
        };
        check(json!({}), "");
        let field = |n: u32| {
            (
                format!("metadata.m{n}"),
                json!({"conditions": {"$is": [1]}}),
            )
        };
        check(Json::Object((0..31).map(field).collect()), "");
        check(
            json!({"junction": "xor", "price": {"conditions": {"$is": [1]}}}),
            "/junction",
        );
        check(json!({"colour": {"conditions": {"$is": [1]}}}), "/colour");
        check(
            json!({"metadata.": {"conditions": {"$is": [1]}}}),
            "/metadata.",
        );
        let counted = json!({"skus": {"conditions": {"$count": [1]}}});
        check(counted, "/skus/conditions/$count");
        check(json!({"price": {}}), "/price/conditions");
        check(
            json!({"price": {"conditions": {"$is": ["1"]}}}),
            "/price/conditions/$is/0",
        );
        check(
            json!({"price": {"conditions": {"$near": [1]}}}),
            "/price/conditions/$near",
        );
        let soon = json!({"created_at": {"conditions": {"$after": ["soon"]}}});
        check(soon, "/created_at/conditions/$after/0");
    }
}
