//! What is told beside the lines of a card: what the shop said of them, the redemption, the
//! rollback, the order.

use std::collections::HashMap;

use offers::VoucherKind;
use serde_json::Value;
use store::{Kind, View};
use wire::{
    ids::{self, Tag},
    voucherify::{
        BalanceMoved, BalanceView, NamedById, OrderInput, OrderOfTransaction, PointsBalanceView,
        RewardOfTransaction, RewardedView, TransactionDetails, TransactionView,
    },
};

use super::Line;
use crate::{
    checkout::{Redemption, StoredOrder, Used},
    configuration::read,
    loyalty::Note,
    problem::Refused,
    versioned::{self, Versioned},
    vouchers::Issued,
};

/// What is told beside lines, by the number of their chain.
#[derive(Default)]
pub(super) struct Told {
    notes: HashMap<u64, Note>,
    redemptions: HashMap<u64, Redemption>,
    rollbacks: HashMap<u64, Value>,
    /// How the shop calls orders, by their own number.
    sources: HashMap<u64, String>,
}

impl Told {
    pub(super) async fn of(view: &mut View, lines: &[Line]) -> Result<Self, Refused> {
        let chains: Vec<u64> = lines.iter().map(|line| line.chain).collect();
        let mut told = Self::default();
        for record in view.get_many(Kind::Note, &chains).await?.iter().flatten() {
            told.notes.insert(record.id, read(&record.body)?);
        }
        let found = view.get_many(Kind::Rollback, &chains).await?;
        for record in found.iter().flatten() {
            told.rollbacks.insert(record.id, read(&record.body)?);
        }
        told.redemptions = kept(view, Kind::Redemption, &chains).await?;
        told.name_orders(view).await?;
        Ok(told)
    }

    /// Learns how the shop calls the orders: it is kept with the last redemption on each.
    async fn name_orders(&mut self, view: &mut View) -> Result<(), Refused> {
        let of_notes = self.notes.values().filter_map(|note| note.order);
        let of_uses = self.redemptions.values().filter_map(|one| one.order);
        let mut orders: Vec<u64> = of_notes.chain(of_uses).collect();
        orders.sort_unstable();
        orders.dedup();
        let orders: HashMap<u64, StoredOrder> = kept(view, Kind::Order, &orders).await?;
        let last: Vec<u64> = orders.values().filter_map(StoredOrder::last).collect();
        let sales: HashMap<u64, Redemption> = kept(view, Kind::Redemption, &last).await?;
        for (id, order) in &orders {
            let sale = order.last().and_then(|last| sales.get(&last));
            let sale = sale.and_then(|one| one.sale.as_ref());
            let sent: Option<OrderInput> = sale.map(|sale| sale.input.read()).transpose()?;
            let source = sent.and_then(|sent| sent.source_id);
            self.sources.extend(source.map(|source| (*id, source)));
        }
        Ok(())
    }

    pub(super) fn row(&self, issued: &Issued, line: &Line) -> TransactionView {
        let voucher = ids::format(Tag::Voucher, issued.voucher.id.0);
        let note = self.notes.get(&line.chain);
        let is_of_campaign = issued.own.is_none();
        let campaign = is_of_campaign.then(|| ids::format(Tag::Campaign, issued.campaign.0));
        TransactionView {
            id: ids::format(Tag::Transaction, line.chain),
            source_id: note.and_then(|note| note.source_id.clone()),
            voucher_id: voucher.clone(),
            campaign_id: campaign,
            source: line.is_by_hand().then_some("API"),
            reason: note.and_then(|note| note.reason.clone()),
            kind: line.kind(),
            details: TransactionDetails {
                balance: balance(voucher, (issued, line)),
                order: self.order(line),
                earning_rule: note
                    .and_then(|note| note.rule)
                    .map(|id| named(Tag::EarningRule, id)),
                segment: note
                    .and_then(|note| note.segment)
                    .map(|id| named(Tag::Segment, id)),
                loyalty_tier: note
                    .and_then(|note| note.tier)
                    .map(|id| named(Tag::LoyaltyTier, id)),
                redemption: self.redemption(line),
                rollback: self
                    .rollbacks
                    .get(&line.chain)
                    .map(|_| named(Tag::Rollback, line.chain)),
                reward: self.reward(line),
            },
            related_transaction_id: None,
            created_at: line.at,
        }
    }

    /// The redemption that spent it, or that was rolled back.
    fn redemption(&self, line: &Line) -> Option<NamedById> {
        if self.redemptions.contains_key(&line.chain) {
            return Some(named(Tag::Redemption, line.chain));
        }
        let id = self.rollbacks.get(&line.chain)?.get("redemption")?;
        let id = id.as_str()?.to_owned();
        Some(NamedById { id })
    }

    fn order(&self, line: &Line) -> Option<OrderOfTransaction> {
        if let Some(rollback) = self.rollbacks.get(&line.chain) {
            let text = |member: &str| {
                let found = rollback.pointer(member).and_then(Value::as_str);
                found.map(str::to_owned)
            };
            return Some(OrderOfTransaction {
                id: text("/order/id")?,
                source_id: text("/order/source_id"),
            });
        }
        let of_note = self.notes.get(&line.chain).and_then(|note| note.order);
        let of_use = || self.redemptions.get(&line.chain).and_then(|one| one.order);
        let id = of_note.or_else(of_use)?;
        Some(OrderOfTransaction {
            id: ids::format(Tag::Order, id),
            source_id: self.sources.get(&id).cloned(),
        })
    }

    fn reward(&self, line: &Line) -> Option<RewardOfTransaction> {
        let Used::Card(card) = &self.redemptions.get(&line.chain)?.used else {
            return None;
        };
        let reward: Option<RewardedView> = card.reward.read().ok().flatten();
        reward.map(|reward| RewardOfTransaction {
            id: reward.id,
            name: reward.name,
        })
    }
}

async fn kept<T: Versioned + serde::de::DeserializeOwned>(
    view: &mut View,
    kind: Kind,
    wanted: &[u64],
) -> Result<HashMap<u64, T>, Refused> {
    let found = view.get_many(kind, wanted).await?;
    let all = found.iter().flatten();
    all.map(|record| Ok((record.id, versioned::read(&record.body)?)))
        .collect()
}

fn named(tag: Tag, id: u64) -> NamedById {
    NamedById {
        id: ids::format(tag, id),
    }
}

fn balance(voucher: String, (issued, line): (&Issued, &Line)) -> BalanceMoved {
    let (total, balance) = (line.total, line.balance);
    match issued.voucher.kind {
        VoucherKind::LoyaltyCard { .. } => BalanceMoved::Points(PointsBalanceView::new(
            voucher,
            line.signed(),
            (total, balance),
        )),
        VoucherKind::Discount | VoucherKind::GiftCard { .. } => {
            BalanceMoved::Credit(BalanceView::new(voucher, line.signed(), total, balance))
        }
    }
}
