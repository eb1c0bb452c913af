//! Who is given which code? Publications: one code, or some of a campaign's, for one customer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CustomerInput, CustomerView, Metadata, VoucherView, lenient};
use crate::time::{self, Timestamp};

/// Codes that one publication gives at most.
pub const MAX_PUBLISHED: u64 = 50;

/// Gives a customer one code, by its name, or codes of a campaign: one of the two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PublicationCreate {
    #[schema(value_type = Option<String>)]
    pub voucher: Option<Meant>,
    #[schema(value_type = Option<MeantCampaign>)]
    pub campaign: Option<Meant>,
    pub customer: Option<CustomerInput>,
    /// The shop's own name of it: the same name is answered the same.
    #[serde(deserialize_with = "lenient::name")]
    pub source_id: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    pub channel: Option<String>,
}

/// A thing by its name alone, or as an object that names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Meant {
    Named(String),
    Told(MeantCampaign),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct MeantCampaign {
    pub id: Option<String>,
    pub name: Option<String>,
    pub code: Option<String>,
    /// How many codes; one where it is not said.
    #[serde(deserialize_with = "lenient::count")]
    pub count: Option<u64>,
}

impl Meant {
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::Told(told) => {
                let named = told.id.as_deref().or(told.name.as_deref());
                named.or(told.code.as_deref())
            }
        }
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        match self {
            Self::Named(_) => 1,
            Self::Told(told) => told.count.unwrap_or(1),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PublicationResult {
    Success,
    Failure,
}

/// A publication in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PublicationView {
    pub id: String,
    pub object: &'static str,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    pub customer_id: Option<String>,
    pub tracking_id: Option<String>,
    #[schema(value_type = Object)]
    pub metadata: Metadata,
    pub channel: String,
    pub source_id: Option<String>,
    pub result: PublicationResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerView>,
    pub vouchers_id: Vec<String>,
    /// Where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voucher: Option<VoucherView>,
    /// The codes where they are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vouchers: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_message: Option<String>,
}
