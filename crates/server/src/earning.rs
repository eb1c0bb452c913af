//! What happened that points may be earned by? Every call that brings it about asks here, and puts
//! what comes of it into its own command; here alone the rules of loyalty programmes are to be
//! asked.

use offers::Booking;
use wire::voucherify::Metadata;

/// What earning rules know as the source of points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Occurrence<'a> {
    /// An order that was not paid before is.
    OrderPaid { order: u64, customer: Option<u64> },
    /// The shop says that something of its own happened.
    CustomEvent {
        name: &'a str,
        customer: u64,
        metadata: Option<&'a Metadata>,
        /// The card that is to earn, where the shop says which.
        card: Option<&'a str>,
    },
}

/// What it earns. There are no earning rules yet: nothing.
#[must_use]
pub fn earned(_: &Occurrence<'_>) -> Booking {
    Booking::default()
}
