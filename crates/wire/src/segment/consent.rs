//! What does an event say of consent? Stricter than Segment: what is absent is no purpose.

use std::{borrow::Cow, collections::HashMap};

use profiles::{Choice, Consent, Timestamp};
use serde::Deserialize;

/// The event that changes what is stored of a customer's consent.
pub const CONSENT_UPDATED: &str = "Segment Consent Preference Updated";

/// The category names that mean our purposes.
const PERSONALISE_OFFERS: &str = "personalise_offers";
const MEASURE: &str = "measure";

/// What a consent object says of our purposes; a category it does not name is a no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConsentSaid {
    pub personalise_offers: bool,
    pub measure: bool,
}

impl ConsentSaid {
    /// As a statement made at `at`.
    #[must_use]
    pub fn at(self, at: Timestamp) -> Consent {
        let choice = |granted: bool| {
            if granted {
                Choice::Granted { at }
            } else {
                Choice::Denied { at }
            }
        };
        Consent {
            personalise_offers: choice(self.personalise_offers),
            measure: choice(self.measure),
        }
    }
}

/// The part of an event's `context` that we read.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Context<'a> {
    #[serde(borrow)]
    consent: Option<ConsentObject<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConsentObject<'a> {
    #[serde(borrow)]
    category_preferences: Option<HashMap<Cow<'a, str>, bool>>,
}

impl Context<'_> {
    /// `None` where it says nothing.
    pub(super) fn said(&self) -> Option<ConsentSaid> {
        let object = self.consent.as_ref()?;
        let granted = |category: &str| {
            let preferences = object.category_preferences.as_ref();
            preferences
                .and_then(|all| all.get(category))
                .copied()
                .unwrap_or(false)
        };
        Some(ConsentSaid {
            personalise_offers: granted(PERSONALISE_OFFERS),
            measure: granted(MEASURE),
        })
    }
}
