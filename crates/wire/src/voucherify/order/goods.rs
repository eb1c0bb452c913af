//! Of which goods did a discount take something?

use offers::Minor;

use super::{OrderInput, OrderItemInput};
use crate::voucherify::{ApplicabilityEffect, ApplicableTo, List};

impl OrderInput {
    /// The goods of lines that a discount took something of, each with the places of its lines.
    #[must_use]
    pub fn goods_of(&self, per_line: &[Minor]) -> List<ApplicableTo> {
        let items = self.items.iter().flatten().zip(per_line).zip(0_u64..);
        let touched = items.filter(|((_, taken), _)| **taken > 0);
        let mut goods: Vec<ApplicableTo> = Vec::new();
        for ((item, _), place) in touched {
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
    fn goods(&self) -> ApplicableTo {
        let is_sku = self.sku_id.is_some()
            || self.sku.is_some()
            || self.related_object.as_deref() == Some("sku");
        ApplicableTo {
            object: Some(if is_sku { "sku" } else { "product" }.to_owned()),
            id: self.sku_key().map(str::to_owned),
            source_id: self.source_id.as_deref().map(str::to_owned),
            effect: Some(ApplicabilityEffect::ApplyToEvery),
            ..ApplicableTo::default()
        }
    }
}
