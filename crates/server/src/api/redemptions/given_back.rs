//! How does an order look once discounts on it were given back, in part or all of them?

use ledger::Minor;
use wire::voucherify::{OrderInput, OrderStatus, OrderView};

use crate::{
    checkout::{PutBack, Sale, StoredOrder},
    problem::Refused,
};

/// Takes from an order, as it was sold last, what was given back since: item by item what the last
/// use took off those, and of the order as one amount also what earlier uses took.
///
/// # Errors
/// Never for what is stored; a fault if it happens.
pub(super) fn put_back(
    view: &mut OrderView,
    (order, sale): (&StoredOrder, &Sale),
) -> Result<(), Refused> {
    let Some((last, before)) = order.uses.split_last() else {
        return Ok(());
    };
    let input: OrderInput = sale.input.read()?;
    let own = input.discount_amount.unwrap_or(0);
    let by_last = sale.priced.discounts.iter().map(|one| one.on_order);
    let by_last = by_last.fold(0, Minor::saturating_add);
    let before_then = sale
        .priced
        .on_order
        .saturating_sub(own)
        .saturating_sub(by_last);
    let before_now = before.iter().map(|one| one.discount);
    let gone = before_then.saturating_sub(before_now.fold(0, Minor::saturating_add));
    view.discount_amount = view.discount_amount.saturating_sub(gone);
    take_off(view, &last.back);
    Ok(())
}

fn take_off(view: &mut OrderView, back: &PutBack) {
    view.discount_amount = view.discount_amount.saturating_sub(back.on_order);
    view.applied_discount_amount = view.applied_discount_amount.saturating_sub(back.on_order);
    for (item, back) in view.items.iter_mut().zip(&back.by_item) {
        let back = (*back).min(item.discount_amount);
        item.discount_amount -= back;
        item.applied_discount_amount = item.applied_discount_amount.saturating_sub(back);
        if item.applied_quantity > 0 {
            // What joined as a gift is not bought instead: it goes with its discount.
            item.amount = item.amount.saturating_sub(back);
            view.amount = view.amount.saturating_sub(back);
        }
        item.subtotal_amount = item.amount.saturating_sub(item.discount_amount);
    }
    let items = view.items.iter();
    view.items_discount_amount = items.clone().map(|item| item.discount_amount).sum();
    view.items_applied_discount_amount = items.map(|item| item.applied_discount_amount).sum();
    view.total_discount_amount = view.discount_amount + view.items_discount_amount;
    view.total_applied_discount_amount =
        view.applied_discount_amount + view.items_applied_discount_amount;
    view.total_amount = view.amount.saturating_sub(view.total_discount_amount);
}

/// An order of which nothing stands: cancelled, at its full price.
pub(super) fn without_discounts(view: &mut OrderView) {
    view.status = Some(OrderStatus::Canceled);
    view.discount_amount = 0;
    view.items_discount_amount = 0;
    view.total_discount_amount = 0;
    view.applied_discount_amount = 0;
    view.items_applied_discount_amount = 0;
    view.total_applied_discount_amount = 0;
    if view.initial_amount > 0 {
        view.amount = view.initial_amount;
    }
    view.total_amount = view.amount;
    view.items.retain(|item| item.applied_quantity <= 0);
    for item in &mut view.items {
        let gone = item.applied_quantity.unsigned_abs();
        item.quantity = item.quantity.saturating_add(gone);
        let amount = item.applied_quantity_amount.unsigned_abs();
        item.amount = item.amount.saturating_add(amount);
        item.applied_quantity = 0;
        item.applied_quantity_amount = 0;
        item.application_details.clear();
        item.discount_amount = 0;
        item.applied_discount_amount = 0;
        item.discount_quantity = 0;
        item.applied_discount_quantity = 0;
        item.subtotal_amount = item.amount;
    }
}
