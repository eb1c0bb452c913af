//! How is a body written as a query? The oldest browser clients ask by GET: members in brackets,
//! or whole objects as JSON.

use serde_json::{Map, Value};

use crate::Malformed;

/// Members within members, at most.
const MAX_DEPTH: usize = 6;
/// What is a number in a body is a text in a query.
const NUMBERS: [&str; 10] = [
    "amount",
    "credits",
    "discount_amount",
    "discount_quantity",
    "initial_amount",
    "initial_quantity",
    "points",
    "price",
    "session_ttl",
    "ttl",
];

/// `order[items][0][quantity]=2` and its like as one object.
///
/// # Errors
/// When a name cannot be read, or stands for two different things.
pub fn nested<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Map<String, Value>, Malformed> {
    let mut whole = Map::new();
    for (name, text) in pairs {
        let wrong = || Malformed::at(format!("/{name}"), "cannot be read as a member");
        let path = path(name).ok_or_else(wrong)?;
        put(&mut whole, &path, text).ok_or_else(wrong)?;
    }
    whole.values_mut().for_each(as_lists);
    Ok(whole)
}

fn path(name: &str) -> Option<Vec<&str>> {
    let Some((first, rest)) = name.split_once('[') else {
        return Some(vec![name]);
    };
    let inner = rest.strip_suffix(']')?.split("][");
    let path: Vec<&str> = std::iter::once(first).chain(inner).collect();
    let is_whole = path
        .iter()
        .all(|step| !step.is_empty() && !step.contains(['[', ']']));
    (is_whole && path.len() <= MAX_DEPTH).then_some(path)
}

fn put(into: &mut Map<String, Value>, path: &[&str], text: &str) -> Option<()> {
    let (name, deeper) = path.split_first()?;
    if deeper.is_empty() {
        return into
            .insert((*name).to_owned(), value(name, text))
            .is_none()
            .then_some(());
    }
    let member = into
        .entry(*name)
        .or_insert_with(|| Value::Object(Map::new()));
    put(member.as_object_mut()?, deeper, text)
}

fn value(name: &str, text: &str) -> Value {
    let number = || text.parse::<u64>().ok().map(Value::from);
    let number = NUMBERS.contains(&name).then(number).flatten();
    let object = || serde_json::from_str(text).ok().filter(Value::is_object);
    number.or_else(object).unwrap_or_else(|| text.into())
}

/// Members that are called 0, 1, 2, … are a list.
fn as_lists(value: &mut Value) {
    let Value::Object(members) = value else {
        return;
    };
    members.values_mut().for_each(as_lists);
    let place = |at: usize| members.get(&at.to_string()).cloned();
    let items: Option<Vec<Value>> = (0..members.len()).map(place).collect();
    if let Some(items) = items.filter(|items| !items.is_empty()) {
        *value = Value::Array(items);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(pairs: &[(&str, &str)], expected: Option<Value>) {
        let read = nested(pairs.iter().copied());
        assert_eq!(read.ok().map(Value::Object), expected, "{pairs:?}");
    }

    #[test]
    fn brackets_are_members_and_numbers_of_them_lists() {
        check(
            &[("code", "TEN"), ("amount", "100")],
            Some(json!({"code": "TEN", "amount": 100})),
        );
        check(
            &[
                ("order[items][0][source_id]", "7"),
                ("order[items][0][quantity]", "2"),
                ("order[items][1][price]", "50"),
                ("customer[source_id]", "12"),
            ],
            Some(json!({
                "order": {"items": [{"source_id": "7", "quantity": "2"}, {"price": 50}]},
                "customer": {"source_id": "12"}
            })),
        );
        check(
            &[("customer", r#"{"source_id":"ann"}"#), ("tracking_id", "7")],
            Some(json!({"customer": {"source_id": "ann"}, "tracking_id": "7"})),
        );
    }

    #[test]
    fn what_cannot_be_a_member_is_refused() {
        check(&[("a[", "1")], None);
        check(&[("a[]", "1")], None);
        check(&[("a[b]c", "1")], None);
        check(&[("a", "1"), ("a[b]", "1")], None);
        check(&[("a", "1"), ("a", "2")], None);
        check(&[("a[b][c][d][e][f][g]", "1")], None);
    }
}
