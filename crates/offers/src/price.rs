//! What does an order cost once a stack has been applied, and which line bears what?

use rules::Facts;
use serde::{Deserialize, Serialize};

use crate::{
    Benefit, CampaignId, Counted, Minor, Offer, OfferId, Order, Redeemable, Scope, Sets, Sku,
    Spread, Stack, Touched, UnitFree,
    benefit::{How, sum},
    running::Running,
};

/// An order with its discounts, in minor units of the order's currency.
///
/// Invariant: `total = amount - sum(line.discount) - on_order + shipping`, and where the order
/// came with lines, what is left of them adds up to `total - shipping`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Priced {
    /// The goods at list price, free units that were added included.
    pub amount: Minor,
    /// In the order of the request, then the lines that were added.
    pub lines: Vec<PricedLine>,
    /// One for each redeemable that gave something, in the order they were applied.
    pub discounts: Vec<Discount>,
    /// Discounts on the order as one amount, the shop's own included.
    pub on_order: Minor,
    /// Shipping still to pay.
    pub shipping: Minor,
    /// What is to pay, shipping included.
    pub total: Minor,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedLine {
    pub sku: Sku,
    pub quantity: u32,
    pub unit_price: Minor,
    pub unit_cost: Option<Minor>,
    /// Price times quantity.
    pub amount: Minor,
    /// Discounts on this line, the shop's own included.
    pub discount: Minor,
    /// Its exact part of the discounts on the order.
    pub order_share: Minor,
    /// How many of its units are free.
    pub free: u32,
}

/// What one redeemable gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    pub redeemable: Redeemable,
    pub offer: OfferId,
    pub campaign: CampaignId,
    /// All of it in money: goods and shipping.
    pub amount: Minor,
    /// What it took from the order as one amount; 0 where it took from lines.
    pub on_order: Minor,
    /// The goods' part by line, also where it was taken from the order as one amount. As long as
    /// the lines; adds up to `amount - on_shipping` where the order came with lines.
    pub per_line: Vec<Minor>,
    /// What it took from the order's shipping.
    pub on_shipping: Minor,
    pub free_units: Vec<FreeUnits>,
    /// How many lines joined the order by it, behind those that were there.
    #[serde(default)]
    pub joined: usize,
    /// How many units of each line gave way; none where it is empty.
    #[serde(default)]
    pub removed: Vec<u32>,
    /// Of the bundle it was given for.
    #[serde(default)]
    pub sets: Option<Sets>,
    /// Points owed to the customer after the order.
    pub points: u64,
    /// What of it counts towards caps on units.
    #[serde(default)]
    pub counted: Vec<Counted>,
    /// Which units it touched, where it visited them one by one. Told when it is priced, and not
    /// kept.
    #[serde(skip)]
    pub touched: Vec<Touched>,
}

impl Discount {
    /// How many units it made free.
    #[must_use]
    pub fn units(&self) -> u32 {
        let units = self.free_units.iter().map(|free| free.quantity);
        units.fold(0, u32::saturating_add)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreeUnits {
    pub sku: Sku,
    pub quantity: u32,
    /// How many of them were not in the order and joined it.
    pub added: u32,
}

/// Applies a stack as it stands, each redeemable to what the earlier ones left. One that gives
/// nothing has no discount; [`crate::quote`] also tells why. `known` is what is known beside the
/// order, for what is counted.
#[must_use]
pub fn price(order: &Order, known: &Facts, stack: &Stack<'_>) -> Priced {
    let mut running = Running::new(order, known);
    for presented in &stack.applied {
        running.apply(presented).ok();
    }
    running.finish()
}

impl Priced {
    /// The lines that joined the order by one of the discounts.
    #[must_use]
    pub fn joined(&self, discount: usize) -> &[PricedLine] {
        let joined = |discounts: &[Discount]| discounts.iter().map(|one| one.joined).sum::<usize>();
        let sent = self.lines.len().saturating_sub(joined(&self.discounts));
        let before = self.discounts.get(..discount).unwrap_or_default();
        let from = sent + joined(before);
        let count = self.discounts.get(discount).map_or(0, |one| one.joined);
        self.lines.get(from..from + count).unwrap_or_default()
    }

    /// What units that gave way to one of the discounts cost at list price.
    #[must_use]
    pub fn gone(&self, discount: usize) -> Minor {
        let removed = self.discounts.get(discount).map(|one| one.removed.iter());
        let lines = removed.into_iter().flatten().zip(&self.lines);
        sum(lines.map(|(units, line)| line.list_of(*units)))
    }

    /// All that the redeemables gave, in money.
    #[must_use]
    pub fn discounted(&self) -> Minor {
        self.discounts
            .iter()
            .map(|discount| discount.amount)
            .fold(0, Minor::saturating_add)
    }
}

impl PricedLine {
    /// What line discounts have left of it: the base of the next discount on lines.
    #[must_use]
    pub fn subtotal(&self) -> Minor {
        self.amount.saturating_sub(self.discount)
    }

    /// What is paid for it in the end.
    #[must_use]
    pub fn left(&self) -> Minor {
        self.subtotal().saturating_sub(self.order_share)
    }
}

impl Offer {
    /// The most one use may cost in money, so that a guaranteed grant can hold it. Where the
    /// benefit itself sets no bound, or its number is counted, what it gives by itself on this
    /// order; `None` is without bound. A gift card costs nothing more (its balance is owed
    /// already), and points are not money.
    #[must_use]
    pub fn ceiling(&self, order: Option<&Order>, known: &Facts) -> Option<Minor> {
        if self.formulas().next().is_some() {
            return order.map(|order| self.alone_on(order, known));
        }
        if self.bundle.is_some() {
            let bundle = None;
            let all = self.for_all_sets();
            return Self { bundle, ..all }.ceiling(order, known);
        }
        match &self.benefit {
            Benefit::Credit | Benefit::PointsBack { .. } => Some(0),
            Benefit::PercentOff {
                ceiling: Some(ceiling),
                ..
            }
            | Benefit::ShippingFree {
                ceiling: Some(ceiling),
            } => Some(*ceiling),
            Benefit::AmountOff { amount, spread } => match spread {
                Spread::Order | Spread::ByAmount | Spread::ByQuantity => Some(*amount),
                Spread::EachLine | Spread::EachUnit => {
                    order.map(|order| self.alone_on(order, known))
                }
            },
            Benefit::UnitsFree(units) => {
                let cost = |one: &UnitFree| {
                    let price = order?.price_of(&one.sku)?;
                    Some(price.saturating_mul(one.quantity.into()))
                };
                let add = |all: Minor, cost: Minor| all.saturating_add(cost);
                units
                    .iter()
                    .map(cost)
                    .try_fold(0, |all, cost| Some(add(all, cost?)))
            }
            Benefit::ShippingFree { ceiling: None } => {
                order.map(|order| Running::new(order, known).shipping_free().money())
            }
            Benefit::PercentOff { ceiling: None, .. }
            | Benefit::FixedPrice { .. }
            | Benefit::SameFree { .. }
            | Benefit::Exchange { .. } => order.map(|order| self.alone_on(order, known)),
        }
    }

    /// What it gives where nothing was given before, whichever lines were picked: that depends on
    /// what was given before.
    fn alone_on(&self, order: &Order, known: &Facts) -> Minor {
        Running::new(order, known)
            .cut(&self.for_all_sets().unpicked(), How::usual())
            .map_or(0, |cut| cut.money())
    }

    /// For as many sets as ever count.
    fn for_all_sets(&self) -> Self {
        let sets = self.bundle.as_ref().map_or(1, |bundle| bundle.most);
        self.for_sets(sets)
    }

    /// The same on all lines in scope, at the lowest price that any pick names.
    fn unpicked(&self) -> Self {
        let mut all = self.clone();
        if let Scope::Lines(lines) = &mut all.scope {
            let prices = lines.picks.iter().filter_map(|pick| pick.price);
            if let (Benefit::FixedPrice { price }, Some(least)) = (&mut all.benefit, prices.min()) {
                *price = least.min(*price);
            }
            lines.picks.clear();
        }
        all
    }
}
