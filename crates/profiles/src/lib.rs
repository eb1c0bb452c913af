//! What do we know of a customer, and what may we use? Events become identity, features, consent.
//!
//! An event passes, in this order: [`admit`] (consent for each purpose), [`Identifier::pseudonym`],
//! [`resolve`] (whose it is), [`Tallies::observe`] (what it adds). Tallies are kept for each
//! identifier and merged when they are read, so that joining, splitting and erasing people is
//! exact. [`facts`] is the one door through which a decision reads a customer.
//!
//! Knows nothing of offers, money owed, policies or storage.

mod activity;
mod consent;
mod identity;
mod profile;
mod tallies;

pub use activity::{Activity, Item, Kind, MAX_ITEMS, MAX_NAME_BYTES, Minor, Name, Order, Product};
pub use consent::{Admission, Choice, Consent, Purpose, admit};
pub use identity::{
    Claim, CustomerId, Identifier, IdentifierKind, Known, NodeId, Resolution, alias, resolve,
};
pub use profile::{Node, Profile, facts, join, split};
pub use rules::Timestamp;
pub use tallies::features::{FEATURES, OPEN_PREFIXES, schema};
pub use tallies::{Stage, Tallies};
