//! Do the books balance, and does every account equal the sum of its transfers?

use std::collections::BTreeMap;

use ledger::{Account, AccountId, Asset, Balance, Kind, PendingState, Sums, Totals};

use crate::{ProjectId, SavedTransfer};

/// What an audit saw, and everything that was wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    pub accounts: u64,
    pub transfers: u64,
    /// Both sides of all accounts, in minor units of the asset.
    pub totals: BTreeMap<(ProjectId, Asset), Totals>,
    pub findings: Vec<Finding>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Debits do not equal credits.
    Unbalanced { project: ProjectId, asset: Asset },
    /// An account is not the sum of its transfers.
    Differs {
        project: ProjectId,
        kept: Account,
        recomputed: Totals,
    },
    /// A transfer names an account that does not exist.
    AccountMissing { project: ProjectId, id: AccountId },
    PastLimit {
        project: ProjectId,
        account: Account,
    },
}

impl Audit {
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Both sides of all accounts, summed while they are read: as small as there are assets.
#[derive(Default)]
pub(crate) struct Sides {
    totals: BTreeMap<(ProjectId, Asset), Totals>,
}

impl Sides {
    pub(crate) fn account(&mut self, project: ProjectId, account: &Account) {
        let of_asset = self.totals.entry((project, account.asset)).or_default();
        add(&mut of_asset.debits, account.debits);
        add(&mut of_asset.credits, account.credits);
    }

    pub(crate) fn into_totals(self) -> BTreeMap<(ProjectId, Asset), Totals> {
        self.totals
    }

    /// Where debits do not equal credits.
    pub(crate) fn unbalanced(&self) -> Vec<Finding> {
        let totals = self.totals.iter();
        let wrong = totals.filter(|(_, totals)| totals.debits != totals.credits);
        wrong
            .map(|((project, asset), _)| Finding::Unbalanced {
                project: *project,
                asset: *asset,
            })
            .collect()
    }
}

/// Fed every account and every transfer of one moment, in any order.
#[derive(Default)]
pub(crate) struct Auditor {
    sides: Sides,
    kept: BTreeMap<(ProjectId, AccountId), Account>,
    recomputed: BTreeMap<(ProjectId, AccountId), Totals>,
    transfers: u64,
}

impl Auditor {
    pub(crate) fn account(&mut self, project: ProjectId, account: Account) {
        self.sides.account(project, &account);
        self.kept.insert((project, account.id), account);
    }

    pub(crate) fn transfer(&mut self, project: ProjectId, saved: &SavedTransfer) {
        self.transfers += 1;
        let moved = moved_by(saved);
        let transfer = &saved.transfer;
        let debits = &mut self
            .recomputed
            .entry((project, transfer.debit))
            .or_default()
            .debits;
        add(debits, moved);
        let credits = &mut self
            .recomputed
            .entry((project, transfer.credit))
            .or_default()
            .credits;
        add(credits, moved);
    }

    pub(crate) fn finish(mut self) -> Audit {
        let mut audit = Audit {
            accounts: self.kept.len() as u64,
            transfers: self.transfers,
            findings: self.sides.unbalanced(),
            totals: self.sides.totals,
        };
        for ((project, id), account) in &self.kept {
            let recomputed = self.recomputed.remove(&(*project, *id)).unwrap_or_default();
            audit.findings.extend(judge(*project, *account, recomputed));
        }
        let missing = self.recomputed.into_keys();
        audit
            .findings
            .extend(missing.map(|(project, id)| Finding::AccountMissing { project, id }));
        audit
    }
}

/// What one transfer adds to each of its two accounts.
fn moved_by(saved: &SavedTransfer) -> Balance {
    let amount = saved.transfer.amount;
    match (saved.transfer.kind, saved.state) {
        (Kind::Pending { .. }, Some(PendingState::Open)) => Balance {
            pending: amount,
            posted: 0,
        },
        (Kind::Direct | Kind::Post { .. }, _) => Balance {
            pending: 0,
            posted: amount,
        },
        (Kind::Pending { .. } | Kind::Void { .. }, _) => Balance::default(),
    }
}

fn judge(project: ProjectId, kept: Account, recomputed: Totals) -> Vec<Finding> {
    let mut own = Totals::default();
    add(&mut own.debits, kept.debits);
    add(&mut own.credits, kept.credits);
    let differs = own != recomputed;
    let past = !kept.is_within_limit();
    let differs = differs.then_some(Finding::Differs {
        project,
        kept,
        recomputed,
    });
    let past = past.then_some(Finding::PastLimit {
        project,
        account: kept,
    });
    differs.into_iter().chain(past).collect()
}

fn add(sums: &mut Sums, balance: Balance) {
    sums.pending += u128::from(balance.pending);
    sums.posted += u128::from(balance.posted);
}
