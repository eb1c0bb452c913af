//! Under which names can a condition read a customer, and what does each fact tell?

use rules::Schema;
use rules::Type::{self, Bool, Int, Text, Texts, Time};

/// Every fact that is told under a fixed name: path, type, sentence.
///
/// A day is a UTC calendar day, and "days since" is the difference of two of them. Money is in
/// minor units, shares are in ppm, means and shares are rounded half up. A lookback never reaches
/// further back than it says; see `windows` for how far short of that it may fall.
#[rustfmt::skip]
pub const FEATURES: &[(&str, Type, &str)] = &[
    ("customer.stage", Text, "never_bought, new, active, cooling, lapsing, lapsed or dormant."),
    ("customer.recency_days", Int, "Days since the last order."),
    ("customer.orders", Int, "Orders in all: frequency."),
    ("customer.orders_1h", Int, "Orders in the last hour."),
    ("customer.orders_1d", Int, "Orders in the last 24 hours."),
    ("customer.orders_7d", Int, "Orders in the last 7 days."),
    ("customer.orders_30d", Int, "Orders in the last 30 days."),
    ("customer.orders_365d", Int, "Orders in the last 365 days."),
    ("customer.spent", Int, "Paid in all less refunds, never below zero: monetary value."),
    ("customer.spent_1h", Int, "Paid less refunded in the last hour, never below zero."),
    ("customer.spent_1d", Int, "Paid less refunded in the last 24 hours, never below zero."),
    ("customer.spent_7d", Int, "Paid less refunded in the last 7 days, never below zero."),
    ("customer.spent_30d", Int, "Paid less refunded in the last 30 days, never below zero."),
    ("customer.spent_365d", Int, "Paid less refunded in the last 365 days, never below zero."),
    ("customer.spent_mean", Int, "Mean of what was spent by order, after refunds."),
    ("customer.aov", Int, "Average order value: mean of what was paid by order, before refunds."),
    ("customer.refunded", Int, "Refunded in all."),
    ("customer.units", Int, "Units bought in all."),
    ("customer.discount_share", Int, "Share of list price that was taken off, over all orders."),
    ("customer.discounted_order_share", Int, "Share of orders with a discount."),
    ("customer.first_order_at", Time, "When the first order was placed."),
    ("customer.last_order_at", Time, "When the last order was placed."),
    ("customer.first_order_days", Int, "Days since the first order."),
    ("customer.days_between_orders", Int, "Mean days from one order to the next; needs two."),
    ("customer.next_order_due_days", Int, "Days until the mean gap has passed; below zero: late."),
    ("customer.views_1h", Int, "Pages and products viewed in the last hour."),
    ("customer.views_1d", Int, "Pages and products viewed in the last 24 hours."),
    ("customer.views_7d", Int, "Pages and products viewed in the last 7 days."),
    ("customer.views_30d", Int, "Pages and products viewed in the last 30 days."),
    ("customer.views_365d", Int, "Pages and products viewed in the last 365 days."),
    ("customer.events_1h", Int, "Events in the last hour."),
    ("customer.events_1d", Int, "Events in the last 24 hours."),
    ("customer.events_7d", Int, "Events in the last 7 days."),
    ("customer.events_30d", Int, "Events in the last 30 days."),
    ("customer.events_365d", Int, "Events in the last 365 days."),
    ("customer.first_seen_days", Int, "Days since the first event."),
    ("customer.last_seen_days", Int, "Days since the latest event."),
    ("customer.cart_value", Int, "Value of the latest cart, unless an order came after it."),
    ("customer.cart_hours", Int, "Whole hours since that cart was told."),
    ("customer.mid_return", Bool, "A return was opened and not closed since."),
    ("customer.top_category", Text, "The category of the strongest recent interest."),
    ("customer.top_brand", Text, "The brand of the strongest recent interest."),
    ("customer.categories", Texts, "The five categories of the strongest interest, in order."),
    ("customer.brands", Texts, "The five brands of the strongest interest, in order."),
    ("customer.last_category", Text, "The category last viewed, added or bought."),
    ("customer.last_brand", Text, "The brand last viewed, added or bought."),
    ("customer.last_sku", Text, "The article last viewed, added or bought."),
    ("customer.revisited_category", Text, "The category viewed in two visits within 48 hours."),
];

/// Facts whose names end in a name of the shop's, in lower case with underscores.
/// Of two names that end alike the stronger taste is told.
#[rustfmt::skip]
pub const OPEN_PREFIXES: &[(&str, Type, &str)] = &[
    ("customer.affinity.category.", Int, "Share of recent interest, for the five strongest."),
    ("customer.affinity.brand.", Int, "Share of recent interest, for the five strongest."),
    ("customer.days_since.", Int, "Days since the event of this name last happened."),
    ("customer.times_7d.", Int, "How often an event of the shop's own naming came in 7 days."),
];

/// What conditions may read of a customer: the features, and whatever traits and metadata the
/// shop sends.
#[must_use]
pub fn schema() -> Schema {
    let declared = FEATURES
        .iter()
        .fold(Schema::default(), |schema, (path, of, _)| {
            schema.fact(*path, *of)
        });
    let features = OPEN_PREFIXES.iter().map(|(prefix, ..)| *prefix);
    features
        .chain(["customer.trait.", "customer.metadata."])
        .fold(declared, |schema, prefix| schema.open(prefix))
}
