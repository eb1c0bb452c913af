//! How does a priced order look on the wire, after each redeemable and after all?

mod exchange;

use std::ops::Range;

use offers::{Discount, Minor, Priced, PricedLine};

use super::{OrderInput, OrderItemInput, OrderItemView, OrderView, ProductRef, domain::unit_price};

impl OrderView {
    /// The order after the first `upto` discounts, of which `applied` are told as this call's.
    fn between(input: &OrderInput, priced: &Priced, applied: Range<usize>) -> Self {
        let seen = Seen {
            priced,
            upto: applied.end,
        };
        let items = seen.items(input, &applied);
        let shipping = shipping_amount(input);
        let amount = seen.amount().saturating_add(shipping);
        let before = Seen { priced, upto: 0 };
        let initial = before.amount().saturating_add(shipping);
        let later_on_order: Minor = seen.later().map(|discount| discount.on_order).sum();
        let discount_amount = priced.on_order.saturating_sub(later_on_order);
        let items_discount_amount = items.iter().map(|item| item.discount_amount).sum();
        let applied_discount_amount = seen
            .applied(&applied)
            .map(|discount| discount.on_order)
            .sum();
        let items_applied_discount_amount =
            items.iter().map(|item| item.applied_discount_amount).sum();
        let total_discount_amount = discount_amount + items_discount_amount;
        Self {
            id: input.id.clone(),
            source_id: input.source_id.clone(),
            status: input.status,
            amount,
            initial_amount: if amount == initial { 0 } else { initial },
            discount_amount,
            items_discount_amount,
            total_discount_amount,
            total_amount: amount.saturating_sub(total_discount_amount),
            applied_discount_amount,
            items_applied_discount_amount,
            total_applied_discount_amount: applied_discount_amount + items_applied_discount_amount,
            items,
            metadata: input.metadata.clone().unwrap_or_default(),
            ..Self::default()
        }
    }

    /// After all redeemables: what was applied is the sum of what each gave.
    #[must_use]
    pub fn priced(input: &OrderInput, priced: &Priced) -> Self {
        Self::between(input, priced, 0..priced.discounts.len())
    }

    /// After the redeemable of `priced.discounts[index]`: what was applied is what it gave.
    #[must_use]
    pub fn after(input: &OrderInput, priced: &Priced, index: usize) -> Self {
        Self::between(input, priced, index..index.saturating_add(1))
    }

    /// Before any redeemable.
    #[must_use]
    pub fn before(input: &OrderInput, priced: &Priced) -> Self {
        Self::between(input, priced, 0..0)
    }
}

/// The first `upto` discounts of a priced order.
struct Seen<'a> {
    priced: &'a Priced,
    upto: usize,
}

impl<'a> Seen<'a> {
    fn sofar(&self) -> impl Iterator<Item = &'a Discount> {
        self.priced.discounts.iter().take(self.upto)
    }

    fn later(&self) -> impl Iterator<Item = &'a Discount> {
        self.priced.discounts.iter().skip(self.upto)
    }

    fn applied(&self, applied: &Range<usize>) -> impl Iterator<Item = &'a Discount> {
        self.priced
            .discounts
            .iter()
            .take(applied.end)
            .skip(applied.start)
    }

    /// The goods at list price, as they are so far.
    fn amount(&self) -> Minor {
        let mut amount = self.priced.amount;
        for at in self.upto..self.priced.discounts.len() {
            let joined = self.priced.joined(at).iter().map(|line| line.amount);
            amount = amount.saturating_sub(joined.sum());
            amount = amount.saturating_add(self.priced.gone(at));
        }
        amount
    }

    /// How many units of a line there are so far.
    fn quantity(&self, (index, line): (usize, &PricedLine)) -> u64 {
        let gone = self
            .later()
            .filter_map(|discount| discount.removed.get(index));
        u64::from(line.quantity) + gone.map(|units| u64::from(*units)).sum::<u64>()
    }

    /// The items as sent, then those that were added so far.
    fn items(&self, input: &OrderInput, applied: &Range<usize>) -> Vec<OrderItemView> {
        let sent = input.items.as_deref().unwrap_or_default();
        let mut lines = self.priced.lines.iter().enumerate();
        let mut items = Vec::with_capacity(sent.len());
        for item in sent {
            let view = if item.is_shipping() {
                Some(self.shipping(item, applied))
            } else {
                lines
                    .next()
                    .map(|(index, line)| self.item(item, (index, line), applied))
            };
            items.extend(view);
        }
        let added = self.sofar().map(|discount| discount.joined).sum();
        items.extend(lines.take(added).map(|(index, line)| {
            let item = OrderItemInput {
                product_id: Some(line.sku.0.as_ref().into()),
                product: Some(Box::new(ProductRef {
                    id: Some(line.sku.0.as_ref().into()),
                    ..Default::default()
                })),
                ..Default::default()
            };
            let mut view = self.item(&item, (index, line), applied);
            view.applied_quantity = line.quantity.into();
            view.applied_quantity_amount = exchange::signed(line.amount);
            view
        }));
        for at in applied.clone() {
            exchange::tell(&mut items, (input, self.priced), at);
        }
        items
    }

    fn item(
        &self,
        item: &OrderItemInput,
        (index, line): (usize, &PricedLine),
        applied: &Range<usize>,
    ) -> OrderItemView {
        let on_line = |discount: &Discount| taken_from(discount, index);
        let later: Minor = self.later().map(on_line).sum();
        let mut view = echo(item);
        view.quantity = self.quantity((index, line));
        view.price = line.unit_price;
        view.amount = line.unit_price.saturating_mul(view.quantity);
        view.discount_amount = line.discount.saturating_sub(later);
        view.applied_discount_amount = self.applied(applied).map(on_line).sum();
        view.subtotal_amount = view.amount.saturating_sub(view.discount_amount);
        view
    }

    fn shipping(&self, item: &OrderItemInput, applied: &Range<usize>) -> OrderItemView {
        let mut view = echo(item);
        view.quantity = item.quantity.unwrap_or(1);
        view.amount = gross(item);
        view.price = view.amount.checked_div(view.quantity).unwrap_or(0);
        let own = item.discount_amount.unwrap_or(0);
        let taken: Minor = self.sofar().map(|discount| discount.on_shipping).sum();
        view.discount_amount = own.saturating_add(taken).min(view.amount);
        view.applied_discount_amount = self
            .applied(applied)
            .map(|discount| discount.on_shipping)
            .sum();
        view.subtotal_amount = view.amount.saturating_sub(view.discount_amount);
        view
    }
}

/// What a discount took from one line as such; its share of an order's discount is not told.
fn taken_from(discount: &Discount, line: usize) -> Minor {
    if discount.on_order > 0 {
        return 0;
    }
    discount.per_line.get(line).copied().unwrap_or(0)
}

fn shipping_amount(input: &OrderInput) -> Minor {
    let items = input.items.iter().flatten();
    items
        .filter(|item| item.is_shipping())
        .map(gross)
        .fold(0, Minor::saturating_add)
}

/// As it is priced: a line that cannot be is refused before.
fn gross(item: &OrderItemInput) -> Minor {
    let quantity = item.quantity.unwrap_or(1);
    unit_price(item, quantity).map_or(0, |price| price.saturating_mul(quantity))
}

fn echo(item: &OrderItemInput) -> OrderItemView {
    OrderItemView {
        product_id: item.product_id.clone(),
        sku_id: item.sku_id.clone(),
        related_object: item.related_object.clone(),
        source_id: item.source_id.clone(),
        product: item.product.clone(),
        sku: item.sku.clone(),
        metadata: item.metadata.clone(),
        ..OrderItemView::default()
    }
}
