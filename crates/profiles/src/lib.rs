//! What do we know of a customer, and what may we use? Events become identity, features, consent.
//!
//! Knows nothing of offers, money owed, policies or storage.
use serde::{Deserialize, Serialize};

pub use rules::Timestamp;

/// A person, as one dense number.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct CustomerId(pub u64);

/// What a customer can allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Purpose {
    PersonaliseOffers,
    Measure,
}

/// What was said about one purpose. Never asked is not a yes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Choice {
    #[default]
    Unasked,
    Granted,
    Denied,
}

/// The customer's choice for each purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    pub personalise_offers: Choice,
    pub measure: Choice,
}

impl Consent {
    #[must_use]
    pub fn allows(self, purpose: Purpose) -> bool {
        let choice = match purpose {
            Purpose::PersonaliseOffers => self.personalise_offers,
            Purpose::Measure => self.measure,
        };
        choice == Choice::Granted
    }
}
