//! What do all of a customer's events come to, so that parts can be added in any order?
//!
//! Invariant: a state is a function of the set of events alone. `merge` is associative and
//! commutative with the empty state as its identity, and observing then merging equals merging
//! then observing. Three rules keep it so: numbers are whole and only added (up to a ceiling),
//! compared or joined; what is dropped for age is dropped by the newest event of the state; what
//! is dropped for room is dropped by a rank that more events can only push further down.

use serde::{Deserialize, Serialize};

use crate::{Activity, Kind, MAX_ITEMS, Minor, Name, Order, Product, Timestamp};
use last::{Last, LastTimes};
use tastes::{KEPT_DAYS, KEPT_VISITS, KEPT_WEEKS, Tastes, VISIT};
use windows::{Counts, Windows};

mod facts;
pub(crate) mod features;
mod last;
mod stage;
mod tastes;
mod windows;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use last::slug;
pub use stage::Stage;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// The last millisecond of the year 9999; times are kept between the epoch and this.
const MAX_AT: Timestamp = 253_402_300_799_999;

/// Thirteen months, the retention of the behaviour class.
const KEPT_BEHAVIOUR: i64 = 396 * DAY;

/// How strongly a look, a choice and a purchase speak for a taste.
const VIEW_WEIGHT: u32 = 1;
const ADD_WEIGHT: u32 = 3;
const BUY_WEIGHT: u32 = 10;

/// The sum of any number of events of one identifier, or of one customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tallies {
    seen: Option<Span>,
    orders: Orders,
    cart: Option<Cart>,
    windows: Windows,
    events: LastTimes,
    last: LastProduct,
    categories: Tastes,
    brands: Tastes,
    visits: Tastes,
    /// How often events that have no kind of their own came, by day.
    named: Tastes,
}

/// The latest named product, property by property.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct LastProduct {
    category: Last,
    brand: Last,
    sku: Last,
}

/// First and latest time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Span {
    first: Timestamp,
    last: Timestamp,
}

/// The latest cart that was told with its value; of two at one instant the dearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Cart {
    at: Timestamp,
    value: Minor,
}

/// All orders of a lifetime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Orders {
    span: Option<Span>,
    count: u32,
    discounted: u32,
    units: u64,
    paid: Minor,
    discount: Minor,
    refunded: Minor,
}

impl Tallies {
    /// Adds one event. Events may come in any order.
    pub fn observe(&mut self, activity: &Activity) {
        let at = activity.at.clamp(0, MAX_AT);
        self.seen = merged_span(
            self.seen,
            Some(Span {
                first: at,
                last: at,
            }),
        );
        let slug = activity.kind.slug();
        self.events.add(&slug, at);
        self.windows.add(at, counts(&activity.kind), self.newest());
        match &activity.kind {
            Kind::ProductViewed(product) => self.look(product, at),
            Kind::ProductAdded(product) => self.prefer(product, at, ADD_WEIGHT),
            Kind::CartViewed { value } | Kind::CheckoutStarted { value } => {
                self.cart = self.cart.max(Some(Cart { at, value: *value }));
            }
            Kind::OrderCompleted(order) => self.buy(order, at),
            Kind::OrderRefunded { amount, .. } => {
                self.orders.refunded = self.orders.refunded.saturating_add(*amount);
            }
            Kind::Named(_) => self.named.add(&slug.as_ref().into(), bucket(at, DAY), 1),
            Kind::Page | Kind::OfferExposed => {}
        }
        self.forget_tastes(self.newest());
    }

    /// The state of the union of both sets of events.
    #[must_use]
    pub fn merge(&self, other: &Self) -> Self {
        let seen = merged_span(self.seen, other.seen);
        let newest = seen.map_or(0, |span| span.last);
        let mut merged = Self {
            seen,
            orders: self.orders.merge(other.orders),
            cart: self.cart.max(other.cart),
            windows: self.windows.merge(&other.windows, newest),
            events: self.events.merge(&other.events),
            last: self.last.merge(&other.last),
            categories: self.categories.merge(&other.categories),
            brands: self.brands.merge(&other.brands),
            visits: self.visits.merge(&other.visits),
            named: self.named.merge(&other.named),
        };
        merged.forget_tastes(newest);
        merged
    }

    /// Lets go of behaviour that is past its time by the clock, for people who never come back
    /// with a newer event. Counters and tastes go when no lookback reaches them any more; the last
    /// time of an event, the last product and the cart after thirteen months. Orders are kept
    /// as one sum.
    pub fn forget(&mut self, now: Timestamp) {
        let now = now.clamp(0, MAX_AT);
        let kept_from = now - KEPT_BEHAVIOUR;
        self.windows.forget(now);
        self.forget_tastes(now);
        self.events.forget_before(kept_from);
        self.last.forget_before(kept_from);
        self.cart = self.cart.filter(|cart| cart.at >= kept_from);
    }

    /// Whether nothing was observed for thirteen months.
    #[must_use]
    pub fn is_long_ago(&self, now: Timestamp) -> bool {
        self.seen
            .is_some_and(|seen| seen.last < now.clamp(0, MAX_AT) - KEPT_BEHAVIOUR)
    }

    fn forget_tastes(&mut self, newest: Timestamp) {
        let kept_from = |width, kept| (bucket(newest, width) + 1).saturating_sub(kept);
        let (week, visit) = (kept_from(WEEK, KEPT_WEEKS), kept_from(VISIT, KEPT_VISITS));
        self.categories.forget_before(week);
        self.brands.forget_before(week);
        self.visits.forget_before(visit);
        self.named.forget_before(kept_from(DAY, KEPT_DAYS));
    }

    fn newest(&self) -> Timestamp {
        self.seen.map_or(0, |span| span.last)
    }

    fn look(&mut self, product: &Product, at: Timestamp) {
        self.prefer(product, at, VIEW_WEIGHT);
        if let Some(category) = &product.category {
            self.visits.add(category, bucket(at, VISIT), 1);
        }
    }

    fn buy(&mut self, order: &Order, at: Timestamp) {
        self.orders = self.orders.merge(Orders::of(order, at));
        for item in order.items.iter().take(MAX_ITEMS) {
            self.prefer(&item.product, at, BUY_WEIGHT);
        }
    }

    fn prefer(&mut self, product: &Product, at: Timestamp, weight: u32) {
        let week = bucket(at, WEEK);
        if let Some(category) = &product.category {
            self.categories.add(category, week, weight);
        }
        if let Some(brand) = &product.brand {
            self.brands.add(brand, week, weight);
        }
        self.last.see(product, at);
    }
}

impl LastProduct {
    fn see(&mut self, product: &Product, at: Timestamp) {
        let see = |last: &mut Last, name: &Option<Name>| {
            if let Some(name) = name {
                last.see(name, at);
            }
        };
        see(&mut self.category, &product.category);
        see(&mut self.brand, &product.brand);
        see(&mut self.sku, &product.sku);
    }

    fn forget_before(&mut self, at: Timestamp) {
        [&mut self.category, &mut self.brand, &mut self.sku]
            .into_iter()
            .for_each(|last| last.forget_before(at));
    }

    fn merge(&self, other: &Self) -> Self {
        Self {
            category: self.category.merge(&other.category),
            brand: self.brand.merge(&other.brand),
            sku: self.sku.merge(&other.sku),
        }
    }
}

impl Orders {
    fn of(order: &Order, at: Timestamp) -> Self {
        let units = order.items.iter().map(|item| u64::from(item.quantity));
        Self {
            span: Some(Span {
                first: at,
                last: at,
            }),
            count: 1,
            discounted: u32::from(order.discount > 0),
            units: units.fold(0, u64::saturating_add),
            paid: order.total,
            discount: order.discount,
            refunded: 0,
        }
    }

    /// Sums stop at their ceiling: a saturating sum of whole numbers is still associative.
    fn merge(self, other: Self) -> Self {
        Self {
            span: merged_span(self.span, other.span),
            count: self.count.saturating_add(other.count),
            discounted: self.discounted.saturating_add(other.discounted),
            units: self.units.saturating_add(other.units),
            paid: self.paid.saturating_add(other.paid),
            discount: self.discount.saturating_add(other.discount),
            refunded: self.refunded.saturating_add(other.refunded),
        }
    }

    /// Kept after refunds. More may have been refunded than we saw paid.
    fn spent(self) -> Minor {
        self.paid.saturating_sub(self.refunded)
    }
}

fn counts(kind: &Kind) -> Counts {
    let one = Counts {
        events: 1,
        ..Counts::default()
    };
    match kind {
        Kind::Page | Kind::ProductViewed(_) => Counts { views: 1, ..one },
        Kind::OrderCompleted(order) => Counts {
            orders: 1,
            paid: order.total,
            ..one
        },
        Kind::OrderRefunded { amount, .. } => Counts {
            refunded: *amount,
            ..one
        },
        _ => one,
    }
}

fn merged_span(one: Option<Span>, other: Option<Span>) -> Option<Span> {
    match (one, other) {
        (Some(a), Some(b)) => Some(Span {
            first: a.first.min(b.first),
            last: a.last.max(b.last),
        }),
        (one, other) => one.or(other),
    }
}

/// The number of the stretch of `width` milliseconds that holds this instant, from the epoch.
fn bucket(at: Timestamp, width: i64) -> u32 {
    u32::try_from(at.div_euclid(width)).unwrap_or(0)
}
