//! The promises of architecture, for any configuration and request.
use decision::{
    Bar, Configuration, DecisionId, Fate, Guardrail, Request, SnapshotId, candidates, decide,
    draw_of, explain, replay, spec, trace,
};
use measurement::Arm;
use profiles::{Choice, Consent};
use proptest::prelude::*;

use crate::{
    generated::{configurations, only, requests, shuffled, told_to},
    shop::{self, compile},
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn fast_path_equals_spec(configuration in configurations(), request in requests()) {
        let snapshot = compile(&configuration);
        let meant = spec::decide(snapshot.id, &configuration, &request);
        prop_assert_eq!(decide(&snapshot, &request), meant);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn facts_told_for_what_is_read_decide_as_all_facts_do(
        configuration in configurations(),
        request in requests(),
    ) {
        let snapshot = compile(&configuration);
        let lean = told_to(snapshot.reads(), &request);
        let decision = spec::decide(snapshot.id, &configuration, &request);
        prop_assert_eq!(&decide(&snapshot, &lean), &decision);
        prop_assert_eq!(trace(&snapshot, &lean), trace(&snapshot, &request));
        let explained = explain(&snapshot, &request, &decision);
        prop_assert_eq!(explain(&snapshot, &lean, &decision), explained);
        // Nothing is kept that no rule and no scope reads.
        for (path, _) in lean.facts.iter() {
            prop_assert!(snapshot.reads().wants(path.as_str()), "{path}");
        }
        prop_assert!(lean.facts.lines().is_empty() || snapshot.reads().wants_lines());
    }

    #[test]
    fn guardrail_trumps_policy(
        configuration in configurations(),
        request in requests(),
        floor in 0_u32..60,
    ) {
        let mut configuration = configuration;
        configuration.guardrails.push(Guardrail::MarginAtLeast(floor * 10_000));
        let decision = shop::decide(&configuration, &request);
        for (offer, fate) in decision.considered {
            // A policy that wants nothing but what is barred does not get it.
            if matches!(fate, Fate::Barred(Bar::Guardrail(_))) {
                let policy = only(offer);
                let wanted = Configuration { policy, ..configuration.clone() };
                let decision = shop::decide(&wanted, &request);
                prop_assert_eq!(decision.fate(offer), Some(&fate));
                prop_assert_eq!(decision.chosen().or(decision.withheld()), None);
            }
        }
    }

    /// Counted by hand from the price of the order with the chosen offer and nothing else.
    #[test]
    fn no_offer_chosen_leaves_less_than_the_margin(
        configuration in configurations(),
        request in requests(),
        floor in 0_u32..60,
    ) {
        let mut configuration = configuration;
        configuration.guardrails.push(Guardrail::MarginAtLeast(floor * 10_000));
        let snapshot = compile(&configuration);
        let decision = decide(&snapshot, &request);
        let given = decision.chosen().or(decision.withheld());
        if let (Some((offer, _)), Some(order)) = (given, &request.order) {
            let (offer, campaign) = snapshot.offer(offer).unwrap();
            let (paid, left) = shop::paid_and_left(order, (offer, campaign));
            prop_assert!(100 * left >= i128::from(floor) * paid, "{left} of {paid}");
        }
    }

    #[test]
    fn no_offer_by_default(configuration in configurations(), request in requests()) {
        for policy in [shop::ranked(&[]), shop::ladder(&[]), shop::bandit(&[], 0)] {
            let silent = Configuration { policy, ..configuration.clone() };
            prop_assert_eq!(shop::decide(&silent, &request).chosen(), None);
        }
        let request = Request { consent: Consent::default(), ..request };
        let decision = shop::decide(&configuration, &request);
        let silent = Fate::Barred(Bar::NoConsent);
        prop_assert!(decision.considered.iter().all(|(_, fate)| *fate == silent));
    }

    #[test]
    fn order_of_campaigns_does_not_matter(
        (one, other) in configurations().prop_flat_map(shuffled),
        request in requests(),
    ) {
        prop_assert_eq!(shop::decide(&one, &request), shop::decide(&other, &request));
    }

    #[test]
    fn same_id_same_answer(
        configuration in configurations(),
        request in requests(),
        secret in any::<[u8; 32]>(),
        id in any::<u64>(),
    ) {
        let id = DecisionId(id);
        let again = || Request { id, draw: draw_of(&secret, id), ..request.clone() };
        let first = shop::decide(&configuration, &again());
        prop_assert!(first.draw < 1_000_000);
        prop_assert_eq!(first, shop::decide(&configuration, &again()));
    }

    #[test]
    fn replay_is_equal(configuration in configurations(), request in requests()) {
        let decision = shop::decide(&configuration, &request);
        prop_assert_eq!(&replay(&compile(&configuration), &request), &decision);

        let bytes = postcard::to_allocvec(&(&configuration, &request)).unwrap();
        let kept: (Configuration, Request) = postcard::from_bytes(&bytes).unwrap();
        prop_assert_eq!(&replay(&compile(&kept.0), &kept.1), &decision);

        let text = serde_json::to_string(&(&configuration, &request, &decision)).unwrap();
        let kept: (Configuration, Request, decision::Decision) =
            serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&replay(&compile(&kept.0), &kept.1), &decision);
        prop_assert_eq!(kept.2, decision);
    }

    #[test]
    fn propensities_add_up_and_at_most_one_is_chosen(
        configuration in configurations(),
        request in requests(),
    ) {
        let decision = shop::decide(&configuration, &request);
        let mut sum = 0;
        let mut taken = 0;
        for (_, fate) in &decision.considered {
            match fate {
                Fate::Chosen { propensity } | Fate::Withheld { propensity } => {
                    prop_assert!(*propensity > 0);
                    taken += 1;
                    sum += propensity;
                }
                Fate::Passed { propensity, .. } => sum += propensity,
                Fate::Barred(_) => {}
            }
        }
        prop_assert_eq!((sum, taken), if sum == 0 { (0, 0) } else { (1_000_000, 1) });
        prop_assert!(decision.arm != Arm::Holdout || decision.chosen().is_none());
        prop_assert!(decision.arm == Arm::Holdout || decision.withheld().is_none());
    }

    #[test]
    fn trace_names_every_live_candidate_once(
        configuration in configurations(),
        request in requests(),
    ) {
        let snapshot = compile(&configuration);
        let trace = trace(&snapshot, &request);
        prop_assert_eq!(trace.unmatched.len(), trace.decision.unmatched as usize);
        prop_assert_eq!(&trace.decision, &decide(&snapshot, &request));
        let considered: Vec<_> = trace.decision.considered.iter().map(|one| one.0).collect();
        let loaded: Vec<_> = candidates(&snapshot, &request.facts);
        let loaded: Vec<_> = loaded.into_iter().map(|(offer, _)| offer).collect();
        prop_assert_eq!(&considered, &loaded);
        prop_assert!(trace.unmatched.iter().all(|(offer, _)| !considered.contains(offer)));
        prop_assert_eq!(considered.len() + trace.unmatched.len(), snapshot.live());
    }

    #[test]
    fn shoppers_are_told_little(configuration in configurations(), request in requests()) {
        let snapshot = compile(&configuration);
        let explanation = explain(&snapshot, &request, &decide(&snapshot, &request));
        prop_assert!((1..=3).contains(&explanation.shopper.len()));
        for sentence in &explanation.shopper {
            for secret in ["margin", "customer.", "cost", "budget", "Campaign"] {
                prop_assert!(!sentence.contains(secret), "{sentence}");
            }
        }
    }
}

#[test]
fn draws_are_spread_evenly_and_hang_on_the_secret() {
    let mut tenths = [0; 10];
    for id in 0..10_000 {
        tenths[draw_of(b"secret", DecisionId(id)) as usize / 100_000] += 1;
    }
    assert!(
        tenths.iter().all(|count| (900..1_100).contains(count)),
        "{tenths:?}"
    );
    let with = |secret: &[u8]| draw_of(secret, DecisionId(1));
    assert_ne!(with(b"secret"), with(b"other"));
    assert_eq!(with(b""), with(b""));
}

#[test]
fn a_holdout_keeps_what_would_have_been_given() {
    let mut configuration = shop::configuration();
    configuration.design.holdout = 999_999;
    let decision = shop::decide(&configuration, &shop::request());
    assert_eq!(decision.withheld().map(|(offer, _)| offer.0), Some(1));
    assert_eq!(decision.snapshot, SnapshotId(3));
    assert_eq!(decision.chosen(), None);
    let denied = Consent {
        measure: Choice::Granted { at: 0 },
        ..Consent::default()
    };
    let silent = Request {
        consent: denied,
        ..shop::request()
    };
    assert_eq!(shop::decide(&configuration, &silent).withheld(), None);
}

/// Generated cases are worth nothing if they never meet: every kind of fate must come up.
#[test]
fn generated_requests_reach_every_fate() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::<&str, u32>::new();
    for _ in 0..400 {
        let mut any = || {
            (configurations(), requests())
                .new_tree(&mut runner)
                .unwrap()
                .current()
        };
        let (configuration, request) = any();
        for (_, fate) in shop::decide(&configuration, &request).considered {
            let kind = match &fate {
                Fate::Chosen { .. } => "chosen",
                Fate::Withheld { .. } => "withheld",
                Fate::Passed { propensity: 0, .. } => "passed",
                Fate::Passed { .. } => "drawn against",
                Fate::Barred(bar) => bar.code(),
            };
            *seen.entry(kind).or_default() += 1;
        }
    }
    for kind in [
        "chosen",
        "withheld",
        "passed",
        "drawn against",
        "consent_required",
        "not_started",
        "expired",
        "rule_not_met",
        "fact_unknown",
        "margin_floor",
        "depth_limit",
        "excluded_items",
        "quiet_days",
        "exhausted",
    ] {
        assert!(
            seen.get(kind).is_some_and(|count| *count >= 5),
            "{kind}: {seen:?}"
        );
    }
}
