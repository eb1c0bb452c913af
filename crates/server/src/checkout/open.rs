//! What is so where anybody may be asking, from a page? What is said of the customer is a claim,
//! and of a code that is not theirs they learn nothing.

use std::sync::Arc;

use offers::{Campaign, Offer, Voucher};
use wire::voucherify::{Key, RedeemableKind};

use super::Till;
use crate::{api::dialect::refuse, guessing::Attempt, problem::Refused};

impl Till<'_> {
    /// Makes it the till of a browser, where one is calling.
    #[must_use]
    pub fn asked_by(mut self, attempt: Option<&Arc<Attempt>>) -> Self {
        self.attempt = attempt.cloned();
        self
    }

    /// Whether anybody may be asking, and what is said of the customer is a claim.
    #[must_use]
    pub fn is_open_to_all(&self) -> bool {
        self.attempt.is_some()
    }

    /// How many codes are not there, where a browser tries them.
    pub(super) fn tell_missing(&self) -> Result<(), Refused> {
        let Some(attempt) = &self.attempt else {
            return Ok(());
        };
        let codes = self.offered.iter();
        let codes = codes.filter(|one| one.input.object == RedeemableKind::Voucher);
        let missing = codes.filter(|one| one.found.is_none()).count();
        if attempt.found_missing(u32::try_from(missing).unwrap_or(u32::MAX)) {
            return Ok(());
        }
        let details = "too many codes that are not there: wait, or type yours with care";
        Err(refuse(Key::TooManyRequests, details))
    }

    /// Whether a browser is told that there is no such code: what is paused, or another's, is
    /// nobody's business, and whoever has to wait is told of their own codes alone.
    pub(super) fn is_hidden(
        &self,
        voucher: &Voucher,
        (campaign, offer): (&Campaign, &Offer),
    ) -> bool {
        let Some(attempt) = &self.attempt else {
            return false;
        };
        let customer = self.customer.map(|customer| customer.0);
        let is_own = voucher.holder.is_some() && voucher.holder == customer;
        let is_anothers = voucher.holder.is_some() && !is_own;
        let is_paused = !(voucher.active && campaign.active && offer.active);
        is_anothers || is_paused || (attempt.only_own() && !is_own)
    }
}
