//! How do Segment's sources write? Envelopes, consent and commerce events ⇄ our activities.
//!
//! An event is read in place: its texts are borrowed from the body, and what we do not use is
//! passed over without being copied.

mod consent;
mod ecommerce;
mod envelope;
mod event;
mod read;

pub use consent::{CONSENT_UPDATED, ConsentSaid};
pub use ecommerce::{OrderCosts, Track};
pub use envelope::{
    Batch, Item, MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_EVENT_BYTES, Refused, batch, single,
};
pub use event::{Call, Event, Kind, MAX_MESSAGE_ID_BYTES, Moment, Traits};
