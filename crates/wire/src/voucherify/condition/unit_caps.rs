//! How many units of a product may be discounted over many orders? Eight limits of one entry, each
//! a cap in the books.

use offers::{CappedGoods, UnitCap, UnitReach};

use super::super::ApplicableTo;
use crate::Malformed;

use UnitReach::{Campaign, CampaignCustomer, Tier, TierCustomer};

/// A limit of an entry: its name, over what it counts, and how much it is.
type Limit = (&'static str, UnitReach, fn(&ApplicableTo) -> Option<u64>);

/// What counts the product that an entry names.
const OF_PRODUCT: [Limit; 4] = [
    ("product_campaign_quantity_limit", Campaign, |of| {
        of.product_campaign_quantity_limit
    }),
    (
        "product_customer_campaign_quantity_limit",
        CampaignCustomer,
        |of| of.product_customer_campaign_quantity_limit,
    ),
    ("product_promotion_tier_quantity_limit", Tier, |of| {
        of.product_promotion_tier_quantity_limit
    }),
    (
        "product_customer_promotion_tier_quantity_limit",
        TierCustomer,
        |of| of.product_customer_promotion_tier_quantity_limit,
    ),
];

/// What counts each product by itself of the collection that an entry names.
const OF_EACH: [Limit; 4] = [
    (
        "product_in_collection_campaign_quantity_limit",
        Campaign,
        |of| of.product_in_collection_campaign_quantity_limit,
    ),
    (
        "product_in_collection_customer_campaign_quantity_limit",
        CampaignCustomer,
        |of| of.product_in_collection_customer_campaign_quantity_limit,
    ),
    (
        "product_in_collection_promotion_tier_quantity_limit",
        Tier,
        |of| of.product_in_collection_promotion_tier_quantity_limit,
    ),
    (
        "product_in_collection_customer_promotion_tier_quantity_limit",
        TierCustomer,
        |of| of.product_in_collection_customer_promotion_tier_quantity_limit,
    ),
];

/// The caps that an entry sets.
///
/// # Errors
/// A limit that is passed over would give without a limit: one that cannot be kept is refused.
pub(super) fn of(entry: &ApplicableTo) -> Result<Vec<UnitCap>, Malformed> {
    refuse_formulas(entry)?;
    let is_collection = entry.object.as_deref() == Some("products_collection");
    let (mine, others, detail) = match is_collection {
        true => (
            OF_EACH,
            OF_PRODUCT,
            "is for a product: of a collection each product counts, product_in_collection_…",
        ),
        false => (
            OF_PRODUCT,
            OF_EACH,
            "is for a collection: this entry names none",
        ),
    };
    if let Some((name, ..)) = others.iter().find(|(.., limit)| limit(entry).is_some()) {
        return Err(Malformed::at(format!("/{name}"), detail));
    }
    let name = entry.id.as_deref().or(entry.source_id.as_deref());
    let name = name.unwrap_or_default();
    let goods = || match is_collection {
        true => CappedGoods::EachIn(name.into()),
        false => CappedGoods::Product(name.into()),
    };
    let set = mine.iter().filter_map(|(_, reach, limit)| {
        let limit = limit(entry)?;
        let (goods, reach) = (goods(), *reach);
        Some(UnitCap {
            goods,
            reach,
            limit,
        })
    });
    Ok(set.collect())
}

/// A cap holds for all orders alike: it cannot be counted for each.
fn refuse_formulas(entry: &ApplicableTo) -> Result<(), Malformed> {
    let is_formula =
        |name: &str| name.starts_with("product_") && name.ends_with("_quantity_limit_formula");
    let mut sent = entry.more.iter().filter(|(_, value)| !value.is_null());
    match sent.find(|(name, _)| is_formula(name)) {
        Some((name, _)) => Err(Malformed::at(
            format!("/{name}"),
            "not supported: this limit is one number for all orders",
        )),
        None => Ok(()),
    }
}
