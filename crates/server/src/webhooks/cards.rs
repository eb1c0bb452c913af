//! Who is told that something moved on a card? What a command moves stands in its transfers, so
//! whatever moved it, it is told of alike.

use std::collections::BTreeMap;

use ledger::{AccountId, Code, Minor, Transfer};
use offers::{
    VoucherId,
    chart::{self, AccountKind, Reason},
};
use serde_json::{Value, json};
use store::Command;
use wire::{
    ids::{self, Tag},
    time,
    voucherify::Event,
};

use super::told;
use crate::{api::resources::At, app::App, loyalty, moves, problem::Refused};

/// What a card holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holds {
    Credit,
    Points,
}

/// All that a chain moves on a card for one reason, one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Move {
    chain: u64,
    card: VoucherId,
    holds: Holds,
    reason: Code,
    is_in: bool,
}

/// Adds to a command what tells of all that it moves on cards, where anybody asked.
///
/// # Errors
/// When the store cannot be read.
pub async fn tell(app: &App, command: &mut Command) -> Result<(), Refused> {
    if command.chain.is_empty() {
        return Ok(());
    }
    let at = At {
        app,
        project: command.project,
        now: command.now,
    };
    let compiled = app.compiled(at.project).await?;
    let heard = [
        Event::GiftMoved,
        Event::PointsMoved,
        Event::PointsAdded,
        Event::PointsExpired,
    ];
    if !heard.iter().any(|event| compiled.webhooks.hear(*event)) {
        return Ok(());
    }
    let mut balances: BTreeMap<VoucherId, i64> = BTreeMap::new();
    for (moved, amount) in moved_by(&command.chain) {
        let before = match balances.get(&moved.card) {
            Some(before) => *before,
            None => on(at, moved).await?,
        };
        let signed = moved.signed(amount);
        let balance = before.saturating_add(signed);
        balances.insert(moved.card, balance);
        for event in moved.events() {
            let shown = match event {
                Event::GiftMoved | Event::PointsMoved => moved.transaction((signed, balance), at),
                _ => moved.card((amount, balance)),
            };
            command.writes.extend(told(at, &compiled, (event, &shown))?);
        }
    }
    Ok(())
}

/// What is on a card before.
async fn on(at: At<'_>, moved: Move) -> Result<i64, Refused> {
    let mut view = at.app.store().view(at.project)?;
    let left = match moved.holds {
        Holds::Credit => {
            let account = view.account(chart::gift_balance(moved.card)).await?;
            account.map_or(0, |one| {
                one.credits.posted.saturating_sub(one.debits.posted)
            })
        }
        Holds::Points => {
            let lots = loyalty::lots(&mut view, (at.project, moved.card)).await?;
            let left = lots
                .iter()
                .map(|one| one.credits.posted.saturating_sub(one.debits.posted));
            left.sum()
        }
    };
    Ok(i64::try_from(left).unwrap_or(i64::MAX))
}

/// What has moved once the transfers are applied: what they only hold, or let go, has not.
fn moved_by(chain: &[Transfer]) -> BTreeMap<Move, Minor> {
    let mut all = BTreeMap::new();
    for transfer in chain.iter().filter(|one| one.has_moved()) {
        for (account, is_in) in [(transfer.debit, false), (transfer.credit, true)] {
            let Some((card, holds)) = card_of(account) else {
                continue;
            };
            let moved = Move {
                chain: transfer.id.chain,
                card,
                holds,
                reason: transfer.code,
                is_in,
            };
            let amount: &mut Minor = all.entry(moved).or_default();
            *amount = amount.saturating_add(transfer.amount);
        }
    }
    all.retain(|_, amount| *amount > 0);
    all
}

/// The card whose account it is.
fn card_of(account: AccountId) -> Option<(VoucherId, Holds)> {
    let holds = match AccountKind::of(account)? {
        AccountKind::GiftBalance => Holds::Credit,
        AccountKind::CardPoints => Holds::Points,
        _ => return None,
    };
    Some((VoucherId(account.owner), holds))
}

impl Move {
    fn signed(self, amount: Minor) -> i64 {
        let amount = i64::try_from(amount).unwrap_or(i64::MAX);
        if self.is_in { amount } else { -amount }
    }

    fn events(self) -> Vec<Event> {
        let added = [Reason::PointsAdded, Reason::PointsEarned].map(Reason::code);
        let moved = match self.holds {
            Holds::Credit => Event::GiftMoved,
            Holds::Points => Event::PointsMoved,
        };
        let more = match (self.is_in, self.reason) {
            (true, reason) if added.contains(&reason) => Some(Event::PointsAdded),
            (false, reason) if reason == Reason::PointsLapsed.code() => Some(Event::PointsExpired),
            _ => None,
        };
        std::iter::once(moved).chain(more).collect()
    }

    /// The card, with how much moved and what is on it then.
    fn card(self, (points, balance): (Minor, i64)) -> Value {
        json!({
            "id": ids::format(Tag::Voucher, self.card.0),
            "type": "LOYALTY_CARD",
            "loyalty_card": {"points": points, "balance": balance},
            "object": "voucher"
        })
    }

    /// What moved, as the list of the card's transactions will name it.
    fn transaction(self, (signed, balance): (i64, i64), at: At<'_>) -> Value {
        let (kind, member) = match self.holds {
            Holds::Credit => ("gift_voucher", "amount"),
            Holds::Points => ("loyalty_card", "points"),
        };
        let voucher = ids::format(Tag::Voucher, self.card.0);
        json!({
            "id": ids::format(Tag::Transaction, self.chain),
            "voucher_id": voucher,
            "type": moves::kind((self.reason, self.is_in)),
            "details": {"balance": {
                "type": kind,
                member: signed,
                "balance": balance,
                "object": "balance",
                "related_object": {"type": "voucher", "id": voucher}
            }},
            "created_at": time::format(at.now)
        })
    }
}
