//! What do the books say?

use std::collections::BTreeMap;

use ledger::{Account, AccountId, Minor, PendingState};
use measurement::{Arm, ArmOutcome, Moments, Posted, statement};
use offers::{
    Happening, Reach, VoucherKind,
    chart::{self, AccountKind, counters},
};
use profiles::CustomerId;

use super::people::goods_cost;
use super::setup::cap_unit;
use super::till::{Kept, Paid};
use super::{EUR, Memory, PROGRAMME, fault, rejected};
use crate::story::world::{Answer, Budget, Caused, GiftCard, Statement, Unit};

impl Memory {
    pub(super) fn lapse_holds(&mut self) -> Answer<()> {
        let chain = self.next_id();
        let voids = ledger::expire(&self.book, self.now, chain);
        ledger::apply(&mut self.book, &voids, self.now).map_err(rejected)
    }

    pub(super) fn lapse_gift_cards(&mut self) -> Answer<()> {
        let now = self.now;
        let over = |until: Option<i64>| until.is_some_and(|until| until < now);
        let vouchers = self.vouchers.iter();
        let cards = vouchers.filter(|one| matches!(one.kind, VoucherKind::GiftCard { .. }));
        let over = cards.filter(|card| over(card.validity.until));
        let lapsed: Vec<_> = over
            .filter_map(|card| {
                let (_, campaign) = self.offer(card.offer)?;
                let account = self.account(chart::gift_balance(card.id));
                let left = account.and_then(Account::available)?;
                let card = offers::GiftCard {
                    campaign: campaign.id,
                    voucher: card.id,
                    currency: EUR,
                };
                (left > 0).then_some((card, left))
            })
            .collect();
        for (card, left) in lapsed {
            let lapsed = Happening::GiftLapsed { card: &card, left };
            let booking = offers::book(&lapsed, self.next_id());
            self.apply(&booking).map_err(rejected)?;
        }
        Ok(())
    }

    fn account(&self, id: AccountId) -> Option<&Account> {
        self.book.accounts.get(&id)
    }

    /// Credits less debits posted.
    fn balance(&self, id: AccountId) -> Minor {
        self.account(id).map_or(0, |account| {
            account.credits.posted.saturating_sub(account.debits.posted)
        })
    }

    pub(super) fn budget_of(&self, campaign: &str) -> Answer<Budget> {
        let campaign = self.campaign_named(campaign)?;
        let occasion = self.occasion(CustomerId(0), 0);
        let id = chart::budget(campaign.id);
        let limits = counters(campaign, None, &occasion);
        let limit = limits.iter().find(|limit| limit.account.id == id);
        let limit = limit.ok_or_else(|| fault(format!("{} has no budget", campaign.name)))?;
        let account = self.account(id);
        Ok(Budget {
            spent: self.discount_given(campaign.id.0),
            held: account.map_or(0, |account| account.debits.pending),
            left: limit.left(account),
        })
    }

    fn discount_given(&self, campaign: u64) -> Minor {
        let kind = AccountKind::DiscountGiven.number();
        let ids = self.book.accounts.keys();
        let given = ids.filter(|id| id.kind == kind && id.owner == campaign);
        given.map(|id| self.balance(*id)).sum()
    }

    pub(super) fn card(&self, code: &str) -> Answer<GiftCard> {
        let unknown = || fault(format!("there is no gift card {code}"));
        let card = self.voucher(code).ok_or_else(unknown)?;
        let (_, campaign) = self.offer(card.offer).ok_or_else(unknown)?;
        let account = self.account(chart::gift_balance(card.id));
        let account = account.ok_or_else(unknown)?;
        Ok(GiftCard {
            spent: self.balance(chart::gift_spent(campaign.id, card.id)),
            held: account.debits.pending,
            left: account.available().unwrap_or(0),
            breakage: self.balance(chart::gift_breakage(campaign.id, card.id)),
        })
    }

    pub(super) fn owed_on_cards(&self) -> Minor {
        let kind = AccountKind::GiftBalance.number();
        let ids = self.book.accounts.keys().filter(|id| id.kind == kind);
        ids.map(|id| self.balance(*id)).sum()
    }

    pub(super) fn points_of(&self, customer: CustomerId) -> Minor {
        let programmes = self.setup.campaigns.iter();
        programmes
            .map(|campaign| self.balance(chart::points(campaign.id.0, customer.0)))
            .sum()
    }

    pub(super) fn left_of(&self, campaign: &str, customer: CustomerId, unit: Unit) -> Answer<u64> {
        let campaign = self.campaign_named(campaign)?;
        let limits = counters(campaign, None, &self.occasion(customer, 0));
        let own = limits
            .iter()
            .filter(|limit| limit.cap.unit == cap_unit(unit) && limit.cap.reach == Reach::Customer);
        own.map(|limit| limit.left(self.account(limit.account.id)))
            .min()
            .ok_or_else(|| fault(format!("{} has no such cap", campaign.name)))
    }

    pub(super) fn earned(&self, name: &str) -> Answer<Statement> {
        let campaign = self.campaign_named(name)?;
        let redeemed = |kept: &Kept| {
            let mut applied = kept.bill.applied.iter();
            applied.any(|(put, _)| put.campaign.id == campaign.id)
        };
        let orders = self.orders.values().filter(|kept| redeemed(kept));
        let left: Vec<(Minor, Minor)> = orders.filter_map(left_of_order).collect();
        let posted = Posted {
            attributed: left.iter().map(|(revenue, _)| revenue).sum(),
            goods: left.iter().map(|(_, goods)| goods).sum(),
            discount: self.discount_given(campaign.id.0),
            redemptions: left.len() as u64,
            ..Posted::default()
        };
        let told = statement(&self.setup.design, &posted, &self.outcomes());
        let (effect, why_not) = match told.incremental {
            Ok(increment) => {
                let whole = |amount: f64| amount.round() as i64;
                let profit = increment.profit;
                let caused = Caused {
                    estimate: whole(profit.estimate),
                    low: whole(profit.low),
                    high: whole(profit.high),
                };
                (Some(caused), String::new())
            }
            Err(why) => (None, why.to_string()),
        };
        Ok(Statement {
            redemptions: told.posted.redemptions,
            revenue: told.posted.attributed,
            goods: told.posted.goods,
            discount: told.posted.discount,
            effect,
            why_not,
        })
    }

    /// What each arm's customers brought, read from the ledger.
    fn outcomes(&self) -> Vec<ArmOutcome> {
        let arms = self.people.iter();
        let units = arms.filter_map(|(customer, person)| Some((person.arm?, *customer)));
        let mut outcomes: Vec<ArmOutcome> = Vec::new();
        for (arm, customer) in units {
            let at = outcomes.iter().position(|outcome| outcome.arm == arm);
            if at.is_none() {
                outcomes.push(nothing_yet(arm));
            }
            let last = outcomes.len().saturating_sub(1);
            if let Some(outcome) = outcomes.get_mut(at.unwrap_or(last)) {
                self.add_outcome(customer, outcome);
            }
        }
        outcomes
    }

    fn add_outcome(&self, customer: CustomerId, to: &mut ArmOutcome) {
        let balance = |kind| {
            let id = chart::outcome(kind, PROGRAMME, customer.0);
            self.account(id).map_or(0.0, |account| {
                let (debits, credits) = (account.debits.posted, account.credits.posted);
                debits.abs_diff(credits) as f64
            })
        };
        let paid = balance(AccountKind::Revenue);
        let goods = balance(AccountKind::GoodsCost);
        let shipping = balance(AccountKind::ShippingCost);
        let fees = balance(AccountKind::Fees);
        let discount = balance(AccountKind::OrderDiscount);
        to.profit.push(paid - goods - shipping - fees);
        to.revenue.push(paid + discount);
        to.goods.push(goods);
        to.shipping.push(shipping);
        to.fees.push(fees);
        to.discount.push(discount);
        to.bought.push(f64::from(paid > 0.0));
    }

    pub(super) fn prove(&self) -> Answer<()> {
        if !self.book.is_balanced() {
            return Err(fault("debits and credits differ"));
        }
        let mut accounts = self.book.accounts.values();
        if let Some(account) = accounts.find(|account| !account.is_within_limit()) {
            return Err(fault(format!("{:?} is below its limit", account.id)));
        }
        let mut held: BTreeMap<AccountId, Minor> = BTreeMap::new();
        for (hold, state) in self.book.holds.values() {
            if *state == PendingState::Open {
                *held.entry(hold.debit).or_default() += hold.amount;
            }
        }
        let unlike = |account: &&Account| {
            account.debits.pending != held.get(&account.id).copied().unwrap_or(0)
        };
        match self.book.accounts.values().find(unlike) {
            Some(account) => Err(fault(format!("{:?} holds what no hold says", account.id))),
            None => Ok(()),
        }
    }
}

fn nothing_yet(arm: Arm) -> ArmOutcome {
    let nothing = Moments::default();
    ArmOutcome {
        arm,
        profit: nothing,
        revenue: nothing,
        goods: nothing,
        shipping: nothing,
        fees: nothing,
        discount: nothing,
        bought: nothing,
    }
}

/// Revenue before discount and cost of the goods that did not come back; none where all did.
fn left_of_order(kept: &Kept) -> Option<(Minor, Minor)> {
    let Paid { back, .. } = kept.paid.as_ref()?;
    let amount = kept.bill.priced.amount;
    let left = amount - back;
    let goods = goods_cost(&kept.order) * left / amount.max(1);
    (left > 0).then_some((left + kept.order.shipping, goods))
}
