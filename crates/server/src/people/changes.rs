//! What changes about a customer: what they say of consent, whom they turn out to be, that they are
//! to be forgotten.

use profiles::{Consent, CustomerId, NodeId, Purpose, Tallies};
use rules::Facts;
use store::{Expect, Index, Kind, Write};

use super::{Enrolment, MAX_GRANTS, People, Person, Tracked};
use crate::{
    deciding::{PROGRAMME, arm_key},
    withdrawing::noted,
};

/// What the shop says of a customer in words of its own, and keeps saying whatever they allow.
const STATED: [&str; 2] = ["customer.id", "customer.metadata."];

impl People<'_> {
    /// That all that was read of a loaded customer is still so.
    #[must_use]
    pub fn as_read(&self, customer: CustomerId) -> Vec<Expect> {
        let expect = |kind| {
            let version = self.version(kind, customer.0)?;
            let id = customer.0;
            Some(Expect { kind, id, version })
        };
        let kinds = [Kind::Customer, Kind::Nodes];
        kinds.into_iter().filter_map(expect).collect()
    }

    /// Who is a customer of the shop by name from now on: not who was joined to another or erased,
    /// nor a visitor whom nobody named.
    #[must_use]
    pub fn newcomers(&self) -> Vec<CustomerId> {
        let is_new = |(id, tracked): &(&CustomerId, &Tracked<Person>)| {
            let was_nobody = tracked.version == 0 || self.nameless.contains(id);
            let is_there = tracked.thing.has_user && tracked.thing.merged_into.is_none();
            let is_erased = self.erased.contains(&(Kind::Customer, id.0));
            tracked.changed && was_nobody && is_there && !is_erased
        };
        let new = self.persons.iter().filter(is_new);
        new.map(|(id, _)| *id).collect()
    }

    /// Takes down what a customer says of consent under one of their identifiers. What they no
    /// longer allow is gone in the same command: features, traits, and their place in an arm. What
    /// was decided by it is noted to be stripped.
    pub fn state(&mut self, customer: CustomerId, node: NodeId, said: Consent) {
        let before = self.consent_of(customer);
        let kept = self.nodes_of(customer).iter().find(|one| one.id == node);
        let Some(kept) = kept.map(|kept| kept.consent) else {
            return;
        };
        let merged = kept.merge(said);
        if merged != kept
            && let Some(kept) = self.node_mut(customer, node)
        {
            kept.consent = merged;
        }
        self.hold_to_consent(customer, &[before]);
    }

    fn consent_of(&self, customer: CustomerId) -> Consent {
        let person = self.person(customer);
        person.map_or_else(Consent::default, |person| self.consent(person))
    }

    /// Lets go of what is no longer allowed, where it was before.
    fn hold_to_consent(&mut self, customer: CustomerId, before: &[Consent]) {
        let consent = self.consent_of(customer);
        let personalise = consent.allows(Purpose::PersonaliseOffers);
        if !personalise {
            self.forget(customer);
        }
        let did_allow = |before: &Consent| before.allows(Purpose::PersonaliseOffers);
        if !personalise && before.iter().any(did_allow) {
            self.take_back(customer);
        }
        if !(personalise && consent.allows(Purpose::Measure)) {
            self.exclude(customer);
        }
    }

    /// Notes that a customer's decisions are to be stripped of what they were made by.
    fn take_back(&mut self, customer: CustomerId) {
        // Written in any case, so that nothing is decided by what was read before.
        let Some(person) = self.person_mut(customer) else {
            return;
        };
        let ids: Vec<_> = person.former.iter().copied().chain([customer]).collect();
        self.links.extend(ids.into_iter().map(noted));
    }

    /// Features and traits go; what the shop states, and what was granted, stays.
    fn forget(&mut self, customer: CustomerId) {
        let Some(person) = self.person(customer) else {
            return;
        };
        let is_stated = |path: &str| STATED.iter().any(|stated| path.starts_with(stated));
        let mut stated = Facts::default();
        for (path, value) in person.traits.iter() {
            if is_stated(path.as_str()) {
                stated.set(path.as_str(), value.clone());
            }
        }
        if stated != person.traits
            && let Some(person) = self.person_mut(customer)
        {
            person.traits = stated;
        }
        let mut nodes = self.nodes_of(customer).iter();
        if nodes.any(|node| node.tallies != Tallies::default()) {
            let nodes = self.nodes_mut(customer).iter_mut();
            nodes.for_each(|node| node.tallies = Tallies::default());
        }
    }

    /// Takes a customer out of their arm for good.
    pub fn exclude(&mut self, customer: CustomerId) {
        let Some(enrolled) = self.person(customer).and_then(|person| person.enrolled) else {
            return;
        };
        if let Some(person) = self.person_mut(customer) {
            person.enrolled = None;
            person.excluded = true;
        }
        self.links.push(Write::Unlink {
            index: Index::UnitsOfArm,
            key: arm_key(PROGRAMME, enrolled.arm),
            id: enrolled.unit.0,
        });
    }

    /// Deletes a loaded customer and everything they are known by. What was granted, redeemed and
    /// counted is the shop's accounting and stays under a number that leads to nobody.
    pub fn erase(&mut self, customer: CustomerId) {
        self.exclude(customer);
        self.take_back(customer);
        let Some(person) = self.person(customer).cloned() else {
            return;
        };
        for pseudonym in &person.pseudonyms {
            self.lead(*pseudonym, (Some(customer), None));
        }
        self.erased.push((Kind::Nodes, customer.0));
        let ids = person.former.iter().copied().chain([customer]);
        self.erased.extend(ids.map(|id| (Kind::Customer, id.0)));
    }

    /// All that was of `from` is of `to` from now on; `from` keeps a pointer.
    pub(super) fn join(&mut self, from: CustomerId, to: CustomerId) {
        let before = [from, to].map(|id| self.consent_of(id));
        let Some(old) = self.person_mut(from) else {
            return;
        };
        old.merged_into = Some(to);
        let pseudonyms = std::mem::take(&mut old.pseudonyms);
        let enrolled = old.enrolled.take();
        let old = old.clone();
        for pseudonym in &pseudonyms {
            self.lead(*pseudonym, (Some(from), Some(to)));
        }
        let mut nodes = std::mem::take(self.nodes_mut(from));
        nodes.iter_mut().for_each(|node| node.customer = to);
        self.nodes_mut(to).extend(nodes);
        self.erased.push((Kind::Nodes, from.0));
        let Some(person) = self.person_mut(to) else {
            return;
        };
        person.pseudonyms.extend(pseudonyms);
        person.has_user |= old.has_user;
        person.excluded |= old.excluded;
        person.former.push(from);
        person.former.extend(old.former);
        person.grants.extend(old.grants);
        person.grants.sort_by_key(|granted| granted.grant.at);
        let older = person.grants.len().saturating_sub(MAX_GRANTS);
        person.grants.drain(..older);
        let mut traits = old.traits;
        traits.extend(std::mem::take(&mut person.traits));
        person.traits = traits;
        self.join_enrolments(to, enrolled);
        // The latest word of either counts for both.
        self.hold_to_consent(to, &before);
    }

    /// Whoever was enrolled first keeps the arm their outcomes were counted in; who was in two
    /// arms counts in none.
    fn join_enrolments(&mut self, to: CustomerId, theirs: Option<Enrolment>) {
        let mine = self.person(to).and_then(|person| person.enrolled);
        let (kept, dropped) = match (mine, theirs) {
            (Some(mine), Some(theirs)) if theirs.at < mine.at => (Some(theirs), Some(mine)),
            (Some(mine), theirs) => (Some(mine), theirs),
            (None, theirs) => (theirs, None),
        };
        if let Some(dropped) = dropped {
            self.links.push(Write::Unlink {
                index: Index::UnitsOfArm,
                key: arm_key(PROGRAMME, dropped.arm),
                id: dropped.unit.0,
            });
        }
        let is_torn =
            dropped.is_some_and(|dropped| kept.is_some_and(|kept| kept.arm != dropped.arm));
        if let Some(person) = self.person_mut(to) {
            person.enrolled = kept;
        }
        if is_torn || self.person(to).is_some_and(|person| person.excluded) {
            self.exclude(to);
        }
    }
}
