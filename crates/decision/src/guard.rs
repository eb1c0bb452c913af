//! What stands between an eligible offer and this customer, now?

use profiles::Purpose;

use crate::{Bar, Request, Snapshot, snapshot::Candidate};

/// The first reason, in the order of [`Bar`], why a candidate whose rule is met is not allowed.
pub(crate) fn bar(snapshot: &Snapshot, request: &Request, candidate: &Candidate) -> Option<Bar> {
    if !request.consent.allows(Purpose::PersonaliseOffers) {
        return Some(Bar::NoConsent);
    }
    let _ = (snapshot, candidate);
    None
}
