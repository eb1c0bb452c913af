//! Under which names can a condition read the tallies, and what does each tell?

use rules::{Facts, Value};

use super::{DAY, HOUR, Span, Stage, Tallies, bucket, last::slug, windows::Lookback};
use crate::{Minor, Name, Timestamp};

/// Tastes told one by one, strongest first.
const TOLD_TASTES: usize = 5;

const PPM: u128 = 1_000_000;

/// The type of a fact's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactType {
    Bool,
    Int,
    Text,
    Time,
    /// A list of texts.
    Texts,
}

/// One fact that tallies can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    pub path: &'static str,
    pub fact_type: FactType,
    pub says: &'static str,
}

const fn row(path: &'static str, fact_type: FactType, says: &'static str) -> Feature {
    Feature {
        path,
        fact_type,
        says,
    }
}

/// Every fact told under a fixed name. Days are differences of UTC calendar days; money is in
/// minor units; shares are in ppm. Lookbacks include the stretch of now: see the windows.
pub const FEATURES: &[Feature] = &[
    row(
        "customer.stage",
        FactType::Text,
        "Where in life: never_bought, new, active, cooling (45 days since the last order), lapsing (60), lapsed (90), dormant (365).",
    ),
    row(
        "customer.orders",
        FactType::Int,
        "Orders in all: frequency.",
    ),
    row(
        "customer.orders_1h",
        FactType::Int,
        "Orders in the last hour.",
    ),
    row(
        "customer.orders_1d",
        FactType::Int,
        "Orders in the last 24 hours.",
    ),
    row(
        "customer.orders_7d",
        FactType::Int,
        "Orders in the last 7 days.",
    ),
    row(
        "customer.orders_30d",
        FactType::Int,
        "Orders in the last 30 days.",
    ),
    row(
        "customer.orders_365d",
        FactType::Int,
        "Orders in the last 365 days.",
    ),
];

/// Facts told under names that depend on the shop's own, and what the values are.
pub const OPEN_PREFIXES: &[Feature] = &[row(
    "customer.affinity.category.",
    FactType::Int,
    "Share of the category in all recent interest, ppm.",
)];

impl Tallies {
    /// Tells everything that follows from the tallies at this moment. What cannot be known, such
    /// as the recency of somebody who never bought, is absent.
    pub fn facts(&self, now: Timestamp, facts: &mut Facts) {
        let _ = (now, facts);
    }
}
