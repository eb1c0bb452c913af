//! What was put on a gift card, and what was paid with it? Its statement, as rows of a table.

use ledger::AccountId;
use offers::chart::{self, Reason};
use serde_json::{Value, json};
use store::{Page, SavedTransfer, TransferFilter, View};
use wire::ids::{self, Tag};

use crate::{configuration::Stored, problem::Refused, vouchers::Issued};

/// Transfers that are read at a time.
const STRETCH: u32 = 1_000;

/// The rows of one card, oldest first. What is held, or was let go, moved nothing.
///
/// # Errors
/// When the store cannot be read.
pub async fn of_card(view: &mut View, issued: &Stored<Issued>) -> Result<Vec<Value>, Refused> {
    let account = chart::gift_balance(issued.thing.voucher.id);
    let (mut rows, mut card) = (Vec::new(), Card::of(issued, account));
    let mut after = 0;
    loop {
        let page = Page {
            after,
            limit: STRETCH,
            newest_first: false,
        };
        let filter = TransferFilter::Account(account);
        let found = view.transfers(filter, page).await?;
        rows.extend(found.iter().filter_map(|saved| card.row(saved)));
        match found.last() {
            Some(last) if found.len() >= STRETCH as usize => after = last.transfer.id.chain,
            _ => return Ok(rows),
        }
    }
}

/// A card whose statement is read.
struct Card<'a> {
    issued: &'a Stored<Issued>,
    account: AccountId,
    /// All that was ever put on it, and what is on it, by now.
    total: i64,
    balance: i64,
}

impl<'a> Card<'a> {
    fn of(issued: &'a Stored<Issued>, account: AccountId) -> Self {
        Self {
            issued,
            account,
            total: 0,
            balance: 0,
        }
    }

    fn row(&mut self, saved: &SavedTransfer) -> Option<Value> {
        let transfer = &saved.transfer;
        if !transfer.has_moved() {
            return None;
        }
        let amount = i64::try_from(transfer.amount).unwrap_or(i64::MAX);
        let amount = match transfer.credit == self.account {
            true => amount,
            false => -amount,
        };
        let (kind, is_load) = match (Reason::of(transfer.code), amount > 0) {
            (Some(Reason::GiftSpent), true) => ("CREDITS_REFUND", false),
            (Some(Reason::GiftSpent), false) => ("CREDITS_REDEMPTION", false),
            (_, true) => ("CREDITS_ADDITION", true),
            (reason, false) => ("CREDITS_REMOVAL", reason == Some(Reason::GiftLoaded)),
        };
        self.balance = self.balance.saturating_add(amount);
        if is_load {
            self.total = self.total.saturating_add(amount);
        }
        let voucher = ids::format(Tag::Voucher, self.issued.thing.voucher.id.0);
        let is_own = self.issued.thing.own.is_some();
        let campaign = ids::format(Tag::Campaign, self.issued.thing.campaign.0);
        Some(json!({
            "id": ids::format(Tag::Transaction, transfer.id.chain),
            "campaign_id": (!is_own).then_some(campaign),
            "voucher_id": voucher,
            "type": kind,
            "source_id": null,
            "reason": null,
            "source": "API",
            "balance": self.balance,
            "amount": amount,
            "related_transaction_id": null,
            "created_at": wire::time::format(saved.at),
            "details": {"balance": {
                "type": "gift_voucher", "total": self.total, "object": "balance",
                "amount": amount, "balance": self.balance,
                "related_object": {"type": "voucher", "id": voucher}
            }}
        }))
    }
}
