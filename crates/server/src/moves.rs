//! What moved on a card? The transactions of a gift card or a loyalty card, made from the transfers
//! of its accounts.

mod told;

use std::collections::BTreeMap;

use ledger::{AccountId, Code, Minor, Timestamp};
use offers::{
    VoucherId, VoucherKind,
    chart::{self, Reason},
};
use store::{Page, ProjectId, TransferFilter, View};
use wire::voucherify::TransactionView;

use crate::{configuration::Stored, loyalty, problem::Refused, vouchers::Issued};

/// Transfers that are read at a time.
const STRETCH: u32 = 1_000;

/// All that one chain moved for one reason, one way.
#[derive(Clone, Debug)]
pub struct Line {
    pub chain: u64,
    pub reason: Code,
    /// Onto the card.
    is_in: bool,
    amount: Minor,
    pub at: Timestamp,
    /// What was on the card then.
    balance: Minor,
    /// All that was put on it until then.
    total: Minor,
}

/// What moved on a card, oldest first; nothing where it is none. What is held, or was let go, moved
/// nothing.
///
/// # Errors
/// When the store cannot be read.
pub async fn lines(
    view: &mut View,
    (project, issued): (ProjectId, &Issued),
) -> Result<Vec<Line>, Refused> {
    lines_of(view, (project, issued.voucher.id, issued.voucher.kind)).await
}

/// The same, of a card that may be gone.
///
/// # Errors
/// When the store cannot be read.
pub async fn lines_of(
    view: &mut View,
    (project, card, kind): (ProjectId, VoucherId, VoucherKind),
) -> Result<Vec<Line>, Refused> {
    let accounts = match kind {
        VoucherKind::Discount => Vec::new(),
        VoucherKind::GiftCard { .. } => vec![chart::gift_balance(card)],
        VoucherKind::LoyaltyCard { .. } => {
            let lots = loyalty::lots(view, (project, card)).await?;
            lots.iter().map(|account| account.id).collect()
        }
    };
    let mut lines: BTreeMap<(u64, u16, bool), Line> = BTreeMap::new();
    for account in accounts {
        add_moves(view, account, &mut lines).await?;
    }
    let (mut balance, mut total) = (0_u64, 0_u64);
    let mut lines: Vec<Line> = lines.into_values().collect();
    for line in &mut lines {
        balance = match line.is_in {
            true => balance.saturating_add(line.amount),
            false => balance.saturating_sub(line.amount),
        };
        total = match (line.is_given(), line.is_in) {
            (true, true) => total.saturating_add(line.amount),
            (true, false) => total.saturating_sub(line.amount),
            (false, _) => total,
        };
        (line.balance, line.total) = (balance, total);
    }
    Ok(lines)
}

/// Adds what moved on one account to the lines of the card.
async fn add_moves(
    view: &mut View,
    account: AccountId,
    lines: &mut BTreeMap<(u64, u16, bool), Line>,
) -> Result<(), Refused> {
    let filter = TransferFilter::Account(account);
    let mut after = 0;
    loop {
        let page = Page {
            after,
            limit: STRETCH,
            newest_first: false,
        };
        let found = view.transfers(filter, page).await?;
        for saved in found.iter().filter(|one| one.transfer.has_moved()) {
            let transfer = saved.transfer;
            let is_in = transfer.credit == account;
            let key = (transfer.id.chain, transfer.code.0, is_in);
            let line = lines.entry(key).or_insert(Line {
                chain: transfer.id.chain,
                reason: transfer.code,
                is_in,
                amount: 0,
                at: saved.at,
                balance: 0,
                total: 0,
            });
            line.amount = line.amount.saturating_add(transfer.amount);
        }
        match found.last() {
            Some(last) if found.len() >= STRETCH as usize => after = last.transfer.id.chain,
            _ => return Ok(()),
        }
    }
}

/// Some lines of a card as they are shown, in the same order.
///
/// # Errors
/// When the store cannot be read.
pub async fn rows(
    view: &mut View,
    issued: &Stored<Issued>,
    lines: &[Line],
) -> Result<Vec<TransactionView>, Refused> {
    let told = told::Told::of(view, lines).await?;
    Ok(lines
        .iter()
        .map(|line| told.row(&issued.thing, line))
        .collect())
}

/// How it is called when something moves for a reason, onto a card or off it.
#[must_use]
pub fn kind((reason, is_in): (Code, bool)) -> &'static str {
    match (Reason::of(reason), is_in) {
        (Some(Reason::GiftSpent), true) => "CREDITS_REFUND",
        (Some(Reason::GiftSpent), false) => "CREDITS_REDEMPTION",
        (Some(Reason::GiftLoaded), true) => "CREDITS_ADDITION",
        (Some(Reason::GiftLoaded | Reason::GiftLapsed), _) => "CREDITS_REMOVAL",
        (Some(Reason::PointsEarned), true) => "POINTS_ACCRUAL",
        (Some(Reason::PointsSpent), true) => "POINTS_REFUND",
        (Some(Reason::PointsSpent), false) => "POINTS_REDEMPTION",
        (Some(Reason::PointsLapsed), _) => "POINTS_EXPIRATION",
        (_, true) => "POINTS_ADDITION",
        (_, false) => "POINTS_REMOVAL",
    }
}

impl Line {
    /// Whether it counts among what was ever put on the card.
    fn is_given(&self) -> bool {
        let given = [
            Reason::PointsAdded,
            Reason::PointsEarned,
            Reason::GiftLoaded,
        ];
        given.iter().any(|reason| reason.code() == self.reason)
    }

    /// How the protocol calls what it did.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        kind((self.reason, self.is_in))
    }

    /// Whether the shop moved it by a call of its own.
    fn is_by_hand(&self) -> bool {
        let by_hand = [
            Reason::PointsAdded,
            Reason::PointsWithdrawn,
            Reason::GiftLoaded,
        ];
        by_hand.iter().any(|reason| reason.code() == self.reason)
    }

    #[must_use]
    pub fn amount(&self) -> Minor {
        self.amount
    }

    /// Below zero where it left the card.
    fn signed(&self) -> i64 {
        let amount = i64::try_from(self.amount).unwrap_or(i64::MAX);
        if self.is_in { amount } else { -amount }
    }
}
