//! Whose event is this? Deterministic: only what a message says outright ever joins two people.

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A person, as one dense number.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct CustomerId(pub u64);

/// One identifier of a person, as one dense number. Tallies are kept for each.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct NodeId(pub u64);

/// Strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum IdentifierKind {
    /// The shop's own id of a person who signed in.
    User,
    Email,
    /// A browser or a device, which several people may share.
    Anonymous,
}

/// How a message names a person, normalised: the same person's spelling is one text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier {
    kind: IdentifierKind,
    text: String,
}

impl Identifier {
    /// `None` when nothing but spaces is left of the text.
    #[must_use]
    pub fn new(kind: IdentifierKind, text: &str) -> Option<Self> {
        let trimmed = text.trim();
        let text = match kind {
            IdentifierKind::Email => trimmed.to_lowercase(),
            IdentifierKind::User | IdentifierKind::Anonymous => trimmed.to_owned(),
        };
        (!text.is_empty()).then_some(Self { kind, text })
    }

    #[must_use]
    pub fn kind(&self) -> IdentifierKind {
        self.kind
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is stored in the text's place: the first 16 bytes of HMAC-SHA256 (RFC 2104) of kind
    /// and text under the project's secret. Without the secret nobody can test a guess against it.
    #[must_use]
    pub fn pseudonym(&self, secret: &[u8]) -> [u8; 16] {
        let kind: &[u8] = match self.kind {
            IdentifierKind::User => b"user:",
            IdentifierKind::Email => b"email:",
            IdentifierKind::Anonymous => b"anonymous:",
        };
        let full = keyed_hash(secret, &[kind, self.text.as_bytes()]);
        let mut short = [0; 16];
        short.iter_mut().zip(full).for_each(|(to, from)| *to = from);
        short
    }
}

fn keyed_hash(secret: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as Mac>::new(&block_key(secret).into());
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// The key as one block of the hash, as RFC 2104 section 2 asks: longer keys are hashed first.
/// Done here because a key of exactly one block is the one that cannot be refused.
fn block_key(secret: &[u8]) -> [u8; 64] {
    let mut key = [0; 64];
    let hashed: [u8; 32];
    let bytes = if secret.len() > key.len() {
        hashed = Sha256::digest(secret).into();
        &hashed[..]
    } else {
        secret
    };
    key.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    key
}

/// Where an identifier stands already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub node: NodeId,
    pub customer: CustomerId,
    /// The customer has a user id: what keeps two people apart on a shared device.
    pub has_user: bool,
}

/// One identifier on a message, with what the store knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub kind: IdentifierKind,
    pub known: Option<Known>,
}

/// Whose message it is, and what has to be written for that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    pub customer: CustomerId,
    /// Claims, by position, that need a new node of this customer.
    pub create: Vec<usize>,
    /// Customers whose nodes all move, `(from, to)`; each `from` once.
    pub join: Vec<(CustomerId, CustomerId)>,
}

/// Whose is a message with these identifiers (one of each kind at most)?
/// `fresh` is the id to give to somebody new.
///
/// The user id decides, then the e-mail, then the device. A weaker identifier joins the customer
/// it is named with, unless it belongs to another customer who has a user id: then it stays
/// there, and later messages without a user id are still that customer's. Two user ids are never
/// joined because they share a device or an e-mail.
#[must_use]
pub fn resolve(claims: &[Claim], fresh: CustomerId) -> Resolution {
    let customer = owner(claims).unwrap_or(fresh);
    link(claims, customer, |known| !known.has_user)
}

/// The shop says that `previous` is the same person as `user`. Said outright, this joins even two
/// user ids; a device that belongs to another user stays where it is, as in [`resolve`].
/// In the answer, claim 0 is `previous` and claim 1 is `user`.
#[must_use]
pub fn alias(previous: Claim, user: Claim, fresh: CustomerId) -> Resolution {
    let claims = [previous, user];
    let customer = match user.known {
        Some(known) => known.customer,
        None if previous.kind == IdentifierKind::User => {
            previous.known.map_or(fresh, |known| known.customer)
        }
        None => owner(&claims).unwrap_or(fresh),
    };
    link(&claims, customer, |known| {
        previous.kind == IdentifierKind::User || !known.has_user
    })
}

fn owner(claims: &[Claim]) -> Option<CustomerId> {
    let new_user = claims
        .iter()
        .any(|c| c.kind == IdentifierKind::User && c.known.is_none());
    let mut strongest_first: Vec<_> = claims.iter().collect();
    strongest_first.sort_by_key(|claim| claim.kind);
    strongest_first
        .into_iter()
        .filter_map(|claim| claim.known)
        // A new user id takes over somebody without one, and never somebody else's history.
        .find(|known| !(new_user && known.has_user))
        .map(|known| known.customer)
}

fn link(claims: &[Claim], customer: CustomerId, may_join: impl Fn(Known) -> bool) -> Resolution {
    let create = claims
        .iter()
        .enumerate()
        .filter(|(_, claim)| claim.known.is_none());
    let mut join: Vec<_> = claims
        .iter()
        .filter_map(|claim| claim.known)
        .filter(|known| known.customer != customer && may_join(*known))
        .map(|known| (known.customer, customer))
        .collect();
    join.sort_unstable();
    join.dedup();
    Resolution {
        customer,
        create: create.map(|(position, _)| position).collect(),
        join,
    }
}

#[cfg(test)]
mod tests;
