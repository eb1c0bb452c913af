//! Profiles: joined and split exactly, and silent where consent is.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;
use crate::{Activity, Choice, Kind, tallies::tests::activity};

const DAY: i64 = 86_400_000;

fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let node = (0..3_u64, prop::collection::vec(activity(), 0..10), 0..9_i64);
    prop::collection::vec(node, 1..6).prop_map(|nodes| {
        let told = nodes.into_iter().zip(0..);
        told.map(|((customer, activities, said), id)| {
            let mut tallies = Tallies::default();
            activities
                .iter()
                .for_each(|activity| tallies.observe(activity));
            let consent = match said % 3 {
                0 => Consent::default(),
                1 => Consent::granted(said),
                _ => Consent::denied(said),
            };
            Node {
                id: NodeId(id),
                customer: CustomerId(customer),
                consent,
                tallies,
            }
        })
        .collect()
    })
}

fn profile(customer: CustomerId, nodes: &[Node]) -> Profile<'_> {
    let theirs = nodes.iter().filter(|node| node.customer == customer);
    Profile::of(customer, theirs, Cow::default())
}

proptest! {
    #[test]
    fn split_undoes_merge(before in nodes()) {
        let (from, to) = (CustomerId(1), CustomerId(2));
        let came: Vec<_> = before.iter().filter(|n| n.customer == from).map(|n| n.id).collect();
        let mut after = before.clone();
        join(&mut after, from, to);
        prop_assert_eq!(&profile(from, &after), &Profile { customer: from, ..Profile::default() });
        split(&mut after, &came, from);
        prop_assert_eq!(&after, &before);
        prop_assert_eq!(profile(from, &after), profile(from, &before));
    }

    #[test]
    fn merge_is_commutative(mut nodes in nodes()) {
        let mut joined = nodes.clone();
        join(&mut joined, CustomerId(1), CustomerId(2));
        join(&mut nodes, CustomerId(2), CustomerId(1));
        let (one, other) = (profile(CustomerId(1), &nodes), profile(CustomerId(2), &joined));
        prop_assert_eq!(&one.tallies, &other.tallies);
        prop_assert_eq!(one.consent, other.consent);
        let reversed: Vec<_> = nodes.iter().rev().cloned().collect();
        prop_assert_eq!(profile(CustomerId(1), &reversed), one);
    }

    #[test]
    fn no_consent_no_byte(activities in prop::collection::vec(activity(), 0..20), at in 0..9_i64) {
        let silent = [
            Consent::default(),
            Consent::denied(at),
            Consent { measure: Choice::Granted { at }, ..Consent::default() },
            Consent::granted(at).merge(Consent::denied(at)),
        ];
        for consent in silent {
            let mut kept = Tallies::default();
            let admitted = activities.iter().filter(|a| crate::admit(consent, a).features);
            admitted.for_each(|activity| kept.observe(activity));
            prop_assert_eq!(&kept, &Tallies::default());
            // Even what was kept before a withdrawal is not there to be read, and then gone.
            let mut tallies = Tallies::default();
            activities.iter().for_each(|activity| tallies.observe(activity));
            let mut traits = Facts::default();
            traits.set("customer.trait.tier", "gold");
            let profile = Profile {
                customer: CustomerId(1),
                consent,
                tallies: Cow::Owned(tallies),
                traits: Cow::Owned(traits),
            };
            for purpose in [Purpose::PersonaliseOffers, Purpose::Measure] {
                let told = facts(&profile, purpose, 400 * DAY, &Reads::everything());
                prop_assert_eq!(told, Facts::default());
            }
            let nothing = Profile { customer: CustomerId(1), consent, ..Profile::default() };
            prop_assert_eq!(profile.minimised(), nothing);
        }
    }
}

#[test]
fn a_purpose_reads_only_where_both_are_granted() {
    let mut profile = Profile {
        consent: Consent::granted(1),
        ..Profile::default()
    };
    profile.tallies.to_mut().observe(&Activity {
        at: DAY,
        kind: Kind::Page,
    });
    profile.traits.to_mut().set("customer.trait.tier", "gold");
    let told =
        |profile: &Profile<'_>, purpose| facts(profile, purpose, 2 * DAY, &Reads::everything());
    for purpose in [Purpose::PersonaliseOffers, Purpose::Measure] {
        let facts = told(&profile, purpose);
        assert_eq!(facts.get("customer.last_seen_days"), Some(&1.into()));
        assert_eq!(facts.get("customer.trait.tier"), Some(&"gold".into()));
    }
    profile.consent.measure = Choice::Denied { at: 2 };
    assert_eq!(told(&profile, Purpose::Measure), Facts::default());
    assert_ne!(told(&profile, Purpose::PersonaliseOffers), Facts::default());
    assert_eq!(profile.clone().minimised(), profile);
}
