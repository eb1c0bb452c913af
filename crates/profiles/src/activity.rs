//! What happened, reduced to the properties that features read?

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{Timestamp, tallies::slug};

/// Minor units of the project's currency.
pub type Minor = u64;

/// A category, brand, article or event as the shop names it.
pub type Name = Arc<str>;

/// Items of one order that count towards tastes; those after them count in the totals alone.
pub const MAX_ITEMS: usize = 200;

/// A longer name is treated as absent: a shortened one would be another name.
pub const MAX_NAME_BYTES: usize = 128;

/// One event of one customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    pub at: Timestamp,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    Page,
    ProductViewed(Product),
    ProductAdded(Product),
    CartViewed {
        value: Minor,
    },
    CheckoutStarted {
        value: Minor,
    },
    OrderCompleted(Order),
    OrderRefunded {
        order_key: u64,
        amount: Minor,
    },
    OfferExposed,
    /// Anything else, by its name: `Payment Failed`, `Return Opened`.
    Named(Name),
}

impl Kind {
    /// The name of the event as it stands in a path.
    #[must_use]
    pub fn slug(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Page => "page",
            Self::ProductViewed(_) => "product_viewed",
            Self::ProductAdded(_) => "product_added",
            Self::CartViewed { .. } => "cart_viewed",
            Self::CheckoutStarted { .. } => "checkout_started",
            Self::OrderCompleted(_) => "order_completed",
            Self::OrderRefunded { .. } => "order_refunded",
            Self::OfferExposed => "offer_exposed",
            Self::Named(name) => return Cow::Owned(slug(name)),
        })
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    pub category: Option<Name>,
    pub brand: Option<Name>,
    pub sku: Option<Name>,
}

/// A paid order. Whether the same order was told twice is for the caller to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// A hash of the shop's order id.
    pub order_key: u64,
    /// What was paid, after the discount.
    pub total: Minor,
    pub discount: Minor,
    pub items: Vec<Item>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub product: Product,
    pub quantity: u32,
    /// What was paid for all of the quantity.
    pub amount: Minor,
}
