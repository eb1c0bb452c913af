//! What do the tallies tell at a moment?

use rules::{Telling, Value};

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
    pub fn facts(&self, now: Timestamp, telling: &mut Telling<'_>) {
        let now = now.clamp(0, MAX_AT);
        self.tell_windows(now, telling);
        self.orders.tell(now, telling);
        self.tell_presence(now, telling);
        self.tell_cart(now, telling);
        self.tell_products(now, telling);
    }

    fn tell_windows(&self, now: Timestamp, telling: &mut Telling<'_>) {
        for (lookback, paths) in LOOKBACKS {
            if !paths.iter().any(|path| telling.reads().wants(path)) {
                continue;
            }
            let counts: Counts = self.windows.within(lookback, now);
            let [orders, spent, views, events] = paths;
            telling.tell(orders, i64::from(counts.orders));
            telling.tell(spent, whole(counts.spent()));
            telling.tell(views, i64::from(counts.views));
            telling.tell(events, i64::from(counts.events));
        }
    }

    fn tell_presence(&self, now: Timestamp, telling: &mut Telling<'_>) {
        if let Some(seen) = self.seen {
            telling.tell("customer.first_seen_days", days_between(seen.first, now));
            telling.tell("customer.last_seen_days", days_between(seen.last, now));
        }
        let days = self
            .events
            .iter()
            .map(|(event, at)| (event, days_between(at, now)));
        tell_under("customer.days_since.", days, telling);
        let times = self.named.this_week(now);
        let times = times.map(|(event, times)| (event.as_ref(), i64::from(times)));
        tell_under("customer.times_7d.", times, telling);
        // `None`, never, is before any time.
        telling.find("customer.mid_return", || {
            Some(self.events.get("return_opened") > self.events.get("return_closed"))
        });
    }

    fn tell_cart(&self, now: Timestamp, telling: &mut Telling<'_>) {
        let last_order = self.orders.span.map(|span| span.last);
        if let Some(cart) = self.cart.filter(|cart| Some(cart.at) > last_order) {
            telling.tell("customer.cart_value", whole(cart.value));
            telling.tell("customer.cart_hours", (now - cart.at).max(0) / HOUR);
        }
    }

    fn tell_products(&self, now: Timestamp, telling: &mut Telling<'_>) {
        self.categories.tell(CATEGORY, now, telling);
        self.brands.tell(BRAND, now, telling);
        telling.find("customer.last_category", || self.last.category.name());
        telling.find("customer.last_brand", || self.last.brand.name());
        telling.find("customer.last_sku", || self.last.sku.name());
        telling.find("customer.revisited_category", || self.visits.revisited(now));
    }
}

impl Orders {
    fn tell(self, now: Timestamp, telling: &mut Telling<'_>) {
        let recency = self.span.map(|span| days_between(span.last, now));
        telling.tell("customer.stage", Stage::of(self.count, recency).as_str());
        telling.tell("customer.orders", i64::from(self.count));
        telling.tell("customer.spent", whole(self.spent()));
        telling.tell("customer.refunded", whole(self.refunded));
        telling.tell("customer.units", whole(self.units));
        if let Some(span) = self.span {
            self.tell_times(span, now, telling);
            self.tell_means(telling);
        }
    }

    fn tell_times(self, span: Span, now: Timestamp, telling: &mut Telling<'_>) {
        let recency = days_between(span.last, now);
        telling.tell("customer.recency_days", recency);
        telling.tell("customer.first_order_days", days_between(span.first, now));
        telling.tell("customer.first_order_at", Value::Time(span.first));
        telling.tell("customer.last_order_at", Value::Time(span.last));
        let days = u64::try_from(days_between(span.first, span.last)).unwrap_or(0);
        if let Some(gap) = rounded(1, days, u64::from(self.count.saturating_sub(1))) {
            telling.tell("customer.days_between_orders", gap);
            telling.tell("customer.next_order_due_days", gap - recency);
        }
    }

    fn tell_means(self, telling: &mut Telling<'_>) {
        let orders = u64::from(self.count);
        let listed = self.paid.saturating_add(self.discount);
        telling.find("customer.aov", || rounded(1, self.paid, orders));
        telling.find("customer.spent_mean", || rounded(1, self.spent(), orders));
        telling.find("customer.discount_share", || {
            rounded(PPM, self.discount, listed)
        });
        telling.find("customer.discounted_order_share", || {
            rounded(PPM, self.discounted.into(), orders)
        });
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
    fn tell(&self, paths: Paths, now: Timestamp, telling: &mut Telling<'_>) {
        let reads = telling.reads();
        let is_one_read = [paths.top, paths.list].iter().any(|path| reads.wants(path));
        if !is_one_read && !reads.wants_under(paths.affinity) {
            return;
        }
        let tastes = self.by_strength(now);
        let Some((top, _)) = tastes.first() else {
            return;
        };
        let all = tastes
            .iter()
            .map(|(_, strength)| *strength)
            .fold(0, u64::saturating_add);
        let told = || tastes.iter().take(TOLD_TASTES);
        telling.tell(paths.top, *top);
        telling.find(paths.list, || {
            Some(told().map(|(name, _)| *name).collect::<Vec<&Name>>())
        });
        // Weakest first, so that of two names that read alike the stronger stays.
        let shares = told()
            .rev()
            .filter_map(|(name, strength)| Some((slug(name), rounded(PPM, *strength, all)?)));
        tell_under(paths.affinity, shares, telling);
    }
}

/// Tells one value for each name, under the prefix and the name.
fn tell_under<N: AsRef<str>>(
    prefix: &str,
    named: impl Iterator<Item = (N, i64)>,
    telling: &mut Telling<'_>,
) {
    if telling.reads().wants_under(prefix) {
        for (name, value) in named {
            telling.tell(&[prefix, name.as_ref()].concat(), value);
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
