//! The request, the record, and what lies between.

use std::collections::{BTreeMap, BTreeSet};

use measurement::Arm;
use offers::{Asking, CampaignId, Minor, OfferId, Order, Ppm, Refusal, Timestamp};
use profiles::{Consent, CustomerId};
use rules::{Facts, Path};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DecisionId(pub u64);

/// The number of one frozen configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SnapshotId(pub u64);

/// All that a decision may read beside the snapshot. It is written down whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub id: DecisionId,
    pub customer: CustomerId,
    pub consent: Consent,
    /// Profile facts (only what consent allows), order facts and context facts, of which none need
    /// be here but those the [snapshot reads](crate::Snapshot::reads).
    pub facts: Facts,
    pub order: Option<Order>,
    /// Offers granted to this customer before, newest last.
    pub grants: Vec<Grant>,
    pub remaining: Remaining,
    pub now: Timestamp,
    /// One number below 1 000 000, from the decision's id and a secret.
    pub draw: Ppm,
}

impl Request {
    /// Who asks, and when, as offers want to know it.
    pub(crate) fn asking(&self) -> Asking {
        Asking {
            customer: Some(self.customer.0),
            now: self.now,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub offer: OfferId,
    pub at: Timestamp,
    pub until: Timestamp,
    pub state: GrantState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GrantState {
    Open,
    Redeemed,
    Lapsed,
}

/// What budgets and caps still hold, read from the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remaining {
    /// Money left, for campaigns that have a budget.
    pub budgets: BTreeMap<CampaignId, Minor>,
    /// Campaigns of which some cap has nothing left for this customer now.
    pub spent: BTreeSet<CampaignId>,
}

/// The guardrails that look. Those that count are account limits in the ledger.
///
/// Each looks at the request's order with the one offer applied. Without an order the margin and
/// reduced lines bar nothing, for there is nothing yet to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Guardrail {
    /// What is left of the order after the offer and the cost of goods, as a share of what is paid
    /// for the goods. Where a line does not tell its cost, the offer is barred as `FactUnknown`.
    MarginAtLeast(Ppm),
    /// The offer's discount as a share of the list price of what it touches; without an order, the
    /// rate that a percentage names, and nothing of other benefits.
    DepthAtMost(Ppm),
    /// Not where a line in scope is already reduced.
    NotOnDiscounted,
    /// No offer within so many days of the last one.
    QuietDays(u16),
    /// No rule may read this fact, nor what lies under it: refused when compiled.
    NeverReads(Path),
}

/// What turns allowed candidates into scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Policy {
    /// The first allowed of the list.
    Ranked(Vec<OfferId>),
    /// Rising strength: the next rung only after the last one lapsed, never skipping one that is
    /// not allowed; none while one is open, and none ever again after a redemption.
    Ladder(Vec<OfferId>),
    /// Thompson sampling over evidence; propensities logged. Shares are those of all live arms;
    /// where some are not allowed, what the others have above the floor keeps its proportion.
    Bandit {
        arms: Vec<(OfferId, learning::Evidence)>,
        floor: Ppm,
    },
}

/// The record of one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub id: DecisionId,
    pub snapshot: SnapshotId,
    pub arm: Arm,
    pub draw: Ppm,
    /// The fate of every candidate whose rule the index could not rule out, in order of offer id.
    pub considered: Vec<(OfferId, Fate)>,
    /// How many live candidates the index ruled out; `trace` names each with the test it failed.
    pub unmatched: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    Chosen {
        propensity: Ppm,
    },
    /// Allowed, and not given. What the policy does not name scores 0 with propensity 0.
    Passed {
        score_micros: i64,
        propensity: Ppm,
    },
    /// Would have been chosen, but the customer is in the holdout.
    Withheld {
        propensity: Ppm,
    },
    Barred(Bar),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bar {
    NoConsent,
    Refused(Refusal),
    Guardrail(Guardrail),
    Exhausted,
}
