//! Which accounts count what came of a promotion tier? Each process counts on accounts of its own,
//! so that no two of them meet in a row for what has no limit.

use ledger::{AccountId, Opening};

use super::{
    AccountKind, Occasion, Party, Reason,
    counter::{asset, reason},
    empty,
};
use crate::{Campaign, CapUnit, OfferId, Reach};

/// Where one process counts what comes of a tier.
#[derive(Clone, Copy, Debug)]
pub struct TierTally<'a> {
    tier: OfferId,
    campaign: &'a Campaign,
    process: u64,
}

impl<'a> TierTally<'a> {
    #[must_use]
    pub fn new(tier: OfferId, (campaign, occasion): (&'a Campaign, &Occasion)) -> Self {
        Self {
            tier,
            campaign,
            process: occasion.process,
        }
    }

    /// From where and to where it is counted, and for which reason.
    #[must_use]
    pub fn sides(&self, unit: CapUnit) -> (Opening, Opening, Reason) {
        let asset = asset(unit, self.campaign);
        let side = |kind: AccountKind| {
            let id = kind.account(self.tier.0, Party::Number(self.process));
            empty(kind, id, asset)
        };
        let from = side(AccountKind::Allowed(Reach::Code, unit));
        (from, side(tally_of(unit)), reason(unit))
    }
}

/// Where a tier is counted: its uses, what was taken off, and what the orders cost. Of each first
/// the account of whoever has no number yet, then those of the processes in their order.
#[must_use]
pub fn tier_accounts(tier: OfferId, processes: &[u64]) -> Vec<AccountId> {
    let parts = || std::iter::once(0).chain(processes.iter().copied());
    let units = [CapUnit::Uses, CapUnit::Money, CapUnit::Orders].into_iter();
    let of_unit = |unit| {
        let account = move |process| tally_of(unit).account(tier.0, Party::Number(process));
        parts().map(account)
    };
    units.flat_map(of_unit).collect()
}

/// A tier is counted as a code is.
fn tally_of(unit: CapUnit) -> AccountKind {
    AccountKind::Used(Reach::Code, unit)
}
