//! What each guardrail, policy and check does, a row at a time.
use decision::{
    Bar, Configuration, Fate, Grant, GrantState, Guardrail, Invalid, MAX_ARMS, Policy, Request,
    Snapshot, SnapshotId,
};
use offers::{
    Benefit, CampaignId, Cap, CapUnit, Commitment, OfferId, Order, Period, Reach, Refusal, Scope,
    Sku, Spread, Validity,
};
use rules::{Condition, Op};

use crate::shop::{
    DAY, NOW, amount, bandit, chosen, configuration, decide, grant, guarded, ladder, offer, order,
    percent, ranked, request, test, with_grants, with_order,
};
use GrantState::{Lapsed, Open, Redeemed};

/// What bars the first offer, 10 % off, under one guardrail.
fn check(guardrail: Guardrail, request: &Request, expected: Option<Bar>) {
    let decision = decide(&guarded(guardrail), request);
    let bar = match decision.fate(OfferId(1)) {
        Some(Fate::Barred(bar)) => Some(bar.clone()),
        _ => None,
    };
    assert_eq!(bar, expected);
}

fn barred(guardrail: Guardrail) -> Option<Bar> {
    Some(Bar::Guardrail(guardrail))
}

#[test]
fn a_margin_floor_counts_the_goods_and_needs_their_cost() {
    // 40.00 less 4.00 is 36.00 paid; costs 27.00; 9.00 is left: a quarter.
    let at = |cost| with_order(order(cost));
    let margin = Guardrail::MarginAtLeast;
    check(margin(250_000), &at(Some(1_350)), None);
    check(margin(250_001), &at(Some(1_350)), barred(margin(250_001)));
    check(margin(0), &at(Some(1_801)), barred(margin(0)));
    let unknown = Some(Bar::Refused(Refusal::FactUnknown("line.unit_cost".into())));
    check(margin(0), &at(None), unknown.clone());
    check(
        margin(0),
        &with_order(Order {
            lines: Vec::new(),
            ..order(None)
        }),
        unknown,
    );
    check(margin(1_000_000), &request(), None);
}

#[test]
fn shipping_given_away_counts_against_the_margin() {
    // 40.00 paid, costs 35.00, 4.00 of shipping given: 1.00 is left, a fortieth.
    let given = |share| Configuration {
        policy: ranked(&[3]),
        ..guarded(Guardrail::MarginAtLeast(share))
    };
    let request = with_order(order(Some(1_750)));
    assert_eq!(chosen(&given(25_000), &request), Some(3));
    assert_eq!(chosen(&given(25_001), &request), None);
}

#[test]
fn depth_is_of_the_lines_touched_or_of_the_rate() {
    let depth = Guardrail::DepthAtMost;
    check(depth(100_000), &with_order(order(None)), None);
    check(
        depth(99_999),
        &with_order(order(None)),
        barred(depth(99_999)),
    );
    check(depth(100_000), &request(), None);
    check(depth(99_999), &request(), barred(depth(99_999)));
    // 5.00 of 40.00 is an eighth; without an order nothing is known of it.
    let second = |share| Configuration {
        policy: ranked(&[2]),
        ..guarded(depth(share))
    };
    assert_eq!(chosen(&second(125_000), &with_order(order(None))), Some(2));
    assert_eq!(chosen(&second(124_999), &with_order(order(None))), None);
    assert_eq!(chosen(&second(1), &request()), Some(2));
    // 5.00 of 30.00 is a sixth, which is more than 166 666 millionths.
    let mut thirty = order(None);
    thirty.lines[0].unit_price = 1_500;
    assert_eq!(chosen(&second(166_666), &with_order(thirty.clone())), None);
    assert_eq!(chosen(&second(166_667), &with_order(thirty)), Some(2));
}

#[test]
fn reduced_lines_bar_only_what_touches_them() {
    let rail = Guardrail::NotOnDiscounted;
    check(rail.clone(), &with_order(order(None)), None);
    check(rail.clone(), &request(), None);
    check(
        rail.clone(),
        &with_order(Order {
            discount: 1,
            ..order(None)
        }),
        barred(rail.clone()),
    );
    let mut reduced = order(None);
    reduced.lines[0].discount = 1;
    check(
        rail.clone(),
        &with_order(reduced.clone()),
        barred(rail.clone()),
    );

    let mut scoped = guarded(rail);
    let on = |sku| Scope::Lines(Condition::test("line.sku", Op::Equal, sku).into());
    scoped.offers[0].scope = on("pot");
    assert_eq!(chosen(&scoped, &with_order(reduced.clone())), Some(1));
    scoped.offers[0].scope = on("tea");
    scoped.policy = ranked(&[1]);
    assert_eq!(chosen(&scoped, &with_order(reduced)), None);
}

#[test]
fn quiet_days_end_to_the_millisecond() {
    let rail = Guardrail::QuietDays(7);
    let at = |at| {
        with_grants(vec![Grant {
            at,
            ..grant(9, 0, Lapsed)
        }])
    };
    check(rail.clone(), &at(NOW - 7 * DAY), None);
    check(rail.clone(), &at(NOW - 7 * DAY + 1), barred(rail.clone()));
    check(rail.clone(), &at(NOW + DAY), barred(rail));
    check(Guardrail::QuietDays(0), &at(NOW), None);
}

#[test]
fn a_campaign_outside_its_validity_or_currency_is_refused() {
    let refusal = |validity, request: &Request| {
        let mut made = configuration();
        made.campaigns[0].validity = validity;
        match decide(&made, request).fate(OfferId(1)) {
            Some(Fate::Barred(Bar::Refused(refusal))) => Some(refusal.clone()),
            _ => None,
        }
    };
    let valid = |from, until| Validity::between(from, until);
    let plain = request();
    assert_eq!(refusal(valid(Some(NOW), Some(NOW)), &plain), None);
    let early = Some(Refusal::NotYetOpen { from: NOW + 1 });
    assert_eq!(refusal(valid(Some(NOW + 1), None), &plain), early);
    let late = Some(Refusal::Closed { until: NOW - 1 });
    assert_eq!(refusal(valid(None, Some(NOW - 1)), &plain), late);
    let foreign = Order {
        currency: offers::Currency(*b"USD"),
        ..order(None)
    };
    let currency = Some(Refusal::RuleNotMet("order.currency".into()));
    assert_eq!(refusal(Validity::default(), &with_order(foreign)), currency);
}

#[test]
fn what_is_paused_does_not_appear() {
    let mut made = configuration();
    made.campaigns[0].active = false;
    made.offers[1].active = false;
    let decision = decide(&made, &request());
    assert_eq!(
        decision
            .considered
            .iter()
            .map(|one| one.0.0)
            .collect::<Vec<_>>(),
        [3]
    );
    assert_eq!(decision.unmatched, 0);
}

#[test]
fn a_budget_must_hold_what_one_use_takes() {
    let check = |left: Option<u64>, request: Request, expected: Option<u64>| {
        let mut made = Configuration {
            policy: ranked(&[2]),
            ..configuration()
        };
        made.campaigns[1].commitment = Commitment::WhileBudgetLasts;
        let mut request = request;
        request.remaining.budgets = left.map(|left| (CampaignId(2), left)).into_iter().collect();
        assert_eq!(chosen(&made, &request), expected);
        made.campaigns[1].commitment = Commitment::Guaranteed;
        let guaranteed = left.is_none_or(|left| left >= 500).then_some(2);
        assert_eq!(chosen(&made, &request), guaranteed);
    };
    check(None, request(), Some(2));
    check(Some(0), request(), None);
    check(Some(1), request(), Some(2));
    check(Some(499), with_order(order(None)), None);
    check(Some(500), with_order(order(None)), Some(2));

    let mut spent = request();
    spent.remaining.spent.insert(CampaignId(1));
    assert_eq!(chosen(&configuration(), &spent), Some(2));
    assert_eq!(
        decide(&configuration(), &spent).considered[0].1,
        Fate::Barred(Bar::Exhausted)
    );
}

#[test]
fn a_list_gives_its_first_allowed() {
    let mut made = Configuration {
        policy: ranked(&[3, 1]),
        ..configuration()
    };
    let fates = decide(&made, &request()).considered;
    let passed = |score| Fate::Passed {
        score_micros: score,
        propensity: 0,
    };
    assert_eq!(fates[0].1, passed(1_000_000));
    assert_eq!(fates[1].1, passed(0));
    assert_eq!(
        fates[2].1,
        Fate::Chosen {
            propensity: 1_000_000
        }
    );
    made.campaigns[2].rule = test("customer.orders", Op::AtLeast, 1);
    assert_eq!(chosen(&made, &request()), Some(1));
    assert_eq!(decide(&made, &request()).unmatched, 1);
}

#[test]
fn a_ladder_climbs_only_when_a_rung_lapsed_and_stops_on_redemption() {
    let check = |grants: Vec<Grant>, expected: Option<u64>| {
        let made = Configuration {
            policy: ladder(&[3, 2, 1]),
            ..configuration()
        };
        assert_eq!(chosen(&made, &with_grants(grants)), expected);
    };
    check(vec![], Some(3));
    check(vec![grant(3, 0, Open)], None);
    // Its day is over, though nobody has said so yet.
    check(vec![grant(3, 1, Open)], Some(2));
    check(vec![grant(3, 5, Lapsed)], Some(2));
    check(vec![grant(3, 5, Lapsed), grant(2, 3, Lapsed)], Some(1));
    check(vec![grant(3, 5, Lapsed), grant(2, 3, Redeemed)], None);
    check(
        vec![
            grant(3, 5, Lapsed),
            grant(2, 3, Lapsed),
            grant(1, 2, Lapsed),
        ],
        None,
    );
    check(vec![grant(2, 3, Lapsed), grant(3, 2, Lapsed)], Some(1));
    check(vec![grant(8, 0, Open)], Some(3));

    // A rung that is not allowed is waited for, not skipped.
    let mut made = Configuration {
        policy: ladder(&[3, 2, 1]),
        ..configuration()
    };
    made.campaigns[1].rule = test("customer.orders", Op::AtLeast, 1);
    assert_eq!(chosen(&made, &with_grants(vec![grant(3, 5, Lapsed)])), None);
}

#[test]
fn a_bandit_shares_the_draw_among_the_allowed() {
    let at = |draw| Request { draw, ..request() };
    let made = |arms: &[(u64, f64)]| Configuration {
        policy: bandit(arms, 100_000),
        ..configuration()
    };
    let propensity = |made: &Configuration, draw| decide(made, &at(draw)).chosen();
    // The best by far has all but the floors of the others, who stand first in the draw.
    let three = made(&[(1, 10.0), (2, 10.0), (3, 900.0)]);
    assert_eq!(propensity(&three, 0), Some((OfferId(1), 100_000)));
    assert_eq!(propensity(&three, 199_999), Some((OfferId(2), 100_000)));
    assert_eq!(propensity(&three, 200_000), Some((OfferId(3), 800_000)));
    assert_eq!(propensity(&three, 1_000_000), None);
    // Barred arms leave their share to the rest.
    let mut spent = at(0);
    spent.remaining.spent.insert(CampaignId(3));
    assert_eq!(decide(&three, &spent).chosen(), Some((OfferId(1), 500_000)));
    // So do arms of which much is expected, in proportion to what they had above the floor.
    let near = made(&[(1, 10.0), (2, 12.0), (3, 14.0)]);
    let share = |offer: u64, request: &Request| match decide(&near, request).fate(OfferId(offer)) {
        Some(Fate::Chosen { propensity } | Fate::Passed { propensity, .. }) => {
            *propensity - 100_000
        }
        _ => 0,
    };
    let all = [1, 2].map(|offer| share(offer, &at(0)));
    let left = [1, 2].map(|offer| share(offer, &spent));
    assert_eq!(left.iter().sum::<u32>(), 800_000);
    let first = 800_000.0 * f64::from(all[0]) / f64::from(all[0] + all[1]);
    assert!(
        (f64::from(left[0]) - first).abs() <= 1.0,
        "{all:?} {left:?}"
    );
    // What the policy does not name stays out.
    let two = made(&[(2, 1.0), (3, 1.0)]);
    assert_eq!(propensity(&two, 0), Some((OfferId(2), 500_000)));
}

#[test]
fn what_is_wrong_is_named_when_compiling() {
    let check = |change: &dyn Fn(&mut Configuration), expected: Invalid| {
        let mut made = configuration();
        change(&mut made);
        let invalid = Snapshot::compile(SnapshotId(1), made).unwrap_err();
        assert_eq!(invalid, vec![expected]);
    };
    let reads = |campaign: u64, offer: Option<u64>, path: &str| Invalid::ReadsProtected {
        campaign: CampaignId(campaign),
        name: format!("Campaign {campaign}").into(),
        offer: offer.map(OfferId),
        path: path.into(),
    };
    let never = |path: &str| vec![Guardrail::NeverReads(path.into())];
    let of_age = || Condition::Not(Box::new(test("customer.age.years", Op::Less, 30)));
    check(
        &|made| {
            made.guardrails = never("customer.age");
            made.campaigns[1].rule = of_age();
        },
        reads(2, None, "customer.age.years"),
    );
    check(
        &|made| {
            made.protected = vec!["customer.age".into()];
            made.offers[2].rule = of_age();
        },
        reads(3, Some(3), "customer.age.years"),
    );
    check(
        &|made| {
            made.guardrails = never("line.sex");
            made.offers[0].scope = Scope::Lines(Condition::test("line.sex", Op::Equal, "f").into());
        },
        reads(1, Some(1), "line.sex"),
    );
    check(
        &|made| made.campaigns.push(made.campaigns[0].clone()),
        Invalid::CampaignTwice(CampaignId(1)),
    );
    check(
        &|made| made.offers.push(made.offers[0].clone()),
        Invalid::OfferTwice(OfferId(1)),
    );
    let missing = Invalid::CampaignMissing {
        offer: OfferId(4),
        campaign: CampaignId(9),
    };
    check(&|made| made.offers.push(offer(4, 9, percent(1))), missing);
    check(
        &|made| made.policy = ranked(&[1, 1]),
        Invalid::PolicyNamesTwice(OfferId(1)),
    );
    check(
        &|made| made.policy = ladder(&[9]),
        Invalid::PolicyNamesUnknown(OfferId(9)),
    );
    let floor = Invalid::FloorTooHigh {
        floor: 500_001,
        arms: 2,
    };
    check(
        &|made| made.policy = bandit(&[(1, 0.0), (2, 0.0)], 500_001),
        floor,
    );
    let many = |made: &mut Configuration| {
        let arms: Vec<(u64, f64)> = (1..=13).map(|id| (id, 0.0)).collect();
        made.offers = (1..=13).map(|id| offer(id, 1, percent(1))).collect();
        made.policy = bandit(&arms, 0);
    };
    let too_long = Invalid::PolicyTooLong {
        offers: 13,
        limit: MAX_ARMS,
    };
    check(&many, too_long);
    let deep = Guardrail::DepthAtMost(1_000_001);
    check(
        &|made| made.guardrails = vec![deep.clone()],
        Invalid::ShareTooHigh(deep.clone()),
    );
    let whole = measurement::Malformed::HoldoutTooLarge(1_000_000);
    check(
        &|made| made.design.holdout = 1_000_000,
        Invalid::Design(whole),
    );

    // A fact that only begins alike is another fact.
    let mut made = configuration();
    made.guardrails = never("customer.age");
    made.campaigns[0].rule = test("customer.agenda", Op::Less, 3);
    assert!(Snapshot::compile(SnapshotId(1), made).is_ok());
}

#[test]
fn what_is_guaranteed_within_a_cap_in_money_has_a_bound() {
    let check = |benefit: &Benefit, unit: CapUnit, is_fine: bool| {
        let mut made = configuration();
        made.offers[0].benefit = benefit.clone();
        made.campaigns[0].caps = vec![Cap {
            reach: Reach::Campaign,
            period: Period::Ever,
            unit,
            limit: 5_000,
            grant_remainder: false,
        }];
        assert!(Snapshot::compile(SnapshotId(1), made.clone()).is_ok());
        made.campaigns[0].commitment = Commitment::Guaranteed;
        let faults = Snapshot::compile(SnapshotId(1), made).err();
        let unbounded = Invalid::PromiseUnbounded {
            campaign: CampaignId(1),
            name: "Campaign 1".into(),
            offer: OfferId(1),
        };
        assert_eq!(faults, (!is_fine).then(|| vec![unbounded]), "{benefit:?}");
    };
    let (points, unit) = (
        Benefit::PointsBack {
            per: 100,
            points: 1,
        },
        Benefit::unit_free(Sku("mug".into()), 1),
    );
    let share = |ceiling| Benefit::PercentOff {
        rate: 100_000,
        ceiling,
    };
    let each = Benefit::AmountOff {
        amount: 500,
        spread: Spread::EachUnit,
    };
    for (benefit, is_fine) in [
        (points, true),
        (amount(500), true),
        (share(Some(800)), true),
        (share(None), false),
        (unit, false),
        (each, false),
        (Benefit::FixedPrice { price: 500 }, false),
        (Benefit::ShippingFree { ceiling: None }, false),
    ] {
        check(&benefit, CapUnit::Money, is_fine);
        check(&benefit, CapUnit::Uses, true);
    }
}

#[test]
fn a_guaranteed_promise_counts_what_one_use_takes_of_this_order() {
    let mut made = Configuration {
        policy: ranked(&[1]),
        ..configuration()
    };
    made.campaigns[0].commitment = Commitment::Guaranteed;
    made.offers[0].benefit = Benefit::AmountOff {
        amount: 300,
        spread: Spread::EachUnit,
    };
    let check = |left, request: Request, expected| {
        let mut request = request;
        request.remaining.budgets.insert(CampaignId(1), left);
        assert_eq!(chosen(&made, &request), expected);
    };
    // 3.00 off each of two units; before there is an order nobody can tell of how many.
    check(599, with_order(order(None)), None);
    check(600, with_order(order(None)), Some(1));
    check(1, request(), Some(1));
}

#[test]
fn an_empty_policy_gives_nobody_anything() {
    let made = Configuration {
        policy: Policy::Ranked(Vec::new()),
        ..configuration()
    };
    let decision = decide(&made, &request());
    assert_eq!(decision.chosen(), None);
    assert_eq!(decision.considered.len(), 3);
}
