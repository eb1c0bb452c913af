//! What is kept of a customer, beside what was seen through each identifier?

use decision::Grant;
use ledger::Timestamp;
use measurement::Arm;
use offers::VoucherId;
use profiles::{CustomerId, Node};
use rules::Facts;
use serde::{Deserialize, Serialize};

use crate::versioned::Versioned;

/// Older grants than these are forgotten by decisions; the records stay.
pub const MAX_GRANTS: usize = 32;

/// Identifiers of one customer. Whoever has more is no person but a kiosk, a test or an attack, and
/// everything done for a customer costs in proportion to them.
pub const MAX_IDENTIFIERS: usize = 50;

/// What is kept of a customer beside what was seen through each identifier.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Person {
    pub id: CustomerId,
    /// Set when somebody turned out to be somebody else: read that one instead.
    pub merged_into: Option<CustomerId>,
    /// Ids this customer had before joining; vouchers held under them are still theirs.
    pub former: Vec<CustomerId>,
    /// Of the identifiers the nodes stand for, in the same order: what erasing must unlink.
    pub pseudonyms: Vec<[u8; 16]>,
    pub has_user: bool,
    /// The shop's own id, where the shop registered the customer.
    pub source_id: Option<String>,
    /// What the shop says of them: `customer.trait.*`, `customer.metadata.*`.
    pub traits: Facts,
    /// The members of the customer's object that only the protocol knows, as JSON.
    pub extra: String,
    /// Newest last, at most [`MAX_GRANTS`].
    pub grants: Vec<Granted>,
    pub enrolled: Option<Enrolment>,
    /// Was in two arms, or took back the consent to be measured: counts in no arm any more.
    pub excluded: bool,
    pub created_at: Timestamp,
    pub updated_at: Option<Timestamp>,
}

impl Versioned for Person {
    const NAME: &'static str = "customer";
    /// 2 leaves out the numbers of the nodes; 3 knows fractions.
    const SHAPE: u8 = 3;
    const OLDEST: u8 = 2;
}

/// What was seen of a customer through each of their identifiers, in the order of
/// [`Person::pseudonyms`]. It has the customer's number, so one question finds both; it is a
/// record of its own, so that what is seen and what is decided do not wait for each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nodes(pub Vec<Node>);

impl Versioned for Nodes {
    const NAME: &'static str = "what is known of a customer";
}

/// A grant with the code that carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    pub grant: Grant,
    pub voucher: VoucherId,
    pub decision: u64,
    /// When the customer was first shown it, where the shop told and the customer let us measure.
    pub shown_at: Option<Timestamp>,
}

/// When the customer's outcomes began to count, and in which arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    pub arm: Arm,
    pub at: Timestamp,
    pub unit: Unit,
}

/// What the outcomes of an enrolled customer are counted under, whoever they are joined to: the
/// number of the decision that enrolled them. Numbers of one moment are near one another, and so
/// stand together where they are kept; a customer's may be of any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit(pub u64);

impl Person {
    pub fn push_grant(&mut self, granted: Granted) {
        if self.grants.len() >= MAX_GRANTS {
            self.grants.remove(0);
        }
        self.grants.push(granted);
    }

    /// Whether a thing held by `holder` is this customer's.
    #[must_use]
    pub fn answers_to(&self, holder: u64) -> bool {
        self.id.0 == holder || self.former.iter().any(|former| former.0 == holder)
    }
}
