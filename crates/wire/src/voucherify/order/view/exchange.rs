//! Which units of an order gave way to which others?

use offers::{Discount, Minor, Priced};

use crate::voucherify::{ApplicationDetails, OrderInput, OrderItemView};

/// Tells what one discount exchanged: of what gave way, and of what joined.
pub(super) fn tell(
    items: &mut [OrderItemView],
    (input, priced): (&OrderInput, &Priced),
    at: usize,
) {
    let Some(discount) = priced.discounts.get(at) else {
        return;
    };
    let details = details(input, (priced, discount), at);
    for one in &details {
        if let Some(source) = item(items, one.source_index) {
            source.applied_quantity += one.source_applied_quantity;
            source.applied_quantity_amount += one.source_applied_quantity_amount;
            source.application_details.push(*one);
        }
        if let Some(target) = item(items, one.target_index) {
            target.application_details.push(*one);
        }
    }
}

fn item(items: &mut [OrderItemView], index: u64) -> Option<&mut OrderItemView> {
    items.get_mut(usize::try_from(index).ok()?)
}

fn details(
    input: &OrderInput,
    (priced, discount): (&Priced, &Discount),
    at: usize,
) -> Vec<ApplicationDetails> {
    let all: u64 = discount.removed.iter().map(|units| u64::from(*units)).sum();
    let [target] = priced.joined(at) else {
        return Vec::new();
    };
    let Some(each) = u64::from(target.quantity).checked_div(all) else {
        return Vec::new();
    };
    let before = priced.discounts.iter().take(at);
    let joined: usize = before.map(|one| one.joined).sum();
    let sent = input.items.as_deref().unwrap_or_default();
    let target_index = (sent.len() + joined) as u64;
    let places = sent.iter().enumerate();
    let places = places.filter(|(_, item)| !item.is_shipping());
    // Lines that joined before may have given way, too.
    let places = places.map(|(place, _)| place).chain(sent.len()..);
    let lines = discount.removed.iter().zip(&priced.lines).zip(places);
    let gone = lines.filter(|((units, _), _)| **units > 0);
    let mut details = Vec::new();
    let mut more: Vec<Minor> = Vec::new();
    for ((units, line), place) in gone {
        let units = u64::from(*units);
        let (source, instead) = (
            line.unit_price.saturating_mul(units),
            target.unit_price.saturating_mul(units * each),
        );
        more.push(instead.saturating_sub(source));
        details.push(ApplicationDetails {
            source_index: place as u64,
            source_applied_quantity: -signed(units),
            source_applied_quantity_amount: -signed(source),
            target_index,
            target_applied_quantity: signed(units * each),
            target_applied_quantity_amount: signed(instead),
            target_applied_discount_amount: 0,
        });
    }
    let all = priced.discounts.iter().map(|one| one.joined).sum();
    let line = priced.lines.len().saturating_sub(all) + joined;
    let given = discount.per_line.get(line).copied().unwrap_or(0);
    let parts = ledger::allocate(given, &more);
    for (one, part) in details.iter_mut().zip(parts) {
        one.target_applied_discount_amount = part;
    }
    details
}

pub(super) fn signed(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}
