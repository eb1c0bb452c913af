//! What can a condition read of metadata? Flags, numbers, texts and lists of them.

use std::collections::BTreeMap;

use rules::{Telling, Value};

use super::{
    Unread,
    unread::{Lying, Made},
};

/// Whatever a shop wants to keep with a thing.
pub type Metadata = BTreeMap<String, serde_json::Value>;

/// Nested objects are read so deep.
const MAX_DEPTH: u8 = 4;

/// Tells a fact for every member that has a value a fact can have, under the prefix (`context.`)
/// and its key. A number of more digits than are kept exactly has none: it stays unknown rather
/// than rounded.
pub fn metadata_facts(prefix: &str, metadata: &Metadata, telling: &mut Telling<'_>) {
    if telling.reads().wants_under(prefix) {
        unread_facts(prefix, &metadata.into(), telling);
    }
}

/// The same of metadata that was not read yet, and is not where nobody reads of it.
pub fn unread_facts(prefix: &str, metadata: &Unread, telling: &mut Telling<'_>) {
    if telling.reads().wants_under(prefix) {
        let mut path = prefix.to_owned();
        for member in metadata.members() {
            tell(&mut path, member, MAX_DEPTH, telling);
        }
    }
}

/// Tells one member; `above` is where it stands, and is left as it was.
fn tell(above: &mut String, (key, value): (&str, Lying<'_>), depth: u8, telling: &mut Telling<'_>) {
    let length = above.len();
    above.push_str(key);
    if let Some(members) = value.members() {
        above.push('.');
        for member in members.into_iter().filter(|_| depth > 1) {
            tell(above, member, depth - 1, telling);
        }
    } else {
        telling.find(above, || fact(value));
    }
    above.truncate(length);
}

/// The value a condition can read, where it is one.
pub(super) fn fact(value: Lying<'_>) -> Option<Value> {
    match value.made() {
        Made::Flag(flag) => Some(Value::Bool(flag)),
        Made::Negative(number) => Some(Value::Int(number)),
        Made::Whole(number) => i64::try_from(number).ok().map(Value::Int),
        Made::Text(text) => Some(Value::Text(text.into())),
        Made::List(items) => {
            let items: Option<Vec<_>> = items.into_iter().map(scalar).collect();
            items.map(Value::List)
        }
        Made::Fraction(number) => Value::number(&format!("{number:e}")),
        Made::Null | Made::Object(_) => None,
    }
}

fn scalar(value: Lying<'_>) -> Option<Value> {
    fact(value).filter(|value| !matches!(value, Value::List(_)))
}
