//! What shoppers and operators are told of decisions.

use std::sync::Arc;

use decision::{Bar, Decision, DecisionId, Fate, Guardrail, SnapshotId};
use measurement::Arm;
use offers::{
    Benefit, CampaignId, Currency, Offer, OfferId, Refusal, Scope, Sku, Spread, Validity,
};
use profiles::Consent;
use rules::{Condition, Facts, Reads};
use wire::decisions::{
    BenefitView, CandidateView, DecisionRequest, ProfileView, ReadoutView, WhyNone,
};

fn check(benefit: Benefit, scope: Scope, currency: &[u8; 3], expected: &str) {
    let offer = Offer {
        id: OfferId(1),
        campaign: CampaignId(1),
        name: Arc::from("x"),
        active: true,
        validity: Validity::default(),
        rule: Condition::Always,
        benefit,
        scope,
        is_tier: true,
        priority: 1,
        after: Condition::Always,
        bundle: None,
        grant_ms: 0,
        formula: None,
    };
    let view = BenefitView::of(&offer, Currency(*currency));
    assert_eq!(format!("{}: {}", view.kind, view.text), expected);
}

#[test]
fn benefits_are_told_in_plain_words() {
    let lines = || Scope::Lines(Condition::Always.into());
    let percent = |rate, ceiling| Benefit::PercentOff { rate, ceiling };
    let amount = |spread| Benefit::AmountOff {
        amount: 1050,
        spread,
    };
    check(
        percent(100_000, None),
        Scope::Order,
        b"EUR",
        "percent_off: 10 % off",
    );
    let ceiling = "percent_off: 12.5 % off selected goods, at most 8.00 EUR";
    check(percent(125_000, Some(800)), lines(), b"EUR", ceiling);
    check(
        amount(Spread::Order),
        Scope::Order,
        b"JPY",
        "amount_off: 1050 JPY off",
    );
    let each = "amount_off: 1.050 KWD off selected goods for each unit";
    check(amount(Spread::EachUnit), lines(), b"KWD", each);
    let fixed = "fixed_price: the order for 5.00 EUR";
    check(
        Benefit::FixedPrice { price: 500 },
        Scope::Order,
        b"EUR",
        fixed,
    );
    let free = "shipping_free: free shipping";
    check(
        Benefit::ShippingFree { ceiling: None },
        Scope::Order,
        b"EUR",
        free,
    );
    let unit = Benefit::unit_free(Sku(Arc::from("mug")), 2);
    check(unit, Scope::Order, b"EUR", "unit_free: 2 × mug free");
    let points = "points_back: 2 points for every 1.00 EUR";
    check(
        Benefit::PointsBack {
            per: 100,
            points: 2,
        },
        Scope::Order,
        b"EUR",
        points,
    );
}

fn decided(arm: Arm, fates: Vec<Fate>) -> Decision {
    let considered = fates.into_iter().map(|fate| (OfferId(1), fate)).collect();
    let (id, snapshot) = (DecisionId(1), SnapshotId(1));
    Decision {
        id,
        snapshot,
        arm,
        draw: 0,
        considered,
        unmatched: 0,
    }
}

#[test]
fn a_shopper_without_an_offer_never_learns_the_arm() {
    let withheld = decided(
        Arm::Holdout,
        vec![Fate::Withheld {
            propensity: 1_000_000,
        }],
    );
    let nothing = decided(Arm::Control, Vec::new());
    assert_eq!(WhyNone::of(&withheld), WhyNone::of(&nothing));
    let code = |fate| WhyNone::of(&decided(Arm::Control, vec![fate])).map(|why| why.code);
    assert_eq!(code(Fate::Chosen { propensity: 1 }), None);
    assert_eq!(
        code(Fate::Barred(Bar::NoConsent)).as_deref(),
        Some("no_consent")
    );
    assert_eq!(
        code(Fate::Barred(Bar::Exhausted)).as_deref(),
        Some("all_gone")
    );
    let used_up = Bar::Refused(Refusal::UsedUp);
    assert_eq!(code(Fate::Barred(used_up)).as_deref(), Some("nothing_now"));
}

#[test]
fn every_fate_has_a_code_and_a_sentence() {
    let told = |fate| {
        let view = CandidateView::of(OfferId(1), &fate);
        format!("{} {} {}", view.fate, view.code, view.sentence)
    };
    let guard = |guardrail| told(Fate::Barred(Bar::Guardrail(guardrail)));
    let floor = "barred margin_floor It would leave less than 12.5 % margin.";
    assert_eq!(guard(Guardrail::MarginAtLeast(125_000)), floor);
    let quiet = "barred quiet_days The last offer is less than 7 days ago.";
    assert_eq!(guard(Guardrail::QuietDays(7)), quiet);
    let refused = "barred paused This is not available right now.";
    assert_eq!(told(Fate::Barred(Bar::Refused(Refusal::Paused))), refused);
    let passed = told(Fate::Passed {
        score_micros: -5,
        propensity: 0,
    });
    assert!(passed.starts_with("passed outscored"), "{passed}");
}

#[test]
fn requests_name_a_customer_and_a_moment() {
    let told = |body: &str| {
        wire::parse::<DecisionRequest>(body.as_bytes()).and_then(|request| {
            let facts = request.context_facts(&Reads::everything());
            let facts: Vec<_> = facts.iter().map(|(path, _)| path.to_string()).collect();
            Ok(format!("{} {}", request.customer_key()?, facts.join(" ")))
        })
    };
    let body = r#"{"customer":{"source_id":"ann"},"context":{"device":"phone"},"placement":"top"}"#;
    assert_eq!(
        told(body).as_deref(),
        Ok("ann context.device context.placement")
    );
    let place = |body: &str| told(body).map_err(|wrong| wrong.pointer);
    assert_eq!(place(r#"{"customer":{}}"#), Err("/customer".to_owned()));
    assert_eq!(
        place(r#"{"customer":{"id":7}}"#),
        Err("/customer/id".to_owned())
    );
    assert_eq!(place("{}"), Err(String::new()));
}

#[test]
fn profiles_and_readouts_are_told_as_json() {
    let mut facts = Facts::default();
    facts.set("customer.orders", 3);
    facts.set("customer.first_order_at", rules::Value::Time(0));
    let profile = ProfileView::of("cust_1".into(), Consent::granted(0), &facts);
    let (at, orders) = (
        serde_json::json!("1970-01-01T00:00:00.000Z"),
        serde_json::json!(3),
    );
    let expected = serde_json::json!({
        "customer_id": "cust_1",
        "consent": {
            "personalise_offers": {"choice": "granted", "at": at},
            "measure": {"choice": "granted", "at": at},
        },
        "facts": {"customer.orders": orders, "customer.first_order_at": at},
    });
    assert_eq!(serde_json::to_value(&profile).unwrap(), expected);
    let unready = Err(measurement::Unready::TooFew { n: 1, needed: 2 });
    let readout = ReadoutView::of("expt_1".into(), &unready, Currency(*b"EUR"));
    assert_eq!(
        (readout.verdict.as_str(), readout.contrasts.len()),
        ("unready", 0)
    );
    assert_eq!(
        readout.why_unready.as_deref(),
        Some("Too few customers: 1, and 2 are needed.")
    );
}
