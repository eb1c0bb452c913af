//! How do we say no in our own words? RFC 9457 problem details.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A path that the server itself serves as a page.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// A sentence a person can act on; never personal data.
    pub detail: String,
    /// Stable snake_case code.
    pub code: String,
    /// The places in the request that do not fit.
    pub errors: Vec<Place>,
    pub request_id: String,
}

/// One place in the request that does not fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// JSON Pointer (RFC 6901).
    pub pointer: String,
    pub detail: String,
}

impl Problem {
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
