//! What one card, one programme or one counted order moves.

use ledger::{AccountId, Asset, Opening};

use super::Movement;
use crate::{
    CampaignId, Currency, Minor, VoucherId,
    chart::{self, AccountKind, Reason, empty},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Points {
    pub programme: u64,
    pub amount: Minor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GiftCard {
    pub campaign: CampaignId,
    pub voucher: VoucherId,
    pub currency: Currency,
}

/// What an order brought and cost, in minor units, within an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedOrder {
    pub experiment: u64,
    pub customer: u64,
    pub currency: Currency,
    /// What was paid, after discounts.
    pub revenue: Minor,
    pub goods_cost: Minor,
    pub shipping_cost: Minor,
    pub fees: Minor,
    pub discount: Minor,
}

impl GiftCard {
    pub(super) fn balance(&self) -> Opening {
        self.opening(AccountKind::GiftBalance, chart::gift_balance(self.voucher))
    }

    fn opening(&self, kind: AccountKind, id: AccountId) -> Opening {
        empty(kind, id, Asset::Currency(self.currency))
    }

    pub(crate) fn load(&self, amount: Minor) -> Movement {
        let sold = chart::gift_sold(self.campaign, self.voucher);
        Movement {
            debit: self.opening(AccountKind::GiftSold, sold),
            credit: self.balance(),
            amount,
            reason: Reason::GiftLoaded,
        }
    }

    pub(super) fn spend(&self, amount: Minor) -> Movement {
        let spent = chart::gift_spent(self.campaign, self.voucher);
        Movement {
            debit: self.balance(),
            credit: self.opening(AccountKind::GiftSpent, spent),
            amount,
            reason: Reason::GiftSpent,
        }
    }

    pub(super) fn lapse(&self, amount: Minor) -> Movement {
        let breakage = chart::gift_breakage(self.campaign, self.voucher);
        Movement {
            debit: self.balance(),
            credit: self.opening(AccountKind::GiftBreakage, breakage),
            amount,
            reason: Reason::GiftLapsed,
        }
    }
}

impl Points {
    fn opening(&self, kind: AccountKind, id: AccountId) -> Opening {
        empty(kind, id, Asset::Points(self.programme))
    }

    pub(super) fn earn(&self, customer: u64) -> Movement {
        let cost = chart::points_cost(self.programme, customer);
        let owed = chart::points(self.programme, customer);
        Movement {
            debit: self.opening(AccountKind::PointsCost, cost),
            credit: self.opening(AccountKind::Points, owed),
            amount: self.amount,
            reason: Reason::PointsEarned,
        }
    }
}

impl CountedOrder {
    /// Revenue comes in from the orders' account; every cost goes out into it.
    pub(super) fn movements(&self) -> [Movement; 5] {
        let revenue = self
            .cost(AccountKind::Revenue, self.revenue, Reason::Revenue)
            .back();
        [
            revenue,
            self.cost(AccountKind::GoodsCost, self.goods_cost, Reason::GoodsCost),
            self.cost(
                AccountKind::ShippingCost,
                self.shipping_cost,
                Reason::ShippingCost,
            ),
            self.cost(AccountKind::Fees, self.fees, Reason::Fees),
            self.cost(
                AccountKind::OrderDiscount,
                self.discount,
                Reason::OrderDiscount,
            ),
        ]
    }

    fn cost(&self, kind: AccountKind, amount: Minor, reason: Reason) -> Movement {
        let asset = Asset::Currency(self.currency);
        let account = |kind| {
            empty(
                kind,
                chart::outcome(kind, self.experiment, self.customer),
                asset,
            )
        };
        Movement {
            debit: account(kind),
            credit: account(AccountKind::OrdersOf),
            amount,
            reason,
        }
    }
}
