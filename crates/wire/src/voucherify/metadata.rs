//! What can a condition read of metadata? Flags, whole numbers, texts and lists of them.

use std::collections::BTreeMap;

use rules::{Telling, Value};

/// Whatever a shop wants to keep with a thing.
pub type Metadata = BTreeMap<String, serde_json::Value>;

/// Nested objects are read so deep.
const MAX_DEPTH: u8 = 4;

/// Tells a fact for every member that has a value a fact can have, under the prefix (`context.`)
/// and its key. A fraction has none: it stays unknown rather than rounded.
pub fn metadata_facts(prefix: &str, metadata: &Metadata, telling: &mut Telling<'_>) {
    if telling.reads().wants_under(prefix) {
        let mut path = prefix.to_owned();
        for (key, value) in metadata {
            tell(&mut path, (key, value), MAX_DEPTH, telling);
        }
    }
}

/// Tells one member; `above` is where it stands, and is left as it was.
fn tell(
    above: &mut String,
    (key, value): (&str, &serde_json::Value),
    depth: u8,
    telling: &mut Telling<'_>,
) {
    let length = above.len();
    above.push_str(key);
    if let serde_json::Value::Object(members) = value {
        above.push('.');
        for (key, value) in members.iter().filter(|_| depth > 1) {
            tell(above, (key, value), depth - 1, telling);
        }
    } else {
        telling.find(above, || fact(value));
    }
    above.truncate(length);
}

/// The value a condition can read, where it is one.
pub(super) fn fact(value: &serde_json::Value) -> Option<Value> {
    match value {
        serde_json::Value::Bool(flag) => Some(Value::Bool(*flag)),
        serde_json::Value::Number(number) => number.as_i64().map(Value::Int),
        serde_json::Value::String(text) => Some(Value::Text(text.as_str().into())),
        serde_json::Value::Array(items) => items
            .iter()
            .map(scalar)
            .collect::<Option<Vec<_>>>()
            .map(Value::List),
        serde_json::Value::Null | serde_json::Value::Object(_) => None,
    }
}

fn scalar(value: &serde_json::Value) -> Option<Value> {
    if value.is_array() { None } else { fact(value) }
}
