//! Which validation rules would read something that is about to be removed?

use serde_json::Value;
use store::Kind;
use wire::ids::{self, Tag};

use crate::{
    api::resources::{At, scan_records},
    configuration::read,
    problem::Refused,
};

/// The validation rules in which this id stands, wherever it stands.
///
/// # Errors
/// When the store cannot be read.
pub async fn naming(at: At<'_>, id: &str) -> Result<Vec<String>, Refused> {
    scan_records(at, Kind::ValidationRule, |record| {
        let rule: Value = read(&record.body)?;
        let name = ids::format(Tag::ValidationRule, record.id);
        Ok(is_named(&rule, id).then_some(name))
    })
    .await
}

/// Within a text, too: an expression is one. No id is the beginning of another.
fn is_named(value: &Value, id: &str) -> bool {
    match value {
        Value::String(text) => text.contains(id),
        Value::Array(items) => items.iter().any(|item| is_named(item, id)),
        Value::Object(members) => members.values().any(|value| is_named(value, id)),
        _ => false,
    }
}
