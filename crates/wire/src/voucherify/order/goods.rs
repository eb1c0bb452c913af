//! Of which goods did a discount take something?

use offers::{Discount, Touched};

use super::{OrderInput, OrderItemInput};
use crate::voucherify::{ApplicabilityEffect, ApplicableTo, ItemUnits, List};

/// How an order names what is bought: by our id, or by the shop's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named<'a> {
    Product(&'a str),
    Sku(&'a str),
}

impl<'a> Named<'a> {
    #[must_use]
    pub fn product(&self) -> Option<&'a str> {
        match self {
            Self::Product(name) => Some(name),
            Self::Sku(_) => None,
        }
    }

    #[must_use]
    pub fn sku(&self) -> Option<&'a str> {
        match self {
            Self::Product(_) => None,
            Self::Sku(name) => Some(name),
        }
    }
}

/// What the catalogue calls the goods of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub id: String,
    pub source_id: Option<String>,
    /// The product of a SKU.
    pub product: Option<Box<Known>>,
}

impl OrderInput {
    /// The goods of lines that a discount took something of, each with the places of its lines,
    /// and with their units where it visited those. `known` is what the catalogue knows, line by
    /// line, where it was asked.
    #[must_use]
    pub fn goods_of(&self, discount: &Discount, known: &[Option<Known>]) -> List<ApplicableTo> {
        let items = self.items.iter().flatten().zip(0_u64..);
        let lines = items.filter(|(item, _)| !item.is_shipping());
        let lines = lines.zip(&discount.per_line).enumerate();
        let touched = lines.filter(|(_, (_, taken))| **taken > 0);
        let mut goods: Vec<ApplicableTo> = Vec::new();
        let mut left = MAX_UNITS;
        for (line, ((item, place), _)) in touched {
            let of = item.goods(known.get(line).and_then(Option::as_ref));
            let is_same = |one: &ApplicableTo| {
                (&one.object, &one.id, &one.source_id) == (&of.object, &of.id, &of.source_id)
            };
            let at = match goods.iter().position(is_same) {
                Some(at) => at,
                None => {
                    goods.push(of);
                    goods.len() - 1
                }
            };
            let Some(told) = goods.get_mut(at) else {
                continue;
            };
            told.order_item_indices.get_or_insert_default().push(place);
            let of_line = discount.touched.iter().find(|one| one.line == line);
            if let Some(of_line) = of_line {
                let units = units_of(of_line, (place, &mut left));
                told.order_item_units.get_or_insert_default().push(units);
            }
        }
        List::whole(goods)
    }
}

/// Single units that an answer lists.
const MAX_UNITS: usize = 1_000;

fn units_of(touched: &Touched, (index, left): (u64, &mut usize)) -> ItemUnits {
    let all = (0..touched.units).map(|nth| {
        let step = u64::from(nth) * u64::from(touched.every);
        u64::from(touched.first) + step + 1
    });
    let units: Vec<u64> = all.take(*left).collect();
    *left -= units.len();
    let is_exceeded = units.len() < touched.units as usize;
    ItemUnits {
        index,
        units,
        units_limit_exceeded: is_exceeded.then_some(true),
    }
}

impl OrderItemInput {
    /// What is bought; nothing where the line does not say.
    #[must_use]
    pub fn named(&self) -> Option<Named<'_>> {
        let is_sku = self.sku_id.is_some()
            || self.sku.is_some()
            || self.related_object.as_deref() == Some("sku");
        let name = self.sku_key()?;
        Some(match is_sku {
            true => Named::Sku(name),
            false => Named::Product(name),
        })
    }

    /// The goods by their ids: those of the catalogue, else those that the line gives. The shop's
    /// own name of a line is no id.
    fn goods(&self, known: Option<&Known>) -> ApplicableTo {
        let (object, id) = match self.named() {
            Some(Named::Sku(_)) => ("sku", self.sku_id.as_deref()),
            Some(Named::Product(_)) | None => ("product", self.product_id.as_deref()),
        };
        let product = known.and_then(|known| known.product.as_deref());
        let source = known.and_then(|known| known.source_id.clone());
        ApplicableTo {
            object: Some(object.to_owned()),
            id: known
                .map(|known| known.id.clone())
                .or(id.map(str::to_owned)),
            source_id: source.or_else(|| self.source_id.as_deref().map(str::to_owned)),
            product_id: product.map(|product| product.id.clone()),
            product_source_id: product.and_then(|product| product.source_id.clone()),
            effect: Some(ApplicabilityEffect::ApplyToEvery),
            ..ApplicableTo::default()
        }
    }
}
