//! What moved on a card? Lines made from the transfers of its accounts.

use std::collections::{BTreeMap, HashMap};

use ledger::{AccountId, Code, Minor, Timestamp};
use offers::chart::Reason;
use store::{TransferFilter, View};
use wire::{
    ids::{self, Tag},
    voucherify::{PointsBalanceView, TransactionDetails, TransactionView},
};

use super::*;
use crate::{
    checkout::Redemption,
    configuration::read,
    loyalty::{self, Note},
    versioned,
};

/// Lines of one account that are read: the oldest beyond them are not told.
const MAX_LINES: u32 = 1_000;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(of_member_in))
        .routes(routes!(of_member))
}

/// What moved on a member's card, newest first.
#[utoipa::path(get, path = "/v1/loyalties/{id}/members/{member}/transactions",
    responses((status = 200, body = List<TransactionView>)))]
async fn of_member_in(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path((campaign, member)): Path<(String, String)>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    listed(at, (Some(&campaign), &member), &asked).await
}

/// What moved on a member's card, newest first.
#[utoipa::path(get, path = "/v1/loyalties/members/{member}/transactions",
    responses((status = 200, body = List<TransactionView>)))]
async fn of_member(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(member): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    listed(At::of(&app, &caller), (None, &member), &asked).await
}

async fn listed(at: At<'_>, which: (Option<&str>, &str), asked: &Asked) -> Result<Answer, Refused> {
    let (issued, _) = super::members::find(at, which).await?;
    let paging = asked.paging()?;
    let card = issued.thing.voucher.id;
    let mut view = at.app.store().view(at.project)?;
    let accounts = loyalty::lots(&mut view, (at.project, card)).await?;
    let accounts: Vec<AccountId> = accounts.iter().map(|account| account.id).collect();
    let lines = lines(&mut view, &accounts).await?;
    let total = lines.len() as u64;
    let after = asked.get("starting_after_id");
    let after = after.and_then(|name| ids::parse(Tag::Transaction, name).ok());
    let rest = lines
        .into_iter()
        .filter(|line| after.is_none_or(|after| line.chain < after));
    let rest: Vec<Line> = rest.collect();
    let page = paging.cut(rest.clone());
    let last = page.last().map(|line| line.chain);
    let has_more = rest.last().map(|line| line.chain) != last;
    let rows = told(&mut view, (&issued, &page)).await?;
    Answer::ok(&List {
        has_more: Some(has_more),
        ..List::page("data", rows, total)
    })
}

/// Lines of a card as they are shown.
///
/// # Errors
/// When the store cannot be read.
pub async fn told(
    view: &mut View,
    (issued, lines): (&Stored<crate::vouchers::Issued>, &[Line]),
) -> Result<Vec<TransactionView>, Refused> {
    let told = Told::of(view, lines).await?;
    Ok(lines.iter().map(|line| told.row(issued, line)).collect())
}

/// All that one chain moved for one reason, one way.
#[derive(Clone, Debug)]
pub struct Line {
    pub chain: u64,
    pub reason: Code,
    /// Onto the card.
    pub is_in: bool,
    pub amount: Minor,
    pub at: Timestamp,
    /// What was on the card then.
    pub balance: Minor,
    /// All that was put on it until then.
    pub total: Minor,
}

/// What moved on some accounts taken together, newest first: those of a card, or the one of a gift
/// card.
///
/// # Errors
/// When the store cannot be read.
pub async fn lines(view: &mut View, accounts: &[AccountId]) -> Result<Vec<Line>, Refused> {
    let page = Page {
        after: 0,
        limit: MAX_LINES,
        newest_first: true,
    };
    let mut lines: BTreeMap<(u64, u16, bool), Line> = BTreeMap::new();
    for account in accounts {
        let saved = view
            .transfers(TransferFilter::Account(*account), page)
            .await?;
        for saved in saved.into_iter().filter(|one| one.transfer.has_moved()) {
            let transfer = saved.transfer;
            let is_in = transfer.credit == *account;
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
    lines.reverse();
    Ok(lines)
}

impl Line {
    fn is_given(&self) -> bool {
        let given = [
            Reason::PointsAdded,
            Reason::PointsEarned,
            Reason::GiftLoaded,
        ];
        given.iter().any(|reason| reason.code() == self.reason)
    }

    fn kind(&self) -> &'static str {
        match (Reason::of(self.reason), self.is_in) {
            (Some(Reason::PointsEarned), true) => "POINTS_ACCRUAL",
            (Some(Reason::PointsSpent), true) => "POINTS_REFUND",
            (Some(Reason::PointsSpent), false) => "POINTS_REDEMPTION",
            (Some(Reason::PointsLapsed), _) => "POINTS_EXPIRATION",
            (_, true) => "POINTS_ADDITION",
            (_, false) => "POINTS_REMOVAL",
        }
    }
}

/// What is told beside lines.
#[derive(Default)]
struct Told {
    notes: HashMap<u64, Note>,
    redemptions: HashMap<u64, Redemption>,
    /// Of each rollback, the redemption.
    rollbacks: HashMap<u64, serde_json::Value>,
}

impl Told {
    async fn of(view: &mut View, lines: &[Line]) -> Result<Self, Refused> {
        let chains: Vec<u64> = lines.iter().map(|line| line.chain).collect();
        let mut told = Self::default();
        for record in view.get_many(Kind::Note, &chains).await?.iter().flatten() {
            told.notes.insert(record.id, read(&record.body)?);
        }
        let found = view.get_many(Kind::Redemption, &chains).await?;
        for record in found.iter().flatten() {
            told.redemptions
                .insert(record.id, versioned::read(&record.body)?);
        }
        let found = view.get_many(Kind::Rollback, &chains).await?;
        for record in found.iter().flatten() {
            told.rollbacks.insert(record.id, read(&record.body)?);
        }
        Ok(told)
    }

    fn row(&self, issued: &Stored<crate::vouchers::Issued>, line: &Line) -> TransactionView {
        let voucher = ids::format(Tag::Voucher, issued.thing.voucher.id.0);
        let signed = i64::try_from(line.amount).unwrap_or(i64::MAX);
        let points = if line.is_in { signed } else { -signed };
        let note = self.notes.get(&line.chain);
        let redemption = self.redemptions.get(&line.chain);
        let order = note
            .and_then(|note| note.order)
            .or_else(|| redemption.and_then(|one| one.order));
        let named = |tag: Tag, id: u64| serde_json::json!({"id": ids::format(tag, id)});
        let rollback = self.rollbacks.get(&line.chain);
        let rollback = rollback.and_then(|one| one.get("id"));
        TransactionView {
            id: ids::format(Tag::Transaction, line.chain),
            source_id: note.and_then(|note| note.source_id.clone()),
            voucher_id: voucher.clone(),
            campaign_id: Some(ids::format(Tag::Campaign, issued.thing.campaign.0)),
            source: None,
            reason: note.and_then(|note| note.reason.clone()),
            kind: line.kind(),
            details: TransactionDetails {
                balance: PointsBalanceView::new(voucher, points, (line.total, line.balance)),
                order: order.map(|id| named(Tag::Order, id)),
                earning_rule: note
                    .and_then(|note| note.rule)
                    .map(|id| named(Tag::EarningRule, id)),
                redemption: redemption.map(|one| named(Tag::Redemption, one.id)),
                rollback: rollback.map(|id| serde_json::json!({"id": id})),
            },
            related_transaction_id: None,
            created_at: line.at,
        }
    }
}
