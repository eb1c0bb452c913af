//! What each reader is told.
use decision::{Configuration, Explanation, Guardrail, Request, decide, explain};
use profiles::Consent;
use rules::{Condition, Op};

use crate::shop::{
    bandit, compile, configuration, guarded, order, ranked, request, test, with_order,
};

fn explained(configuration: &Configuration, request: &Request) -> Explanation {
    let snapshot = compile(configuration);
    explain(&snapshot, request, &decide(&snapshot, request))
}

fn check(configuration: &Configuration, request: &Request, expected: &[&str]) {
    assert_eq!(explained(configuration, request).shopper, expected);
}

/// One offer, for orders of at least 52.40.
fn from_52_40() -> Configuration {
    let mut made = Configuration {
        policy: ranked(&[1]),
        ..configuration()
    };
    made.campaigns[0].rule = test("order.amount", Op::AtLeast, 5_240);
    made
}

#[test]
fn shoppers_read_plain_sentences() {
    let nothing = "There is no offer for you right now.";
    let given = [
        "You get “Offer 1”.",
        "You and your order meet all that it asks for.",
    ];
    check(&configuration(), &request(), &given);

    let chance = "Where several offers fit, chance picks one of them.";
    let two = Configuration {
        policy: bandit(&[(1, 1.0), (2, 1.0)], 0),
        ..configuration()
    };
    check(&two, &request(), &[given[0], given[1], chance]);

    let gap = "Add 12.40 EUR more to your order and “Offer 1” can be yours.";
    check(&from_52_40(), &with_order(order(None)), &[nothing, gap]);

    let silent = Request {
        consent: Consent::default(),
        ..request()
    };
    let asked = [
        "You have not allowed us to choose offers for you, so there is none.",
        "You can allow it, and take that back, at any time.",
    ];
    check(&configuration(), &silent, &asked);

    let mut held_out = configuration();
    held_out.design.holdout = 999_999;
    let measured =
        "Some customers, picked by chance, get no offers, so that we can measure what offers do.";
    check(&held_out, &request(), &[nothing, measured]);

    let thin = Guardrail::MarginAtLeast(990_000);
    check(&guarded(thin), &with_order(order(Some(1_900))), &[nothing]);

    let mut reduced = order(None);
    reduced.discount = 100;
    let reduced = with_order(reduced);
    let one = Configuration {
        policy: ranked(&[1]),
        ..guarded(Guardrail::NotOnDiscounted)
    };
    check(
        &one,
        &reduced,
        &[nothing, "Some offers leave out reduced items."],
    );
}

#[test]
fn a_gap_is_named_only_where_closing_it_would_help() {
    let nothing = ["There is no offer for you right now."];
    let mut spent = with_order(order(None));
    spent.remaining.spent.insert(offers::CampaignId(1));
    check(&from_52_40(), &spent, &nothing);
    let unnamed = Configuration {
        policy: ranked(&[]),
        ..from_52_40()
    };
    check(&unnamed, &with_order(order(None)), &nothing);
}

#[test]
fn support_and_auditors_read_every_fate() {
    let mut made = Configuration {
        guardrails: vec![Guardrail::DepthAtMost(110_000)],
        ..from_52_40()
    };
    made.policy = ranked(&[1, 2, 3]);
    made.campaigns[2].rule = Condition::test("customer.tier", Op::Equal, "gold");
    let explanation = explained(&made, &with_order(order(None)));
    assert_eq!(
        explanation.support,
        [
            "Decision 1 of snapshot 3: treatment, 2 considered, 1 not matching.",
            "Offer 2 “Offer 2” of “Campaign 2”: Guardrail: depth of at most 11.0000 %.",
            "Offer 3 “Offer 3” of “Campaign 3”: Chosen, with probability 100.0000 %.",
            "Offer 1 “Offer 1” of “Campaign 1”: Add 12.40 EUR more to use this.",
        ]
    );
    let codes: Vec<String> = explanation
        .auditor
        .iter()
        .map(|line| format!("{} {} {}", line.step, line.subject, line.code))
        .collect();
    assert_eq!(
        codes,
        [
            "record decision made",
            "record decision replay_agrees",
            "record request consent",
            "record request facts_read",
            "arm request assigned",
            "chosen request draw",
            "guarded snapshot depth_limit",
            "scored snapshot ranked",
            "guarded offer 2 depth_limit",
            "chosen offer 3 chosen",
            "eligible offer 1 min_spend",
        ]
    );
    assert_eq!(explanation.auditor[3].detail, "customer.tier, order.amount");
}

#[test]
fn a_record_that_does_not_replay_is_said_to_differ() {
    let snapshot = compile(&configuration());
    let mut decision = decide(&snapshot, &request());
    decision.considered.pop();
    let explanation = explain(&snapshot, &request(), &decision);
    assert_eq!(explanation.auditor[1].code, "replay_differs");
}
