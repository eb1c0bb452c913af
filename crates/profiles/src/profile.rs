//! What may be read of a customer for a purpose, at a moment?

use std::borrow::Cow;

use rules::{Facts, Reads, Telling};
use serde::{Deserialize, Serialize};

use crate::{Consent, CustomerId, NodeId, Purpose, Tallies, Timestamp};

/// One identifier's share of a customer: what was observed and said under it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    pub id: NodeId,
    pub customer: CustomerId,
    pub consent: Consent,
    pub tallies: Tallies,
}

/// Gives all nodes of one customer to another.
pub fn join(nodes: &mut [Node], from: CustomerId, to: CustomerId) {
    nodes
        .iter_mut()
        .filter(|node| node.customer == from)
        .for_each(|node| node.customer = to);
}

/// Gives these nodes to a customer: with those that came in a join, it undoes the join.
/// Nothing is recomputed, since every node kept its own tallies.
pub fn split(nodes: &mut [Node], moved: &[NodeId], to: CustomerId) {
    nodes
        .iter_mut()
        .filter(|node| moved.contains(&node.id))
        .for_each(|node| node.customer = to);
}

/// A customer's features and consents at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile<'a> {
    pub customer: CustomerId,
    pub consent: Consent,
    pub tallies: Cow<'a, Tallies>,
    /// What the shop says of the customer: `customer.trait.*` and `customer.metadata.*`.
    pub traits: Cow<'a, Facts>,
}

impl<'a> Profile<'a> {
    /// All nodes of a customer, merged. Their order does not matter.
    #[must_use]
    pub fn of(
        customer: CustomerId,
        nodes: impl IntoIterator<Item = &'a Node>,
        traits: Cow<'a, Facts>,
    ) -> Self {
        let mut nodes = nodes.into_iter();
        // Most have one, and what is merged with nothing is itself.
        let Some(first) = nodes.next() else {
            return Self {
                customer,
                traits,
                ..Self::default()
            };
        };
        let mut profile = Self {
            customer,
            consent: first.consent,
            tallies: Cow::Borrowed(&first.tallies),
            traits,
        };
        for node in nodes {
            profile.consent = profile.consent.merge(node.consent);
            profile.tallies = Cow::Owned(profile.tallies.merge(&node.tallies));
        }
        profile
    }

    /// What may be kept of the profile after a withdrawal: the choices alone, unless the customer
    /// still lets us personalise.
    #[must_use]
    pub fn minimised(self) -> Self {
        if self.consent.allows(Purpose::PersonaliseOffers) {
            return self;
        }
        Self {
            customer: self.customer,
            consent: self.consent,
            ..Self::default()
        }
    }
}

/// What somebody reads of a customer. What consent does not allow for this purpose is simply not
/// there to be read.
///
/// Features and traits are kept to personalise offers; any other purpose may read them only
/// where both are granted.
#[must_use]
pub fn facts(profile: &Profile<'_>, purpose: Purpose, now: Timestamp, reads: &Reads) -> Facts {
    let mut telling = Telling::to(reads);
    let allowed = [Purpose::PersonaliseOffers, purpose];
    if allowed
        .iter()
        .all(|purpose| profile.consent.allows(*purpose))
    {
        telling.pass_on(&profile.traits);
        profile.tallies.facts(now, &mut telling);
    }
    telling.done()
}

#[cfg(test)]
mod tests;
