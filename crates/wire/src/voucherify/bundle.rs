//! What does an order hold of a bundle, in an answer?

use offers::{Bundle, GoodsKind, Missing, Refusal, Sets};
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct BundleResult {
    /// Complete sets that count.
    pub quantity: u32,
    /// How many count at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    pub identified: Vec<BundleItem>,
    pub missing: Vec<BundleItem>,
}

/// Units of one part.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct BundleItem {
    pub id: String,
    pub object: &'static str,
    /// From 0; not of what is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_index: Option<usize>,
    pub item_quantity: u32,
}

impl BundleResult {
    #[must_use]
    pub fn of(bundle: &Bundle, sets: &Sets) -> Self {
        let identified = sets.units.iter().filter_map(|one| {
            let part = bundle.parts.get(one.part)?;
            Some(BundleItem {
                id: part.name.to_string(),
                object: object(part.kind),
                item_index: Some(one.line),
                item_quantity: one.units,
            })
        });
        Self {
            quantity: sets.count,
            limit: Some(bundle.most),
            identified: identified.collect(),
            missing: Vec::new(),
        }
    }

    /// Where a refusal says that there is no complete set.
    #[must_use]
    pub fn lacking(refusal: &Refusal) -> Option<Self> {
        let Refusal::BundleIncomplete { missing } = refusal else {
            return None;
        };
        let item = |one: &Missing| BundleItem {
            id: one.name.to_string(),
            object: object(one.kind),
            item_index: None,
            item_quantity: one.units,
        };
        Some(Self {
            quantity: 0,
            limit: None,
            identified: Vec::new(),
            missing: missing.iter().map(item).collect(),
        })
    }
}

fn object(kind: GoodsKind) -> &'static str {
    match kind {
        GoodsKind::Sku => "sku",
        GoodsKind::Product => "product",
        GoodsKind::Collection => "products_collection",
    }
}
