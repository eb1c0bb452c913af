//! What can a condition read of metadata? Flags, whole numbers, texts and lists of them.

use std::collections::BTreeMap;

use rules::{Facts, Value};

/// Whatever a shop wants to keep with a thing.
pub type Metadata = BTreeMap<String, serde_json::Value>;

/// Nested objects are read so deep.
const MAX_DEPTH: u8 = 4;

/// Sets a fact `prefix.key` for every member that has a value a fact can have. A fraction has
/// none: it stays unknown rather than rounded.
pub fn metadata_facts(prefix: &str, metadata: &Metadata, facts: &mut Facts) {
    for (key, value) in metadata {
        set(&format!("{prefix}.{key}"), value, MAX_DEPTH, facts);
    }
}

fn set(path: &str, value: &serde_json::Value, depth: u8, facts: &mut Facts) {
    let serde_json::Value::Object(members) = value else {
        if let Some(value) = fact(value) {
            facts.set(path, value);
        }
        return;
    };
    for (key, value) in members {
        if depth > 1 {
            set(&format!("{path}.{key}"), value, depth - 1, facts);
        }
    }
}

fn fact(value: &serde_json::Value) -> Option<Value> {
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
