//! What is a thing after a change? What is absent stays, `null` clears, and metadata is merged
//! member by member.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{Malformed, parse};

/// The members that were sent, not read yet.
pub type Sent = Map<String, Value>;

/// Merged by their members rather than as a whole.
const BY_MEMBER: &str = "metadata";

/// `before` with what was sent.
///
/// # Errors
/// The first member that does not fit.
pub fn merge<T: Serialize + DeserializeOwned>(before: &T, sent: &Sent) -> Result<T, Malformed> {
    let wrong = |error: serde_json::Error| Malformed::at("", error.to_string());
    let mut merged = serde_json::to_value(before).map_err(wrong)?;
    if let Some(members) = merged.as_object_mut() {
        for (name, value) in sent {
            lay_over(members, name, value);
        }
    }
    // Written down and read as a body is, so that a refusal names the place.
    parse(&serde_json::to_vec(&merged).map_err(wrong)?)
}

fn lay_over(members: &mut Sent, name: &str, value: &Value) {
    match (members.get_mut(name), value) {
        (Some(Value::Object(known)), Value::Object(more)) if name == BY_MEMBER => {
            known.extend(more.clone());
        }
        _ => {
            members.insert(name.to_owned(), value.clone());
        }
    }
}
