//! What does the shop's order say in our words?

pub use offers::MAX_MINOR;
use offers::{Currency, Line, Minor, Order, Sku};
use rules::{Facts, Reads, Telling};

use super::{OrderInput, OrderItemInput, SHIPPING_PRODUCT, SHIPPING_SOURCE};
use crate::{
    Malformed, decimal,
    voucherify::{Named, Unread, metadata::fact, unread_facts},
};

/// Lines in one order.
pub const MAX_ITEMS: usize = 500;

/// The order in our types, its lines with the facts that somebody reads. Where it names no
/// currency, `currency` is meant. A line of the reserved shipping product becomes the order's
/// shipping.
///
/// # Errors
/// With a pointer within the order: too many lines, amounts too large or contradictory.
pub fn order_to_domain(
    input: &OrderInput,
    currency: Currency,
    reads: &Reads,
) -> Result<Order, Malformed> {
    let items = input.items.as_deref().unwrap_or_default();
    if items.len() > MAX_ITEMS {
        return Err(Malformed::at(
            "/items",
            format!("more than {MAX_ITEMS} lines"),
        ));
    }
    let mut order = Order {
        currency: currency_of(input.currency.as_deref())?.unwrap_or(currency),
        lines: Vec::with_capacity(items.len()),
        amount: bounded(input.amount.unwrap_or(0), "/amount")?,
        shipping: 0,
        discount: bounded(input.discount_amount.unwrap_or(0), "/discount_amount")?,
        store: store_of(input),
        prices: Vec::new(),
    };
    for (index, item) in items.iter().enumerate() {
        let within = |wrong: Malformed| wrong.under(&index.to_string()).under("items");
        let line = line_of(item, reads).map_err(within)?;
        if item.is_shipping() {
            order.shipping = order.shipping.saturating_add(line.amount());
        } else {
            order.lines.push(line);
        }
    }
    // Lines without prices say what is bought, and the order what it comes to.
    if order.lines_amount() > 0 {
        order.amount = order.lines_amount();
    }
    bounded(order.amount.saturating_add(order.shipping), "/amount")?;
    Ok(order)
}

/// `order.metadata.*`: what somebody reads of what the order says beside its goods.
#[must_use]
pub fn order_metadata_facts(input: &OrderInput, reads: &Reads) -> Facts {
    let mut telling = Telling::to(reads);
    if let Some(metadata) = &input.metadata {
        unread_facts("order.metadata.", metadata, &mut telling);
    }
    telling.done()
}

/// Three letters, as ISO 4217 has them.
pub(crate) fn currency_of(text: Option<&str>) -> Result<Option<Currency>, Malformed> {
    let Some(text) = text else { return Ok(None) };
    let upper = text.to_ascii_uppercase();
    match <[u8; 3]>::try_from(upper.as_bytes()) {
        Ok(letters) if letters.iter().all(u8::is_ascii_uppercase) => Ok(Some(Currency(letters))),
        _ => Err(Malformed::at(
            "/currency",
            "not a currency: write three letters, as EUR",
        )),
    }
}

fn store_of(input: &OrderInput) -> Option<std::sync::Arc<str>> {
    let store = input.metadata.as_ref()?.get("store")?;
    store.as_text().map(Into::into)
}

fn bounded(amount: Minor, pointer: &str) -> Result<Minor, Malformed> {
    if amount > MAX_MINOR {
        return Err(Malformed::at(pointer, format!("more than {MAX_MINOR}")));
    }
    Ok(amount)
}

impl OrderItemInput {
    /// Whether the line is the shipping.
    #[must_use]
    pub fn is_shipping(&self) -> bool {
        let product = self.product.as_ref();
        self.product_id.as_deref() == Some(SHIPPING_PRODUCT)
            || self.source_id.as_deref() == Some(SHIPPING_SOURCE)
            || product.and_then(|product| product.id.as_deref()) == Some(SHIPPING_PRODUCT)
            || product.and_then(|product| product.source_id.as_deref()) == Some(SHIPPING_SOURCE)
    }

    /// Whether the line says so of its product or SKU: by our id, or by the shop's.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        let (product, sku) = (self.product.as_ref(), self.sku.as_ref());
        let names = [
            self.product_id.as_deref(),
            self.sku_id.as_deref(),
            self.source_id.as_deref(),
            product.and_then(|product| product.id.as_deref()),
            product.and_then(|product| product.source_id.as_deref()),
            sku.and_then(|sku| sku.id.as_deref()),
            sku.and_then(|sku| sku.source_id.as_deref()),
        ];
        names.contains(&Some(name))
    }

    /// The product: by our id first, then by the shop's.
    fn product_key(&self) -> Option<&str> {
        let product = self.product.as_ref();
        let of_product = self.related_object.as_deref() != Some("sku");
        self.product_id
            .as_deref()
            .or_else(|| self.source_id.as_deref().filter(|_| of_product))
            .or_else(|| product.and_then(|product| product.source_id.as_deref()))
            .or_else(|| product.and_then(|product| product.id.as_deref()))
    }

    /// The SKU where there is one, else the product.
    pub(super) fn sku_key(&self) -> Option<&str> {
        let sku = self.sku.as_ref();
        let of_sku = self.related_object.as_deref() == Some("sku");
        self.sku_id
            .as_deref()
            .or_else(|| self.source_id.as_deref().filter(|_| of_sku))
            .or_else(|| sku.and_then(|sku| sku.source_id.as_deref()))
            .or_else(|| sku.and_then(|sku| sku.id.as_deref()))
            .or_else(|| self.product_key())
    }
}

fn line_of(item: &OrderItemInput, reads: &Reads) -> Result<Line, Malformed> {
    let sku = item.sku_key();
    let sku = sku.ok_or_else(|| Malformed::at("", "needs a product_id, sku_id or source_id"))?;
    let quantity = u32::try_from(item.quantity.unwrap_or(1))
        .map_err(|_| Malformed::at("/quantity", "too large"))?;
    let unit_price = unit_price(item, quantity.into())?;
    let amount = unit_price.checked_mul(quantity.into());
    let too_large = || Malformed::at("/amount", "price times quantity is too large");
    bounded(amount.ok_or_else(too_large)?, "/amount")?;
    Ok(Line {
        sku: Sku(sku.into()),
        quantity,
        unit_price,
        unit_cost: unit_cost(item)?,
        discount: bounded(item.discount_amount.unwrap_or(0), "/discount_amount")?,
        facts: line_facts(item, reads),
    })
}

/// The price of one unit, from the line, the SKU, the product, or the amount where it divides.
pub(super) fn unit_price(item: &OrderItemInput, quantity: u64) -> Result<Minor, Malformed> {
    if let Some(price) = item.price {
        return bounded(price, "/price");
    }
    let of_sku = item.sku.as_ref().and_then(|sku| sku.price);
    let of_product = item.product.as_ref().and_then(|product| product.price);
    match item.amount {
        None => match (of_sku, of_product) {
            (Some(price), _) => bounded(price, "/sku/price"),
            (None, Some(price)) => bounded(price, "/product/price"),
            (None, None) => Ok(0),
        },
        Some(0) => Ok(0),
        Some(amount) if amount.checked_rem(quantity) == Some(0) => Ok(amount / quantity),
        Some(_) => {
            let detail = "is not a whole multiple of the quantity: send a price";
            Err(Malformed::at("/amount", detail))
        }
    }
}

/// Ours: what one unit costs the shop, in minor units, from the metadata of line or product.
fn unit_cost(item: &OrderItemInput) -> Result<Option<Minor>, Malformed> {
    let of_product = item
        .product
        .as_ref()
        .and_then(|product| product.metadata.as_ref());
    let sources = [
        ("/metadata/unit_cost", item.metadata.as_ref()),
        ("/product/metadata/unit_cost", of_product),
    ];
    for (pointer, metadata) in sources {
        if let Some(value) = metadata.and_then(|metadata| metadata.get("unit_cost")) {
            let wrong = || Malformed::at(pointer, "not a whole number of minor units");
            let text = value.as_written().ok_or_else(wrong)?;
            let cost = text
                .parse()
                .ok()
                .or_else(|| whole(&text))
                .ok_or_else(wrong)?;
            return bounded(cost, pointer).map(Some);
        }
    }
    Ok(None)
}

/// `1200.0` and `1.2e3` are whole numbers too.
fn whole(text: &str) -> Option<Minor> {
    let thousandths = decimal::scaled(text, 3).ok()?;
    (thousandths % 1000 == 0).then_some(thousandths / 1000)
}

fn line_facts(item: &OrderItemInput, reads: &Reads) -> Facts {
    let mut telling = Telling::to(reads);
    let of_product = item
        .product
        .as_ref()
        .and_then(|product| product.metadata.as_ref());
    let of_sku = item.sku.as_ref().and_then(|sku| sku.metadata.as_ref());
    // What says more of the line comes later, and wins.
    let all = [of_product, of_sku, item.metadata.as_ref()];
    for metadata in all.into_iter().flatten() {
        unread_facts("line.metadata.", metadata, &mut telling);
    }
    let named = |key| {
        let said = |metadata: &Unread| fact(metadata.get(key)?);
        let mut said = all.into_iter().flatten().rev().filter_map(said);
        said.next().filter(|value| value.as_text().is_some())
    };
    telling.find("line.category", || named("category"));
    telling.find("line.brand", || named("brand"));
    telling.find("line.product", || item.product_key());
    telling.find("line.is_sku", || {
        Some(matches!(item.named()?, Named::Sku(_)))
    });
    telling.done()
}
