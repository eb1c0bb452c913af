//! What did the customer allow, and so what may be stored of an event?

use serde::{Deserialize, Serialize};

use crate::{Activity, Kind, Timestamp};

/// What a customer can allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Purpose {
    PersonaliseOffers,
    Measure,
}

/// What was said about one purpose, and when. Never asked is not a yes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Choice {
    #[default]
    Unasked,
    Granted {
        at: Timestamp,
    },
    Denied {
        at: Timestamp,
    },
}

impl Choice {
    #[must_use]
    pub fn is_granted(self) -> bool {
        matches!(self, Self::Granted { .. })
    }

    /// The latest statement wins, since people change their minds in both directions;
    /// of two statements at one instant the denial wins.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        if self.rank() >= other.rank() {
            self
        } else {
            other
        }
    }

    fn rank(self) -> (Timestamp, u8) {
        match self {
            Self::Unasked => (Timestamp::MIN, 0),
            Self::Granted { at } => (at, 1),
            Self::Denied { at } => (at, 2),
        }
    }
}

/// The customer's choice for each purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    pub personalise_offers: Choice,
    pub measure: Choice,
}

impl Consent {
    /// Everything granted at one instant.
    #[must_use]
    pub fn granted(at: Timestamp) -> Self {
        let choice = Choice::Granted { at };
        Self {
            personalise_offers: choice,
            measure: choice,
        }
    }

    /// Everything denied at one instant.
    #[must_use]
    pub fn denied(at: Timestamp) -> Self {
        let choice = Choice::Denied { at };
        Self {
            personalise_offers: choice,
            measure: choice,
        }
    }

    #[must_use]
    pub fn choice(self, purpose: Purpose) -> Choice {
        match purpose {
            Purpose::PersonaliseOffers => self.personalise_offers,
            Purpose::Measure => self.measure,
        }
    }

    #[must_use]
    pub fn allows(self, purpose: Purpose) -> bool {
        self.choice(purpose).is_granted()
    }

    /// Both people's statements as one person's, purpose by purpose; see [`Choice::merge`].
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            personalise_offers: self.personalise_offers.merge(other.personalise_offers),
            measure: self.measure.merge(other.measure),
        }
    }
}

/// What may be stored of one event. What is in neither field leaves no byte.
///
/// The accounting of an order that was paid with an offer rests on no consent and is kept
/// elsewhere; it never becomes a feature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// It may be added to the customer's [`crate::Tallies`].
    pub features: bool,
    /// It may be kept as an exposure or an outcome of an experiment.
    pub outcome: bool,
}

/// Events that need a purpose of their own which nobody can grant yet: what was searched for,
/// and where the customer was.
const WITHHELD: [&str; 2] = ["products_searched", "zone_entered"];

/// What may be stored of this event under this consent.
#[must_use]
pub fn admit(consent: Consent, activity: &Activity) -> Admission {
    Admission {
        features: consent.allows(Purpose::PersonaliseOffers) && !is_withheld(&activity.kind),
        outcome: consent.allows(Purpose::Measure) && is_outcome(&activity.kind),
    }
}

fn is_withheld(kind: &Kind) -> bool {
    WITHHELD.contains(&kind.slug().as_ref())
}

fn is_outcome(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::OrderCompleted(_) | Kind::OrderRefunded { .. } | Kind::OfferExposed
    )
}

#[cfg(test)]
mod tests;
