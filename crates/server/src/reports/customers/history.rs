//! What did they redeem, and what did their orders come to?

use std::collections::BTreeSet;

use ledger::Minor;
use offers::Benefit;
use serde_json::Value;
use wire::voucherify::{CustomerRedemptions, OrderStatus, OrderView};

use super::*;
use crate::{
    activity::{Entry, What},
    api::redemptions::orders_now,
    checkout::{Redemption, RedemptionState, StoredOrder, Used, UsedVoucher},
    configuration::read,
    versioned,
};

pub(super) async fn add(view: &mut View, group: &mut Group<'_>) -> Result<(), Refused> {
    let mut orders = BTreeSet::new();
    let mut done = Walk::new(Index::ActivityOfCustomer, group.numbers());
    while let Some(found) = done.next(view).await? {
        for (number, record) in records(view, (Kind::Redemption, &found)).await? {
            let redemption: Redemption = versioned::read(&record.body)?;
            orders.extend(redemption.order);
            group.add_redemption(number, &redemption);
        }
        for (number, _) in records(view, (Kind::Failure, &found)).await? {
            group.add_failure(number);
        }
        for (number, record) in records(view, (Kind::Rollback, &found)).await? {
            group.add_rollback(number, &read(&record.body)?);
        }
        for (_, record) in records(view, (Kind::Activity, &found)).await? {
            let entry: Entry = versioned::read(&record.body)?;
            if let What::Order { order, .. } = entry.what {
                orders.insert(order);
            }
        }
    }
    add_orders(view, group, orders).await
}

impl Group<'_> {
    fn redemptions(&mut self, number: u64) -> Option<&mut CustomerRedemptions> {
        let one = self.get_mut(number)?;
        Some(&mut one.summary.redemptions)
    }

    fn add_redemption(&mut self, number: u64, redemption: &Redemption) {
        let credit = self.credit(redemption);
        self.note_referral(number, redemption);
        let Some(all) = self.redemptions(number) else {
            return;
        };
        all.total_redeemed += 1;
        all.total_succeeded += 1;
        all.total_rolled_back += u64::from(redemption.state == RedemptionState::RolledBack);
        all.gift.redeemed_amount = all.gift.redeemed_amount.saturating_add(credit);
        if let Used::Card(card) = &redemption.used {
            let spent = &mut all.loyalty_card.redeemed_points;
            *spent = spent.saturating_add(card.points);
        }
    }

    /// Keeps by which redemption they came, where its code refers.
    fn note_referral(&mut self, number: u64, redemption: &Redemption) {
        let Some(customer) = self.known_as.get(&number) else {
            return;
        };
        if let Used::Voucher(used) = &redemption.used
            && used.refers
        {
            let first = self.came_by.entry((*customer, used.voucher.id));
            let first = first.or_insert(redemption.id);
            *first = redemption.id.min(*first);
        }
    }

    /// What it paid with a gift card, less what came back.
    fn credit(&self, redemption: &Redemption) -> Minor {
        match &redemption.used {
            Used::Voucher(used)
                if used.benefit == Benefit::Credit && self.is_in_our_currency(used) =>
            {
                redemption.gave.left()
            }
            _ => 0,
        }
    }

    /// Whether it is in the project's currency.
    fn is_in_our_currency(&self, used: &UsedVoucher) -> bool {
        let campaign = used
            .campaign
            .as_ref()
            .and_then(|(id, _)| self.campaign(*id));
        campaign.is_none_or(|campaign| campaign.currency == self.currency())
    }

    fn add_failure(&mut self, number: u64) {
        if let Some(all) = self.redemptions(number) {
            all.total_redeemed += 1;
            all.total_failed += 1;
        }
    }

    /// A rollback stands behind what it gives back. How many points that are, it alone says.
    fn add_rollback(&mut self, number: u64, shown: &Value) {
        let points = shown.pointer("/loyalty_card/points");
        let points = points.and_then(Value::as_i64).map_or(0, i64::unsigned_abs);
        if let Some(all) = self.redemptions(number) {
            all.total_rollback_succeeded += 1;
            let spent = &mut all.loyalty_card.redeemed_points;
            *spent = spent.saturating_sub(points);
        }
    }

    /// Whose an order is, may have changed since it was theirs.
    fn add_order(&mut self, order: &StoredOrder, (shown, currency): &(OrderView, Option<String>)) {
        let ours = self.currency();
        let is_ours = |told: &String| told.as_bytes().eq_ignore_ascii_case(&ours.0);
        let counts =
            shown.status.is_some_and(OrderStatus::is_paid) && currency.as_ref().is_none_or(is_ours);
        let customer = order.customer.filter(|_| counts);
        if let Some(one) = customer.and_then(|number| self.get_mut(number)) {
            let orders = &mut one.summary.orders;
            orders.add(shown.total_amount, order.created_at);
        }
    }
}

async fn add_orders(
    view: &mut View,
    group: &mut Group<'_>,
    orders: BTreeSet<u64>,
) -> Result<(), Refused> {
    let orders: Vec<u64> = orders.into_iter().collect();
    for ids in orders.chunks(STRETCH) {
        let mut kept: Vec<StoredOrder> = Vec::new();
        for record in view.get_many(Kind::Order, ids).await?.iter().flatten() {
            kept.push(versioned::read(&record.body)?);
        }
        let now = orders_now(view, &kept).await?;
        for (order, now) in kept.iter().zip(&now) {
            group.add_order(order, now);
        }
        tokio::task::yield_now().await;
    }
    Ok(())
}
