//! What happened in the shop? Segment's commerce events (version 2) as our activities.
//!
//! Only the properties named here are read; all others, positions, recipients and messages among
//! them, leave no byte.

use std::borrow::Cow;

use offers::Minor;
use profiles::{Activity, Item, Kind, Name, Order, Product, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    event::Moment,
    read::{Amount, Text, part},
};
use crate::Malformed;

/// Needs a purpose that nobody can grant yet: what was searched for, and where somebody was.
const WITHHELD: [&str; 2] = ["Products Searched", "Zone Entered"];

/// Something that happened, with what names it outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Track<'a> {
    pub activity: Activity,
    /// The shop's id of the order.
    pub order_id: Option<Cow<'a, str>>,
    /// The decision whose offer was shown.
    pub promotion_id: Option<Cow<'a, str>>,
    /// Of an order that was completed.
    pub costs: Option<OrderCosts>,
}

/// Ours: what an order cost the shop, in minor units; unknown where it did not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderCosts {
    /// Of all goods; unknown where one line's is.
    pub goods: Option<Minor>,
    pub shipping: Option<Minor>,
    pub fees: Option<Minor>,
}

impl Track<'_> {
    pub(super) fn plain(activity: Activity) -> Self {
        Self {
            activity,
            order_id: None,
            promotion_id: None,
            costs: None,
        }
    }
}

#[derive(Default, Deserialize)]
struct Properties<'a> {
    #[serde(borrow)]
    order_id: Option<Text<'a>>,
    #[serde(borrow)]
    promotion_id: Option<Text<'a>>,
    #[serde(borrow)]
    currency: Option<Text<'a>>,
    #[serde(borrow)]
    value: Option<Amount<'a>>,
    #[serde(borrow)]
    total: Option<Amount<'a>>,
    #[serde(borrow)]
    revenue: Option<Amount<'a>>,
    #[serde(borrow)]
    subtotal: Option<Amount<'a>>,
    #[serde(borrow)]
    discount: Option<Amount<'a>>,
    #[serde(borrow)]
    shipping_cost: Option<Amount<'a>>,
    #[serde(borrow)]
    fees: Option<Amount<'a>>,
    #[serde(borrow)]
    products: Option<Vec<Bought<'a>>>,
    #[serde(borrow)]
    product_id: Option<Text<'a>>,
    #[serde(borrow)]
    sku: Option<Text<'a>>,
    #[serde(borrow)]
    category: Option<Text<'a>>,
    #[serde(borrow)]
    brand: Option<Text<'a>>,
}

#[derive(Default, Deserialize)]
struct Bought<'a> {
    #[serde(borrow)]
    product_id: Option<Text<'a>>,
    #[serde(borrow)]
    sku: Option<Text<'a>>,
    #[serde(borrow)]
    category: Option<Text<'a>>,
    #[serde(borrow)]
    brand: Option<Text<'a>>,
    #[serde(borrow)]
    price: Option<Amount<'a>>,
    #[serde(borrow)]
    quantity: Option<Amount<'a>>,
    #[serde(borrow)]
    cost: Option<Amount<'a>>,
}

/// The track event, or `None` where nothing of it may be used.
pub(super) fn track<'a>(
    name: &str,
    raw: Option<&'a RawValue>,
    at: Timestamp,
    moment: &Moment,
) -> Result<Option<Track<'a>>, Malformed> {
    if WITHHELD.contains(&name) {
        return Ok(None);
    }
    let properties: Properties<'a> = match name {
        "Product Viewed" | "Product Clicked" | "Product Added" | "Cart Viewed"
        | "Checkout Started" | "Order Completed" | "Order Refunded" | "Promotion Viewed" => {
            part(raw)?
        }
        _ => {
            return Ok(Some(Track::plain(Activity {
                at,
                kind: named(name),
            })));
        }
    };
    let reader = Reader {
        properties: &properties,
        moment,
    };
    let kind = reader.kind(name)?;
    let costs = match kind {
        Kind::OrderCompleted(_) => Some(reader.costs()?),
        _ => None,
    };
    Ok(Some(Track {
        activity: Activity { at, kind },
        order_id: properties.order_id.map(|id| id.0),
        promotion_id: properties.promotion_id.map(|id| id.0),
        costs,
    }))
}

fn named(name: &str) -> Kind {
    Kind::Named(Name::from(name))
}

struct Reader<'r, 'a> {
    properties: &'r Properties<'a>,
    moment: &'r Moment,
}

impl Reader<'_, '_> {
    fn kind(&self, name: &str) -> Result<Kind, Malformed> {
        match name {
            "Product Viewed" | "Product Clicked" => Ok(Kind::ProductViewed(self.product())),
            "Product Added" => Ok(Kind::ProductAdded(self.product())),
            "Cart Viewed" => Ok(self
                .value()?
                .map_or_else(|| named(name), |value| Kind::CartViewed { value })),
            "Checkout Started" => Ok(self
                .value()?
                .map_or_else(|| named(name), |value| Kind::CheckoutStarted { value })),
            "Order Completed" => self.order().map(Kind::OrderCompleted),
            "Order Refunded" => {
                let order_key = self.order_key()?;
                Ok(Kind::OrderRefunded {
                    order_key,
                    amount: self.total()?,
                })
            }
            "Promotion Viewed" => Ok(Kind::OfferExposed),
            other => Ok(named(other)),
        }
    }

    fn product(&self) -> Product {
        let all = self.properties;
        product(
            &all.category,
            &all.brand,
            all.sku.as_ref().or(all.product_id.as_ref()),
        )
    }

    fn order(&self) -> Result<Order, Malformed> {
        Ok(Order {
            order_key: self.order_key()?,
            total: self.total()?,
            discount: self
                .minor(self.properties.discount, "/discount")?
                .unwrap_or(0),
            items: self.items()?,
        })
    }

    fn order_key(&self) -> Result<u64, Malformed> {
        let id = self
            .properties
            .order_id
            .as_ref()
            .filter(|Text(id)| !id.is_empty());
        let missing = || Malformed::at("/order_id", "is required");
        id.map(|Text(id)| xxhash_rust::xxh3::xxh3_64(id.as_bytes()))
            .ok_or_else(missing)
    }

    /// What was paid: told as such, or the goods' prices less the discount.
    fn total(&self) -> Result<Minor, Malformed> {
        let all = self.properties;
        let told = [
            (all.total, "/total"),
            (all.revenue, "/revenue"),
            (all.value, "/value"),
            (all.subtotal, "/subtotal"),
        ];
        for (amount, pointer) in told {
            if let Some(amount) = self.minor(amount, pointer)? {
                return Ok(amount);
            }
        }
        let discount = self.minor(all.discount, "/discount")?.unwrap_or(0);
        let missing = || Malformed::at("/total", "is required");
        let goods = self.of_products()?.ok_or_else(missing)?;
        Ok(goods.saturating_sub(discount))
    }

    /// What a cart is worth, where it says so.
    fn value(&self) -> Result<Option<Minor>, Malformed> {
        let all = self.properties;
        for (amount, pointer) in [
            (all.value, "/value"),
            (all.revenue, "/revenue"),
            (all.total, "/total"),
        ] {
            if let Some(amount) = self.minor(amount, pointer)? {
                return Ok(Some(amount));
            }
        }
        self.of_products()
    }

    /// The sum of price times quantity; `None` where a price is missing.
    fn of_products(&self) -> Result<Option<Minor>, Malformed> {
        let Some(products) = &self.properties.products else {
            return Ok(None);
        };
        let priced = !products.is_empty() && products.iter().all(|one| one.price.is_some());
        let sum = self
            .items()?
            .iter()
            .map(|item| item.amount)
            .fold(0, Minor::saturating_add);
        Ok(priced.then_some(sum))
    }

    fn items(&self) -> Result<Vec<Item>, Malformed> {
        let products = self.properties.products.as_deref().unwrap_or_default();
        let read = |(index, one)| self.item(one).map_err(|wrong| within(index, wrong));
        products.iter().enumerate().map(read).collect()
    }

    fn item(&self, one: &Bought<'_>) -> Result<Item, Malformed> {
        let quantity = quantity(one)?;
        let price = self.minor(one.price, "/price")?.unwrap_or(0);
        let amount = price.checked_mul(quantity.into());
        Ok(Item {
            product: product(
                &one.category,
                &one.brand,
                one.sku.as_ref().or(one.product_id.as_ref()),
            ),
            quantity,
            amount: amount.ok_or_else(|| Malformed::at("/price", "too large"))?,
        })
    }

    fn costs(&self) -> Result<OrderCosts, Malformed> {
        Ok(OrderCosts {
            goods: self.goods()?,
            shipping: self.minor(self.properties.shipping_cost, "/shipping_cost")?,
            fees: self.minor(self.properties.fees, "/fees")?,
        })
    }

    fn goods(&self) -> Result<Option<Minor>, Malformed> {
        let products = self.properties.products.as_deref().unwrap_or_default();
        let mut sum: Minor = 0;
        for (index, one) in products.iter().enumerate() {
            let cost = self
                .minor(one.cost, "/cost")
                .map_err(|wrong| within(index, wrong))?;
            let Some(cost) = cost else { return Ok(None) };
            let quantity = quantity(one).map_err(|wrong| within(index, wrong))?;
            sum = sum.saturating_add(cost.saturating_mul(quantity.into()));
        }
        Ok((!products.is_empty()).then_some(sum))
    }

    /// Money in the project's currency: another one cannot be added to it.
    fn minor(&self, amount: Option<Amount<'_>>, pointer: &str) -> Result<Option<Minor>, Malformed> {
        let Some(amount) = amount else {
            return Ok(None);
        };
        let theirs = self.properties.currency.as_ref();
        let is_ours = |Text(text): &Text<'_>| {
            text.as_bytes()
                .eq_ignore_ascii_case(&self.moment.currency.0)
        };
        if !theirs.is_none_or(is_ours) {
            return Err(Malformed::at("/currency", "not the project's currency"));
        }
        amount.minor(self.moment.places, pointer).map(Some)
    }
}

fn quantity(one: &Bought<'_>) -> Result<u32, Malformed> {
    one.quantity
        .map_or(Ok(1), |quantity| quantity.count("/quantity"))
}

fn within(index: usize, wrong: Malformed) -> Malformed {
    wrong.under(&index.to_string()).under("products")
}

fn product(
    category: &Option<Text<'_>>,
    brand: &Option<Text<'_>>,
    sku: Option<&Text<'_>>,
) -> Product {
    let name = |text: &Text<'_>| Name::from(text.0.as_ref());
    Product {
        category: category.as_ref().map(name),
        brand: brand.as_ref().map(name),
        sku: sku.map(name),
    }
}
