//! The goods as the shop sends them, paid or not.

use std::sync::Arc;

use rules::Facts;
use serde::{Deserialize, Serialize};

use crate::{Currency, Minor};

/// No order comes to more, nor with what joins it, in minor units: beyond it a sum of lines could
/// pass what we count with.
pub const MAX_MINOR: Minor = 1_000_000_000_000_000;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sku(pub Arc<str>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub currency: Currency,
    pub lines: Vec<Line>,
    /// Gross amount where the shop sent one without lines; else the lines' sum.
    pub amount: Minor,
    pub shipping: Minor,
    /// Discount on the whole order that the shop brought along.
    pub discount: Minor,
    /// Where it is bought, for caps by store.
    pub store: Option<Arc<str>>,
    /// What a unit costs of products that may join it.
    pub prices: Vec<(Sku, Minor)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub sku: Sku,
    pub quantity: u32,
    pub unit_price: Minor,
    /// What the goods cost the shop; unknown where it did not say.
    pub unit_cost: Option<Minor>,
    /// Discount on the line that the shop brought along.
    pub discount: Minor,
    /// `line.*` facts: sku, category, brand, metadata.
    pub facts: Facts,
}

impl Order {
    /// What the goods cost before any discount: the lines' sum, or the amount sent without lines.
    #[must_use]
    pub fn gross(&self) -> Minor {
        if self.lines.is_empty() {
            self.amount
        } else {
            self.lines_amount()
        }
    }

    /// The sum of the lines before any discount.
    #[must_use]
    pub fn lines_amount(&self) -> Minor {
        self.lines
            .iter()
            .map(Line::amount)
            .fold(0, Minor::saturating_add)
    }

    /// What a unit of a product costs at list price, the dearest line where several hold it; where
    /// none does, as it is said of what may join.
    #[must_use]
    pub fn price_of(&self, sku: &Sku) -> Option<Minor> {
        let lines = self.lines.iter().filter(|line| line.sku == *sku);
        let in_order = lines.map(|line| line.unit_price).max();
        in_order.or_else(|| {
            let mut prices = self.prices.iter();
            prices
                .find(|(known, _)| known == sku)
                .map(|(_, price)| *price)
        })
    }

    /// How many units all lines hold.
    #[must_use]
    pub fn units(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.quantity)).sum()
    }
}

impl Line {
    /// Price times quantity, before any discount.
    #[must_use]
    pub fn amount(&self) -> Minor {
        self.unit_price.saturating_mul(self.quantity.into())
    }
}
