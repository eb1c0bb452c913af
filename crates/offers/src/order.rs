//! The goods as the shop sends them, paid or not.

use std::sync::Arc;

use rules::Facts;
use serde::{Deserialize, Serialize};

use crate::{Currency, Minor};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sku(pub Arc<str>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The shop's name for it.
    pub id: Option<Arc<str>>,
    pub currency: Currency,
    pub lines: Vec<Line>,
    /// Gross amount where the shop sent one without lines; else the lines' sum.
    pub amount: Minor,
    pub shipping: Minor,
    /// Discount on the whole order that the shop brought along.
    pub discount: Minor,
    /// Where it is bought, for caps by store.
    pub store: Option<Arc<str>>,
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
