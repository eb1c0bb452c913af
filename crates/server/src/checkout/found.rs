//! What does a redeemable stand for, and what is left of its limits?

use ledger::{Minor, Transfer};
use offers::{Campaign, Offer, Redeemable, UnitsLeft, Voucher, chart::Counter};
use rules::Facts;
use wire::voucherify::RedeemableInput;

use super::CardUse;
use super::grouping::Group;
use crate::{configuration::Stored, referring::Referral, vouchers::Issued};

/// One redeemable as it was put forward.
pub struct Offered {
    pub input: RedeemableInput,
    /// `None` where there is none.
    pub found: Option<Found>,
}

/// What a redeemable stands for, and what is left of its limits.
pub struct Found {
    pub redeemable: Redeemable,
    pub campaign: Campaign,
    pub offer: Offer,
    pub voucher: Option<Voucher>,
    /// The category in which it is stacked.
    pub group: Option<Group>,
    /// What is told of it alone, as far as anybody reads it.
    pub own: Facts,
    /// The voucher's record and version.
    pub issued: Option<(Stored<Issued>, u64)>,
    /// What stands between the customer and a code that refers others.
    pub referral: Option<Referral>,
    /// The decision whose grant is used.
    pub decision: Option<u64>,
    /// What is held for it already, and is posted first.
    pub held: Vec<Transfer>,
    pub limits: Vec<Left>,
    /// What is left of its caps on units of products, as far as the order has such.
    pub units: Vec<UnitsLeft>,
    /// Others hold of those, and what is left may be too little for the order.
    pub lacks_units: bool,
    /// What may be taken off a gift card, as far as it was asked for.
    pub credit: Option<Minor>,
    pub balance: Minor,
    /// Where it is a loyalty card.
    pub card: Option<CardUse>,
    /// Somebody holds of its limits.
    pub others_hold: bool,
}

impl Found {
    /// Tells its rules how many points it costs.
    pub fn tell_points(&mut self, points: Minor) {
        let points = i64::try_from(points).unwrap_or(i64::MAX);
        self.own.set("redemption.points", points);
    }
}

/// A limit and what is left of it, own holds that will be let go included; of a limit on what
/// orders cost, the most that this one may.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    pub counter: Counter,
    pub left: Minor,
}
