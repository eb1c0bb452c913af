//! Which points go first, when they lapse, what they are worth, and what a happening earns.

use std::{collections::BTreeMap, sync::Arc};

use ledger::{Account, Book, Kind, Part, TransferId, apply};
use proptest::prelude::*;
use rules::{Condition, Facts};

use super::{card::NEVER, *};
use crate::{
    Booking, Calendar, CampaignId, Days, Formula, Happening, Hours, Minor, Timestamp, VoucherId,
    Zone, book, chart,
};

const NOON: Timestamp = 1_795_262_400_000;

fn lots(all: &[(u32, Minor)]) -> Vec<Lot> {
    all.iter()
        .map(|(day, points)| Lot {
            day: *day,
            points: *points,
        })
        .collect()
}

#[test]
fn what_lapses_first_is_spent_first() {
    let check = |all: &[(u32, Minor)], points, expected: Option<&[(u32, Minor)]>| {
        assert_eq!(
            draw(&lots(all), points, 10),
            expected.map(lots),
            "{points} of {all:?}"
        );
    };
    check(
        &[(NEVER, 5), (12, 3), (11, 4)],
        6,
        Some(&[(11, 4), (12, 2)]),
    );
    check(&[(NEVER, 5), (12, 3)], 8, Some(&[(12, 3), (NEVER, 5)]));
    check(&[(NEVER, 5), (12, 3)], 9, None);
    // What lapsed yesterday is gone; what lapses today is not.
    check(&[(9, 5), (10, 3)], 3, Some(&[(10, 3)]));
    check(&[(9, 5)], 1, None);
    check(&[], 0, Some(&[]));
    let soonest = |all: &[(u32, Minor)]| super::soonest(&lots(all), 10).map(|lot| lot.day);
    assert_eq!(soonest(&[(NEVER, 5), (12, 0), (13, 1), (9, 9)]), Some(13));
    assert_eq!(soonest(&[(NEVER, 5)]), None);
}

#[test]
fn points_are_worth_a_share_and_cost_the_fewest() {
    let check = |(points, money), asked, worth, price| {
        let rate = Rate { points, money };
        assert_eq!(
            (rate.worth(asked), rate.price(worth)),
            (worth, price),
            "{asked}"
        );
    };
    check((1, 1), 500, 500, 500);
    check((10, 1), 99, 9, 90);
    check((1, 10), 7, 70, 7);
    check((3, 2), 5, 3, 5);
    check((1, 1), 0, 0, 0);
    check((1, u64::MAX), 2, u64::MAX, 1);
}

#[test]
fn points_lapse_by_the_calendar() {
    use Lapse::*;
    // NOON is on 2026-11-21.
    let check = |lapse: Lapse, expected: &str| {
        let last = jiff::civil::date(1970, 1, 1)
            .checked_add(jiff::Span::new().days(i64::from(lapse.last_day(NOON, &Zone::UTC))))
            .unwrap();
        assert_eq!(last.to_string(), expected, "{lapse:?}");
    };
    let months = |months, to| AfterMonths { months, to };
    check(months(1, Rounding::Day), "2026-12-21");
    check(months(3, Rounding::Month), "2027-02-28");
    check(months(1, Rounding::Quarter), "2026-12-31");
    check(months(2, Rounding::Quarter), "2027-03-31");
    check(months(2, Rounding::HalfYear), "2027-06-30");
    check(months(12, Rounding::Year), "2027-12-31");
    check(months(1, Rounding::ThisMonth(6)), "2027-06-30");
    check(months(1, Rounding::ThisMonth(12)), "2026-12-31");
    check(OnDay { month: 12, day: 31 }, "2026-12-31");
    check(OnDay { month: 11, day: 21 }, "2027-11-21");
    check(OnDay { month: 2, day: 31 }, "2027-02-28");
    let beyond = AfterMonths {
        months: 1,
        to: Rounding::Day,
    };
    assert_eq!(beyond.last_day(i64::MAX, &Zone::UTC), NEVER);
}

#[test]
fn a_day_is_over_when_the_clock_on_the_wall_says_so() {
    // 2026-11-21T12:00:00Z, and what day it is there.
    let check = |zone: &str, at: i64, expected: &str| {
        let zone = Zone::named(zone).unwrap();
        let day = jiff::Span::new().days(i64::from(day_of(at, &zone)));
        let day = jiff::civil::date(1970, 1, 1).checked_add(day).unwrap();
        assert_eq!(day.to_string(), expected);
    };
    const HOUR: i64 = 3_600_000;
    check("UTC", NOON + 11 * HOUR, "2026-11-21");
    check("Europe/Warsaw", NOON + 11 * HOUR, "2026-11-22");
    check("America/New_York", NOON - 8 * HOUR, "2026-11-20");
    check("Pacific/Kiritimati", NOON, "2026-11-22");
    let day = Lapse::AfterMonths {
        months: 0,
        to: Rounding::Month,
    };
    // The last evening of November in New York is December in UTC.
    let evening = NOON + 9 * 24 * HOUR + 14 * HOUR;
    let there = Zone::named("America/New_York").unwrap();
    let last = day.last_day(evening, &there);
    assert_eq!(last, day_of(NOON + 9 * 24 * HOUR, &Zone::UTC));
    assert_eq!(day.last_day(evening, &Zone::UTC), last + 31);
}

fn rule(id: u64, earns: Earns) -> EarningRule {
    EarningRule {
        id,
        on: Trigger::Event("visited".into()),
        earns,
        condition: Condition::Always,
        active: true,
        validity: crate::Validity::default(),
        lapse: None,
    }
}

fn just(plain: Minor) -> CountedPoints {
    CountedPoints {
        plain,
        formula: None,
    }
}

fn counted(text: &str) -> CountedPoints {
    CountedPoints {
        plain: 4,
        formula: Some(Formula::parse(text).unwrap()),
    }
}

fn programme() -> Programme {
    let every = Earns::Per {
        of: Measure::Fact("event.metadata.spent".into()),
        every: 100,
        points: just(3),
    };
    let gold = LoyaltyTier {
        id: 9,
        from: 1_000,
        to: None,
        earnings: BTreeMap::from([(1, Mapping::Multiply(1_500_000)), (2, Mapping::Instead(7))]),
        prices: BTreeMap::new(),
    };
    Programme {
        rules: vec![rule(1, Earns::Fixed(just(5))), rule(2, every)],
        tiers: vec![gold],
        lapse: None,
    }
}

fn earns(programme: &Programme, event: &str, spent: i64, balance: Minor) -> Vec<(u64, Minor)> {
    let mut facts = Facts::none();
    facts.set("event.metadata.spent", spent);
    facts.set("customer.metadata.level", 3);
    let trigger = Trigger::Event(event.into());
    let occurrence = Occurrence {
        trigger: &trigger,
        at: NOON,
        facts: &facts,
        priced: None,
        places: 2,
        zone: &Zone::UTC,
        balance,
    };
    let all = earned(programme, &occurrence);
    all.iter().map(|one| (one.rule, one.points)).collect()
}

#[test]
fn a_rule_gives_by_steps_and_a_tier_makes_more_of_it() {
    let programme = programme();
    assert_eq!(earns(&programme, "visited", 250, 0), [(1, 5), (2, 6)]);
    assert_eq!(earns(&programme, "visited", 99, 0), [(1, 5)]);
    assert_eq!(earns(&programme, "visited", -5, 0), [(1, 5)]);
    assert_eq!(earns(&programme, "left", 250, 0), []);
    // 7.5 is 8.
    assert_eq!(earns(&programme, "visited", 250, 1_000), [(1, 8), (2, 14)]);
    let mut paused = programme.clone();
    paused.rules[0].active = false;
    paused.rules[1].validity.until = Some(NOON - 1);
    assert_eq!(earns(&paused, "visited", 250, 0), []);
}

#[test]
fn a_rule_gives_while_the_shop_s_clock_says_it_is_open() {
    let check = |from: u16, zone: &str, expected: &[(u64, Minor)]| {
        let mut programme = programme();
        programme.rules.truncate(1);
        let hours = Hours {
            days: Days::of([6]),
            from: from * 60,
            until: (from + 1) * 60,
        };
        programme.rules[0].validity.calendar = Some(Arc::new(Calendar {
            hours: vec![hours],
            ..Calendar::default()
        }));
        let occurrence = Occurrence {
            trigger: &Trigger::Event("visited".into()),
            at: NOON,
            facts: Facts::NONE,
            priced: None,
            places: 2,
            zone: &Zone::named(zone).unwrap(),
            balance: 0,
        };
        let given = earned(&programme, &occurrence);
        let given: Vec<_> = given.iter().map(|one| (one.rule, one.points)).collect();
        assert_eq!(given, expected, "{from} in {zone}");
    };
    check(12, "UTC", &[(1, 5)]);
    check(11, "UTC", &[]);
    check(2, "Pacific/Honolulu", &[(1, 5)]);
    check(12, "Pacific/Honolulu", &[]);
}

#[test]
fn a_formula_counts_points_and_falls_back_on_the_number() {
    let check = |text: &str, expected: &[Minor]| {
        let every = Earns::Per {
            of: Measure::Fact("event.metadata.spent".into()),
            every: 100,
            points: counted(text),
        };
        let mut programme = programme();
        programme.rules = vec![rule(1, Earns::Fixed(counted(text))), rule(2, every)];
        let given = earns(&programme, "visited", 250, 0);
        let points: Vec<Minor> = given.iter().map(|one| one.1).collect();
        assert_eq!(points, expected, "{text}");
    };
    check("3", &[3, 6]);
    check("2.5", &[3, 6]);
    check("CUSTOMER_METADATA(\"level\") * 2", &[6, 12]);
    check("0 - 7", &[]);
    check("10 / 0", &[4, 8]);
    check("ORDER_AMOUNT", &[4, 8]);
    check("CUSTOMER_METADATA(\"unknown\")", &[4, 8]);
    check("POW(10; 20)", &[1_000_000_000_000, 2_000_000_000_000]);
}

const CARD: PointsCard = PointsCard {
    programme: CampaignId(3),
    card: VoucherId(5),
};

/// Applies what a move of points is; whether it was let.
fn moves(books: &mut Book, (chain, way): (u64, CardMove), lots: &[Lot]) -> bool {
    let happening = Happening::PointsMoved {
        card: &CARD,
        lots,
        way,
    };
    take(books, &book(&happening, chain))
}

fn take(books: &mut Book, booking: &Booking) -> bool {
    for (line, opening) in (0..).zip(&booking.openings) {
        let id = TransferId {
            chain: u64::MAX,
            line,
        };
        books.open(opening, id).unwrap();
    }
    apply(books, &booking.chain, NOON).is_ok()
}

fn on_card(books: &Book) -> Vec<Lot> {
    let kind = chart::AccountKind::CardPoints.number();
    let lots = books.accounts.values().filter(|one| one.id.kind == kind);
    let lots = lots.map(|account| Lot {
        day: u32::try_from(account.id.party).unwrap(),
        points: account.available().unwrap(),
    });
    lots.filter(|lot| lot.points > 0).collect()
}

proptest! {
    /// Points never fall below zero, what is undone is as if it had never been, and the books
    /// balance throughout.
    #[test]
    fn points_are_never_below_zero_and_come_back(
        earned in proptest::collection::vec((0_u32..4, 0_u64..50), 1..8),
        spent in proptest::collection::vec(0_u64..120, 1..8),
    ) {
        let mut books = Book::default();
        for (chain, (day, points)) in (1..).zip(&earned) {
            let lot = [Lot { day: *day, points: *points }];
            prop_assert!(moves(&mut books, (chain, CardMove::Earned), &lot));
        }
        for (chain, points) in (100..).zip(&spent) {
            let before = on_card(&books);
            let Some(drawn) = draw(&before, *points, 0) else {
                let all = [Lot { day: 1, points: *points }];
                let has = before.iter().any(|lot| lot.day == 1 && lot.points >= *points);
                prop_assert_eq!(moves(&mut books, (chain, CardMove::Spent), &all), has);
                continue;
            };
            prop_assert!(moves(&mut books, (chain, CardMove::Spent), &drawn));
            let posted: Vec<_> = books.applied.values()
                .filter(|one| one.id.chain == chain && one.kind == Kind::Direct)
                .copied()
                .collect();
            let back = Happening::RolledBack { posted: &posted, part: Part::WHOLE };
            prop_assert!(take(&mut books, &book(&back, chain + 100)));
            prop_assert_eq!(on_card(&books), before);
            // Twice is refused.
            prop_assert_eq!(take(&mut books, &book(&back, chain + 200)), posted.is_empty());
        }
        prop_assert!(books.is_balanced());
        prop_assert!(books.accounts.values().all(Account::is_within_limit));
    }
}

/// Silver from 100 points, gold from 200: how a card moved whose tier was and is one of these.
#[track_caller]
fn check_moved(before: Option<u64>, now: Option<u64>, expected: Option<(TierMove, u64)>) {
    let tier = |id: u64, from: u64, to: Option<u64>| LoyaltyTier {
        id,
        from,
        to,
        earnings: BTreeMap::new(),
        prices: BTreeMap::new(),
    };
    // The one of more points was made first.
    let tiers = [tier(1, 200, None), tier(2, 100, Some(199))];
    let found = moved_between(&tiers, (before, now));
    assert_eq!(found, expected, "{before:?} {now:?}");
}

#[test]
fn cards_move_among_tiers() {
    check_moved(None, None, None);
    check_moved(None, Some(2), Some((TierMove::Joined, 2)));
    check_moved(Some(2), Some(2), None);
    check_moved(Some(2), Some(1), Some((TierMove::Upgraded, 1)));
    check_moved(Some(1), Some(2), Some((TierMove::Downgraded, 2)));
    check_moved(Some(1), None, Some((TierMove::Left, 1)));
    // A tier that was removed is not left.
    check_moved(Some(9), None, None);
    check_moved(Some(9), Some(2), Some((TierMove::Joined, 2)));
}
