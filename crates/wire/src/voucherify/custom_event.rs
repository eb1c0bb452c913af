//! What does a shop's server say that happened? A custom event of a customer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CustomerInput, CustomerRef, Metadata};
use crate::Malformed;

/// The longest name of an event.
const MAX_NAME: usize = 300;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CustomEventInput {
    /// Its name.
    pub event: Option<String>,
    pub customer: Option<CustomerInput>,
    pub referral: Option<EventReferral>,
    pub loyalty: Option<EventLoyalty>,
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
}

/// By which code the customer was referred.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct EventReferral {
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referrer_id: Option<String>,
}

/// Which card is to earn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct EventLoyalty {
    pub code: Option<String>,
}

impl CustomEventInput {
    /// Its name and its customer.
    ///
    /// # Errors
    /// When one is missing, or the name is too long.
    pub fn checked(&self) -> Result<(&str, &CustomerInput), Malformed> {
        let name = self.event.as_deref().map(str::trim).unwrap_or_default();
        if name.is_empty() {
            return Err(Malformed::at("/event", "is required"));
        }
        if name.chars().count() > MAX_NAME {
            let detail = format!("longer than {MAX_NAME} characters");
            return Err(Malformed::at("/event", detail));
        }
        let customer = self.customer.as_ref();
        let customer = customer.filter(|customer| customer.key().is_some());
        let customer = customer.ok_or_else(|| {
            let detail = "is required: name the customer by id or source_id";
            Malformed::at("/customer", detail)
        })?;
        Ok((name, customer))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CustomEventView {
    pub object: &'static str,
    #[serde(rename = "type")]
    pub kind: String,
    pub customer: CustomerRef,
    pub referral: Option<EventReferral>,
    pub loyalty: Option<EventLoyalty>,
}
