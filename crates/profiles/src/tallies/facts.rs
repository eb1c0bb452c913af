//! What do the tallies tell at a moment?

use rules::{Facts, Value};

use super::{
    Counts, DAY, HOUR, MAX_AT, Orders, Span, Stage, Tallies, bucket, last::slug, tastes::Tastes,
    windows::Lookback,
};
use crate::{Minor, Name, Timestamp};

/// Tastes told, strongest first.
const TOLD_TASTES: usize = 5;

const PPM: u128 = 1_000_000;

/// Each lookback with the paths for its orders, spending, views and events.
#[rustfmt::skip]
const LOOKBACKS: [(Lookback, [&str; 4]); 5] = [
    (Lookback::Hour, [
        "customer.orders_1h", "customer.spent_1h", "customer.views_1h", "customer.events_1h",
    ]),
    (Lookback::Days(1), [
        "customer.orders_1d", "customer.spent_1d", "customer.views_1d", "customer.events_1d",
    ]),
    (Lookback::Days(7), [
        "customer.orders_7d", "customer.spent_7d", "customer.views_7d", "customer.events_7d",
    ]),
    (Lookback::Days(30), [
        "customer.orders_30d", "customer.spent_30d", "customer.views_30d", "customer.events_30d",
    ]),
    (Lookback::Days(365), [
        "customer.orders_365d", "customer.spent_365d",
        "customer.views_365d", "customer.events_365d",
    ]),
];

impl Tallies {
    /// Tells everything that follows from the tallies at this moment. What cannot be known, such
    /// as the recency of somebody who never bought, is absent.
    pub fn facts(&self, now: Timestamp, facts: &mut Facts) {
        let now = now.clamp(0, MAX_AT);
        self.tell_windows(now, facts);
        self.orders.tell(now, facts);
        self.tell_presence(now, facts);
        self.tell_cart(now, facts);
        self.tell_products(now, facts);
    }

    fn tell_windows(&self, now: Timestamp, facts: &mut Facts) {
        for (lookback, [orders, spent, views, events]) in LOOKBACKS {
            let counts: Counts = self.windows.within(lookback, now);
            facts.set(orders, i64::from(counts.orders));
            facts.set(spent, whole(counts.spent()));
            facts.set(views, i64::from(counts.views));
            facts.set(events, i64::from(counts.events));
        }
    }

    fn tell_presence(&self, now: Timestamp, facts: &mut Facts) {
        if let Some(seen) = self.seen {
            facts.set("customer.first_seen_days", days_between(seen.first, now));
            facts.set("customer.last_seen_days", days_between(seen.last, now));
        }
        for (event, at) in self.events.iter() {
            let path = ["customer.days_since.", event].concat();
            facts.set(path.as_str(), days_between(at, now));
        }
        for (event, times) in self.named.this_week(now) {
            let path = ["customer.times_7d.", event].concat();
            facts.set(path.as_str(), i64::from(times));
        }
        let (opened, closed) = (
            self.events.get("return_opened"),
            self.events.get("return_closed"),
        );
        // `None`, never, is before any time.
        facts.set("customer.mid_return", opened > closed);
    }

    fn tell_cart(&self, now: Timestamp, facts: &mut Facts) {
        let last_order = self.orders.span.map(|span| span.last);
        if let Some(cart) = self.cart.filter(|cart| Some(cart.at) > last_order) {
            facts.set("customer.cart_value", whole(cart.value));
            facts.set("customer.cart_hours", (now - cart.at).max(0) / HOUR);
        }
    }

    fn tell_products(&self, now: Timestamp, facts: &mut Facts) {
        self.categories.tell(CATEGORY, now, facts);
        self.brands.tell(BRAND, now, facts);
        let mut tell = |path: &str, name: Option<&Name>| {
            if let Some(name) = name {
                facts.set(path, Value::Text(name.clone()));
            }
        };
        tell("customer.last_category", self.last.category.name());
        tell("customer.last_brand", self.last.brand.name());
        tell("customer.last_sku", self.last.sku.name());
        tell("customer.revisited_category", self.visits.revisited(now));
    }
}

impl Orders {
    fn tell(self, now: Timestamp, facts: &mut Facts) {
        let recency = self.span.map(|span| days_between(span.last, now));
        facts.set("customer.stage", Stage::of(self.count, recency).as_str());
        facts.set("customer.orders", i64::from(self.count));
        facts.set("customer.spent", whole(self.spent()));
        facts.set("customer.refunded", whole(self.refunded));
        facts.set("customer.units", whole(self.units));
        if let Some(span) = self.span {
            self.tell_times(span, now, facts);
            self.tell_means(facts);
        }
    }

    fn tell_times(self, span: Span, now: Timestamp, facts: &mut Facts) {
        let recency = days_between(span.last, now);
        facts.set("customer.recency_days", recency);
        facts.set("customer.first_order_days", days_between(span.first, now));
        facts.set("customer.first_order_at", Value::Time(span.first));
        facts.set("customer.last_order_at", Value::Time(span.last));
        let days = u64::try_from(days_between(span.first, span.last)).unwrap_or(0);
        if let Some(gap) = rounded(1, days, u64::from(self.count.saturating_sub(1))) {
            facts.set("customer.days_between_orders", gap);
            facts.set("customer.next_order_due_days", gap - recency);
        }
    }

    fn tell_means(self, facts: &mut Facts) {
        let orders = u64::from(self.count);
        let listed = self.paid.saturating_add(self.discount);
        let means = [
            ("customer.aov", rounded(1, self.paid, orders)),
            ("customer.spent_mean", rounded(1, self.spent(), orders)),
            (
                "customer.discount_share",
                rounded(PPM, self.discount, listed),
            ),
            (
                "customer.discounted_order_share",
                rounded(PPM, self.discounted.into(), orders),
            ),
        ];
        for (path, mean) in means {
            if let Some(mean) = mean {
                facts.set(path, mean);
            }
        }
    }
}

/// Where tastes of one sort are told.
#[derive(Clone, Copy)]
struct Paths {
    top: &'static str,
    list: &'static str,
    affinity: &'static str,
}

const CATEGORY: Paths = Paths {
    top: "customer.top_category",
    list: "customer.categories",
    affinity: "customer.affinity.category.",
};

const BRAND: Paths = Paths {
    top: "customer.top_brand",
    list: "customer.brands",
    affinity: "customer.affinity.brand.",
};

impl Tastes {
    fn tell(&self, paths: Paths, now: Timestamp, facts: &mut Facts) {
        let tastes = self.by_strength(now);
        let Some((top, _)) = tastes.first() else {
            return;
        };
        let all = tastes
            .iter()
            .map(|(_, strength)| *strength)
            .fold(0, u64::saturating_add);
        let told = tastes.iter().take(TOLD_TASTES);
        let list = told
            .clone()
            .map(|(name, _)| Value::Text((*name).clone()))
            .collect();
        facts.set(paths.top, Value::Text((*top).clone()));
        facts.set(paths.list, Value::List(list));
        // Weakest first, so that of two names that read alike the stronger stays.
        for (name, strength) in told.rev() {
            if let Some(share) = rounded(PPM, *strength, all) {
                let path = [paths.affinity, &slug(name)].concat();
                facts.set(path.as_str(), share);
            }
        }
    }
}

/// UTC calendar days from one instant to a later one; none when it is not later.
fn days_between(from: Timestamp, to: Timestamp) -> i64 {
    (i64::from(bucket(to, DAY)) - i64::from(bucket(from, DAY))).max(0)
}

fn whole(amount: Minor) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

/// `scale` times part over whole, rounded half up; `None` when there is no whole.
fn rounded(scale: u128, part: u64, of: u64) -> Option<i64> {
    let of = u128::from(of);
    let doubled = (2 * scale * u128::from(part) + of).checked_div(2 * of)?;
    i64::try_from(doubled).ok()
}
