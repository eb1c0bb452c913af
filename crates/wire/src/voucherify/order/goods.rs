//! Of which goods did a discount take something?

use offers::Minor;

use super::{OrderInput, OrderItemInput};
use crate::voucherify::{ApplicabilityEffect, ApplicableTo, List};

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

impl OrderInput {
    /// The goods of lines that a discount took something of, each with the places of its lines.
    #[must_use]
    pub fn goods_of(&self, per_line: &[Minor]) -> List<ApplicableTo> {
        let items = self.items.iter().flatten().zip(0_u64..);
        let lines = items.filter(|(item, _)| !item.is_shipping()).zip(per_line);
        let touched = lines.filter(|(_, taken)| **taken > 0);
        let mut goods: Vec<ApplicableTo> = Vec::new();
        for ((item, place), _) in touched {
            let of = item.goods();
            match goods.iter_mut().find(|one| one.id == of.id) {
                Some(known) => known.order_item_indices.get_or_insert_default().push(place),
                None => goods.push(ApplicableTo {
                    order_item_indices: Some(vec![place]),
                    ..of
                }),
            }
        }
        List::whole(goods)
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

    fn goods(&self) -> ApplicableTo {
        let named = self.named();
        let object = match named {
            Some(Named::Sku(_)) => "sku",
            Some(Named::Product(_)) | None => "product",
        };
        ApplicableTo {
            object: Some(object.to_owned()),
            id: named.map(|named| match named {
                Named::Sku(name) | Named::Product(name) => name.to_owned(),
            }),
            source_id: self.source_id.as_deref().map(str::to_owned),
            effect: Some(ApplicabilityEffect::ApplyToEvery),
            ..ApplicableTo::default()
        }
    }
}
