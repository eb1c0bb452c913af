//! Tallies: rows of facts, a recount in plain code, and the laws of adding.

use proptest::prelude::*;
use rules::{Facts, Reads, Telling, Type, Value};

use super::{
    last::MAX_EVENT_NAMES,
    tastes::{HALF_LIFE_WEEKS, MAX_WEIGHTS},
    *,
};
use crate::{FEATURES, Item, MAX_NAME_BYTES, OPEN_PREFIXES};

fn product(category: &str, brand: &str) -> Product {
    let name = |text: &str| (!text.is_empty()).then(|| text.into());
    Product {
        category: name(category),
        brand: name(brand),
        sku: name("sku-1"),
    }
}

fn order(total: Minor, discount: Minor, categories: &[&str]) -> Kind {
    let item = |category: &&str| Item {
        product: product(category, "Acme"),
        quantity: 2,
        amount: total,
    };
    let items = categories.iter().map(item).collect();
    Kind::OrderCompleted(Order {
        order_key: total,
        total,
        discount,
        items,
    })
}

fn viewed(category: &str) -> Kind {
    Kind::ProductViewed(product(category, ""))
}

fn named(name: &str) -> Kind {
    Kind::Named(name.into())
}

fn tallies(events: &[(i64, Kind)]) -> Tallies {
    let mut tallies = Tallies::default();
    for (at, kind) in events {
        tallies.observe(&Activity {
            at: *at,
            kind: kind.clone(),
        });
    }
    tallies
}

fn facts(tallies: &Tallies, now: Timestamp) -> Facts {
    told_to(&Reads::everything(), tallies, now)
}

fn told_to(reads: &Reads, tallies: &Tallies, now: Timestamp) -> Facts {
    let mut telling = Telling::to(reads);
    tallies.facts(now, &mut telling);
    telling.done()
}

/// Events, a moment, and what is told then: `path=value`, or `path` alone for what is absent.
#[track_caller]
fn check(events: &[(i64, Kind)], now: Timestamp, expected: &str) {
    let facts = facts(&tallies(events), now);
    for row in expected.split(", ") {
        let (path, value) = row.split_once('=').unwrap_or((row, "absent"));
        let told = facts
            .get(&format!("customer.{path}"))
            .map_or("absent".to_owned(), text);
        assert_eq!(told, value, "{path}");
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Bool(yes) => yes.to_string(),
        Value::Int(number) | Value::Time(number) | Value::Duration(number) => number.to_string(),
        Value::Fraction(number) => number.to_string(),
        Value::Text(text) => text.to_string(),
        Value::List(list) => list.iter().map(text).collect::<Vec<_>>().join("+"),
    }
}

#[test]
fn nobody_knows_nothing() {
    check(
        &[],
        DAY,
        "stage=never_bought, orders=0, spent=0, orders_365d=0, mid_return=false",
    );
    check(
        &[],
        DAY,
        "recency_days, aov, discount_share, last_seen_days, top_category, cart_value",
    );
}

#[test]
fn recency_frequency_and_value() {
    let events = [
        (0, order(1_000, 0, &[])),
        (10 * DAY, order(500, 500, &["Tea"])),
    ];
    check(
        &events,
        15 * DAY,
        "recency_days=5, orders=2, spent=1500, spent_mean=750, aov=750",
    );
    check(
        &events,
        15 * DAY,
        "discount_share=250000, discounted_order_share=500000, units=2",
    );
    check(
        &events,
        15 * DAY,
        "days_between_orders=10, next_order_due_days=5",
    );
    check(
        &events,
        25 * DAY,
        "next_order_due_days=-5, first_order_days=25",
    );
    check(
        &events,
        15 * DAY,
        "first_order_at=0, last_order_at=864000000",
    );
    check(
        &events[..1],
        DAY,
        "orders=1, days_between_orders, next_order_due_days",
    );
    check(
        &[(0, order(1, 0, &[])), (0, order(2, 0, &[]))],
        DAY,
        "aov=2, days_between_orders=0",
    );
}

#[test]
fn a_day_is_a_calendar_day() {
    let late = [(DAY - 1, order(1, 0, &[]))];
    check(&late, DAY - 1, "recency_days=0");
    check(&late, DAY, "recency_days=1");
    check(&late, 0, "recency_days=0");
    check(&late, i64::MAX, "orders=1");
    check(
        &[(i64::MIN, order(1, 0, &[]))],
        0,
        "recency_days=0, first_order_at=0",
    );
}

#[test]
fn refunds_reduce_and_never_go_below_zero() {
    let refund = |amount| Kind::OrderRefunded {
        order_key: 1,
        amount,
    };
    let events = [(0, order(1_000, 0, &[])), (5 * DAY, refund(400))];
    check(
        &events,
        5 * DAY,
        "spent=600, spent_30d=600, refunded=400, aov=1000, spent_mean=600",
    );
    check(&events, 5 * DAY, "spent_1d=0");
    check(&[(0, refund(5))], 0, "spent=0, refunded=5, orders=0");
    check(
        &[(0, order(u64::MAX, 9, &[])), (1, order(9, 0, &[]))],
        0,
        &format!("spent={}", i64::MAX),
    );
}

#[test]
fn stages_of_a_life() {
    let once = [(0, order(1, 0, &[]))];
    let twice = [(0, order(1, 0, &[])), (0, order(1, 0, &[]))];
    check(&once, 44 * DAY, "stage=new");
    check(&twice, 44 * DAY, "stage=active");
    check(&twice, 45 * DAY, "stage=cooling");
    check(&once, 59 * DAY, "stage=cooling");
    check(&once, 60 * DAY, "stage=lapsing");
    check(&once, 89 * DAY, "stage=lapsing");
    check(&once, 90 * DAY, "stage=lapsed");
    check(&once, 364 * DAY, "stage=lapsed");
    check(&once, 365 * DAY, "stage=dormant");
}

#[test]
fn lookbacks_end() {
    let now = 1_000 * DAY;
    let view = |ago| [(now - ago, Kind::Page)];
    check(
        &view(0),
        now,
        "views_1h=1, views_1d=1, views_7d=1, views_30d=1, views_365d=1",
    );
    check(&view(55 * MINUTE), now, "views_1h=1, views_1d=1");
    check(&view(HOUR), now, "views_1h=0, views_1d=1");
    check(&view(23 * HOUR), now, "views_1d=1");
    check(&view(DAY), now, "views_1d=0, views_7d=1");
    check(&view(6 * DAY), now, "views_7d=1");
    check(&view(7 * DAY), now, "views_7d=0, views_30d=1");
    check(&view(30 * DAY), now, "views_30d=0, views_365d=1");
    check(
        &view(365 * DAY),
        now,
        "views_365d=0, events_365d=0, last_seen_days=365",
    );
    check(
        &view(-DAY),
        now,
        "views_1h=0, views_365d=0, last_seen_days=0",
    );
}

#[test]
fn days_since_any_event() {
    let events = [
        (0, named("Payment Failed")),
        (2 * DAY, named("payment  failed!")),
        (0, viewed("")),
    ];
    check(
        &events,
        5 * DAY,
        "days_since.payment_failed=3, days_since.product_viewed=5",
    );
    check(&events, 5 * DAY, "days_since.order_completed, days_since.");
    check(
        &[(0, named(&"n".repeat(MAX_NAME_BYTES + 1)))],
        0,
        "events_1h=1",
    );
    check(&[(0, named("Ünder > Wegs"))], 0, "days_since.ünder_wegs=0");
}

/// T06: repeated payment failures.
#[test]
fn events_of_the_shops_own_are_counted_for_a_week() {
    let failed = |day| (day * DAY, named("Payment Failed"));
    let events = [failed(10), failed(10), failed(13), (13 * DAY, Kind::Page)];
    check(
        &events,
        13 * DAY,
        "times_7d.payment_failed=3, times_7d.page",
    );
    check(&events, 16 * DAY, "times_7d.payment_failed=3");
    check(&events, 17 * DAY, "times_7d.payment_failed=1");
    check(
        &events,
        20 * DAY,
        "times_7d.payment_failed, days_since.payment_failed=7",
    );
}

#[test]
fn every_kind_has_its_name() {
    let kinds = [
        (Kind::Page, "page"),
        (viewed(""), "product_viewed"),
        (Kind::ProductAdded(product("", "")), "product_added"),
        (Kind::CartViewed { value: 1 }, "cart_viewed"),
        (Kind::CheckoutStarted { value: 1 }, "checkout_started"),
        (order(1, 0, &[]), "order_completed"),
        (
            Kind::OrderRefunded {
                order_key: 1,
                amount: 1,
            },
            "order_refunded",
        ),
        (Kind::OfferExposed, "offer_exposed"),
        (named("Quiz Taken"), "quiz_taken"),
    ];
    for (kind, name) in kinds {
        check(&[(0, kind)], DAY, &format!("days_since.{name}=1"));
    }
}

#[test]
fn of_two_at_one_instant_the_later_in_the_alphabet_is_last() {
    let mut events = vec![
        (5, viewed("Mugs")),
        (5, viewed("Tea")),
        (5, viewed("Kettles")),
    ];
    check(&events, 9, "last_category=Tea");
    events.reverse();
    check(&events, 9, "last_category=Tea");
}

#[test]
fn a_return_is_open_until_it_is_closed() {
    let (opened, closed) = (named("Return Opened"), named("Return Closed"));
    check(&[(5, opened.clone())], 9, "mid_return=true");
    check(
        &[(5, opened.clone()), (6, closed.clone())],
        9,
        "mid_return=false",
    );
    check(&[(5, opened), (4, closed)], 9, "mid_return=true");
}

/// T01: the cart rescue stops when an order comes.
#[test]
fn a_cart_waits_until_an_order() {
    let cart = |value| Kind::CartViewed { value };
    check(
        &[(0, cart(900))],
        5 * HOUR - 1,
        "cart_value=900, cart_hours=4",
    );
    check(
        &[(0, cart(900)), (9, Kind::CheckoutStarted { value: 950 })],
        9,
        "cart_value=950",
    );
    check(
        &[(0, cart(900)), (9, order(900, 0, &[]))],
        9,
        "cart_value, cart_hours",
    );
    check(
        &[(9, cart(900)), (0, order(900, 0, &[]))],
        9,
        "cart_value=900",
    );
}

#[test]
fn tastes_in_order_of_strength() {
    let events = [
        (0, viewed("Tea")),
        (1, Kind::ProductAdded(product("Mugs", "Bodum"))),
        (2, order(1, 0, &["Kettles"])),
    ];
    check(
        &events,
        9,
        "top_category=Kettles, categories=Kettles+Mugs+Tea, brands=Acme+Bodum",
    );
    check(
        &events,
        9,
        "affinity.category.kettles=714286, affinity.category.tea=71429",
    );
    check(
        &events,
        9,
        "last_category=Kettles, last_brand=Acme, last_sku=sku-1, top_brand=Acme",
    );
    check(
        &events,
        300 * DAY,
        "top_category, categories, last_category=Kettles",
    );
    let alike = [(0, viewed("TEA")), (1, viewed("Tea")), (2, viewed("Tea"))];
    check(&alike, 9, "affinity.category.tea=666667, top_category=Tea");
    check(
        &[(0, viewed(&"n".repeat(MAX_NAME_BYTES + 1)))],
        0,
        "top_category, last_category",
    );
}

#[test]
fn tastes_halve_with_every_half_life() {
    let half_life = i64::from(HALF_LIFE_WEEKS) * WEEK;
    let events = [
        (0, viewed("Old")),
        (0, viewed("Old")),
        (half_life, viewed("New")),
    ];
    check(
        &events,
        half_life,
        "affinity.category.old=500000, affinity.category.new=500000",
    );
    let week = [(0, viewed("Old")), (WEEK, viewed("New"))];
    check(
        &week,
        WEEK,
        "affinity.category.old=456786, affinity.category.new=543214",
    );
}

/// T03: a second visit to the same category within 48 hours.
#[test]
fn a_second_visit_is_noticed() {
    let (start, now) = (100 * DAY, 101 * DAY);
    let visits = |gap| {
        [
            (start, viewed("Tea")),
            (start + gap, viewed("Tea")),
            (start, viewed("Mugs")),
        ]
    };
    check(&visits(3 * HOUR), now, "revisited_category=Tea");
    check(&visits(20 * MINUTE), now, "revisited_category");
    check(&visits(40 * MINUTE), now, "revisited_category");
    check(&visits(3 * HOUR), now + 2 * DAY, "revisited_category");
    let long = [0, 25, 50, 75].map(|minutes| (start + minutes * MINUTE, viewed("Tea")));
    check(&long, now, "revisited_category");
    check(&visits(3 * DAY), start + 3 * DAY, "revisited_category");
}

#[test]
fn every_fact_is_declared_and_every_declaration_is_told() {
    let events = [
        (0, order(10, 5, &["Tea"])),
        (DAY, order(10, 5, &["Tea"])),
        (DAY, viewed("Tea")),
        (DAY + 3 * HOUR, viewed("Tea")),
        (DAY + 4 * HOUR, Kind::CartViewed { value: 5 }),
        (DAY + 4 * HOUR, named("Quiz Taken")),
    ];
    let facts = facts(&tallies(&events), DAY + 5 * HOUR);
    for (path, of, says) in FEATURES {
        let value = facts
            .get(path)
            .unwrap_or_else(|| panic!("{path} is not told"));
        assert!(is_of(value, *of), "{path}: {value:?} is no {of:?}");
        assert!(says.ends_with('.'), "{path}");
    }
    for (prefix, of, _) in OPEN_PREFIXES {
        let under: Vec<_> = facts
            .iter()
            .filter(|(path, _)| path.as_str().starts_with(prefix))
            .collect();
        assert!(!under.is_empty(), "{prefix} is not told");
        assert!(under.iter().all(|(_, value)| is_of(value, *of)), "{prefix}");
    }
    for (path, _) in facts.iter() {
        let declared = FEATURES.iter().any(|(known, ..)| *known == path.as_str());
        let mut prefixes = OPEN_PREFIXES.iter().map(|(prefix, ..)| prefix);
        assert!(
            declared || prefixes.any(|prefix| path.as_str().starts_with(prefix)),
            "{path}"
        );
    }
}

fn is_of(value: &Value, of: Type) -> bool {
    match value {
        Value::Bool(_) => of == Type::Bool,
        Value::Int(_) => of == Type::Int,
        Value::Text(_) => of == Type::Text,
        Value::Time(_) => of == Type::Time,
        Value::Duration(_) => of == Type::Duration,
        Value::List(_) => of == Type::Texts,
        Value::Fraction(_) => of == Type::Fraction,
    }
}

#[test]
fn a_state_stays_small() {
    let mut year = Vec::new();
    for number in 0..20 {
        let at = number * 18 * DAY;
        year.push((at, viewed("Kitchen")));
        year.push((
            at + HOUR,
            viewed(["Garden", "Kitchen", "Toys"][(number % 3) as usize]),
        ));
        year.push((at + DAY, Kind::Page));
        year.push((at + DAY, Kind::CartViewed { value: 4_999 }));
        year.push((at + DAY + HOUR, order(4_999, 0, &["Kitchen", "Garden"])));
    }
    let size = postcard::to_stdvec(&tallies(&year)).unwrap().len();
    assert!(size < 1_000, "a typical customer takes {size} bytes");
    let flood: Vec<_> = (0..5_000)
        .map(|n| (n * HOUR, viewed(&format!("category {n}"))))
        .chain((0..5_000).map(|n| (n * HOUR, named(&format!("event {n}")))))
        .collect();
    let size = postcard::to_stdvec(&tallies(&flood)).unwrap().len();
    assert!(size < 10_000, "a flood of names takes {size} bytes");
}

#[test]
fn the_latest_event_names_are_kept() {
    let flood = (0..2 * MAX_EVENT_NAMES as i64).map(|n| (n, named(&format!("n{n}"))));
    let last = 2 * MAX_EVENT_NAMES - 1;
    let mut events: Vec<_> = flood.collect();
    events.reverse();
    let state = tallies(&events);
    assert_eq!(state.events.iter().count(), MAX_EVENT_NAMES);
    assert_eq!(state.events.get(&format!("n{last}")), Some(last as i64));
    assert_eq!(state.events.get("n0"), None);
    assert_eq!(state.events.get("n9"), None);
}

/// P08: of behaviour past its time no byte is left, of orders the sums.
#[test]
fn behaviour_is_forgotten_in_time() {
    let mut state = tallies(&[
        (0, viewed("Tea")),
        (0, Kind::CartViewed { value: 5 }),
        (0, named("Quiz Taken")),
    ]);
    state.forget(395 * DAY);
    assert_eq!(state.events.get("quiz_taken"), Some(0));
    state.forget(397 * DAY);
    let seen = Some(Span { first: 0, last: 0 });
    assert_eq!(
        state,
        Tallies {
            seen,
            ..Tallies::default()
        }
    );
    let mut buyer = tallies(&[(0, order(700, 0, &["Tea"]))]);
    buyer.forget(397 * DAY);
    assert_eq!(buyer.orders.paid, 700);
    let text = String::from_utf8_lossy(&postcard::to_stdvec(&buyer).unwrap()).into_owned();
    assert!(!text.contains("Tea"));
}

/// Any event, over more days, names and weeks than a state keeps.
pub(crate) fn activity() -> impl Strategy<Value = Activity> {
    // Also days alone, so that events meet at one instant.
    let at = prop_oneof![
        0..450 * DAY,
        (0..450_i64).prop_map(|day| day * DAY),
        449 * DAY..450 * DAY,
        450 * DAY - 2 * HOUR..450 * DAY,
    ];
    let many = 2 * MAX_WEIGHTS;
    let name = |letter: char, many: usize| {
        prop::option::weighted(
            0.9,
            (0..many).prop_map(move |n| format!("{letter}{n}").into()),
        )
    };
    let product =
        (name('c', many), name('b', 5), name('s', 9)).prop_map(|(category, brand, sku)| Product {
            category,
            brand,
            sku,
        });
    let item =
        (product.clone(), 0..5_u32, 0..9_999_u64).prop_map(|(product, quantity, amount)| Item {
            product,
            quantity,
            amount,
        });
    let order = (0..99_999_u64, 0..3_u64, prop::collection::vec(item, 0..5)).prop_map(
        |(total, discount, items)| Order {
            order_key: total,
            total,
            discount,
            items,
        },
    );
    let kind = prop_oneof![
        Just(Kind::Page),
        Just(Kind::OfferExposed),
        product.clone().prop_map(Kind::ProductViewed),
        product.prop_map(Kind::ProductAdded),
        (0..9_999_u64).prop_map(|value| Kind::CartViewed { value }),
        (0..9_999_u64).prop_map(|value| Kind::CheckoutStarted { value }),
        order.prop_map(Kind::OrderCompleted),
        (0..9_999_u64).prop_map(|amount| Kind::OrderRefunded {
            order_key: amount,
            amount
        }),
        (0..2 * MAX_EVENT_NAMES).prop_map(|number| named(&format!("event {number}"))),
    ];
    (at, kind).prop_map(|(at, kind)| Activity { at, kind })
}

fn activities() -> impl Strategy<Value = Vec<Activity>> {
    // Few at a time, so that states differ in their newest event; many, so that they overflow.
    let of = |many| prop::collection::vec(activity(), many);
    prop_oneof![of(0..6), of(0..150)]
}

fn observed<'a>(activities: impl IntoIterator<Item = &'a Activity>) -> Tallies {
    let mut tallies = Tallies::default();
    activities
        .into_iter()
        .for_each(|activity| tallies.observe(activity));
    tallies
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn merge_is_commutative(a in activities(), b in activities(), c in activities()) {
        let [x, y, z] = [&a, &b, &c].map(observed);
        prop_assert_eq!(x.merge(&y), y.merge(&x));
        prop_assert_eq!(x.merge(&y).merge(&z), x.merge(&y.merge(&z)));
        prop_assert_eq!(&x.merge(&Tallies::default()), &x);
        prop_assert_eq!(&Tallies::default().merge(&x), &x);
    }

    #[test]
    fn merging_is_observing_everything(a in activities(), b in activities()) {
        let mut on_top = observed(&a);
        b.iter().for_each(|activity| on_top.observe(activity));
        prop_assert_eq!(observed(&a).merge(&observed(&b)), on_top);
    }

    #[test]
    fn order_of_events_does_not_matter(
        (told, shuffled) in activities()
            .prop_flat_map(|told| (Just(told.clone()), Just(told).prop_shuffle()))
    ) {
        prop_assert_eq!(observed(&told), observed(&shuffled));
    }

    #[test]
    fn a_state_survives_storage(told in activities()) {
        let state = observed(&told);
        let bytes = postcard::to_stdvec(&state).unwrap();
        prop_assert_eq!(postcard::from_bytes::<Tallies>(&bytes).unwrap(), state);
    }

    #[test]
    fn forgetting_takes_nothing_that_is_read(told in activities(), later in 0..400 * DAY) {
        let state = observed(&told);
        let mut forgetful = state.clone();
        forgetful.forget(450 * DAY);
        for now in [450 * DAY, 450 * DAY + later] {
            let (before, after) = (facts(&state, now), facts(&forgetful, now));
            let is_told = |path: &str| FEATURES.iter().any(|(known, ..)| *known == path);
            let lasting = ["cart", "last_category", "last_brand", "last_sku"];
            let is_kept = |path: &str| !lasting.iter().any(|name| path.contains(name));
            let counted = |path: &str| is_told(path) || path.contains(".times_7d.");
            for (path, value) in before.iter().filter(|(path, _)| counted(path.as_str())) {
                let same = after.get(path.as_str()) == Some(value);
                prop_assert!(same || !is_kept(path.as_str()), "{}", path);
            }
        }
    }

    /// All that is told, read by one who reads but some of it.
    #[test]
    fn what_somebody_reads_is_told_as_it_is_among_all(
        told in activities(),
        later in 0..40 * DAY,
        every in 1_usize..6,
    ) {
        let now = told.iter().map(|activity| activity.at).max().unwrap_or(0) + later;
        let state = observed(&told);
        let all = facts(&state, now);
        for skipped in 0..every {
            let read = || all.iter().skip(skipped).step_by(every);
            let reads = read().map(|(path, _)| path.clone()).collect();
            let expected = read().map(|(path, value)| (path.clone(), value)).collect();
            prop_assert_eq!(told_to(&reads, &state, now), expected);
        }
        prop_assert!(told_to(&Reads::nothing(), &state, now).is_empty());
    }

    #[test]
    fn facts_equal_a_recount(told in activities(), later in 0..40 * DAY) {
        let now = 450 * DAY + later;
        let facts = facts(&observed(&told), now);
        for (path, expected) in recount(&told, now) {
            prop_assert_eq!(facts.get(&path), Some(&Value::Int(expected)), "{}", path);
        }
    }
}

/// The same counts and sums from the list of events, as plainly as they can be put.
fn recount(told: &[Activity], now: Timestamp) -> Vec<(String, i64)> {
    let lookbacks = [
        ("1h", 5 * MINUTE, 12),
        ("1d", HOUR, 24),
        ("7d", DAY, 7),
        ("30d", DAY, 30),
        ("365d", DAY, 365),
    ];
    let mut rows = vec![];
    for (name, width, stretches) in lookbacks {
        let is_within = |at| at / width > now / width - stretches;
        let within = || {
            told.iter()
                .filter(|activity| is_within(activity.at))
                .map(|a| &a.kind)
        };
        let views = within().filter(|kind| matches!(kind, Kind::Page | Kind::ProductViewed(_)));
        let orders = within().filter(|kind| matches!(kind, Kind::OrderCompleted(_)));
        rows.push((format!("customer.events_{name}"), within().count() as i64));
        rows.push((format!("customer.views_{name}"), views.count() as i64));
        rows.push((format!("customer.orders_{name}"), orders.count() as i64));
        rows.push((format!("customer.spent_{name}"), kept(within())));
    }
    rows.push((
        "customer.spent".to_owned(),
        kept(told.iter().map(|activity| &activity.kind)),
    ));
    rows
}

fn kept<'a>(kinds: impl Iterator<Item = &'a Kind>) -> i64 {
    let paid = kinds.map(|kind| match kind {
        Kind::OrderCompleted(order) => order.total as i64,
        Kind::OrderRefunded { amount, .. } => -(*amount as i64),
        _ => 0,
    });
    paid.sum::<i64>().max(0)
}
