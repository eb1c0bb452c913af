//! Which of the allowed offers, and with what probability?

use offers::{OfferId, Ppm};

use crate::{Grant, GrantState, Policy, Request, draw::WHOLE, snapshot::Candidate};

/// An allowed candidate with what the policy says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scored {
    pub offer: OfferId,
    pub score_micros: i64,
    pub propensity: Ppm,
}

impl Policy {
    /// The offers it names, in its order. No other is ever chosen.
    pub fn offers(&self) -> Box<dyn Iterator<Item = OfferId> + '_> {
        match self {
            Self::Ranked(list) | Self::Ladder(list) => Box::new(list.iter().copied()),
            Self::Bandit { arms, .. } => Box::new(arms.iter().map(|(offer, _)| *offer)),
        }
    }
}

/// Scores allowed candidates, in the order given. Propensities add up to 1 000 000, or to nothing
/// when nothing may be chosen.
pub(crate) fn score(policy: &Policy, request: &Request, allowed: &[&Candidate]) -> Vec<Scored> {
    match policy {
        Policy::Ranked(list) => ranked(list, allowed),
        Policy::Ladder(rungs) => ladder(rungs, &request.grants, request.now, allowed),
        Policy::Bandit { arms, floor } => bandit(arms, *floor, allowed),
    }
}

/// The first allowed of the list; the earlier its place, the higher its score.
fn ranked(list: &[OfferId], allowed: &[&Candidate]) -> Vec<Scored> {
    let first = allowed.iter().filter_map(|candidate| candidate.place).min();
    allowed
        .iter()
        .map(|candidate| {
            let height = candidate
                .place
                .map_or(0, |place| list.len().saturating_sub(place));
            scored(
                candidate,
                millions(height),
                sure(first.is_some() && candidate.place == first),
            )
        })
        .collect()
}

/// The rung that is due, or nothing while it is not allowed: no rung is skipped.
fn ladder(
    rungs: &[OfferId],
    grants: &[Grant],
    now: offers::Timestamp,
    allowed: &[&Candidate],
) -> Vec<Scored> {
    let due = rung_due(rungs, grants, now);
    allowed
        .iter()
        .map(|candidate| {
            let is_due = due.is_some() && candidate.place == due;
            scored(candidate, millions(usize::from(is_due)), sure(is_due))
        })
        .collect()
}

/// The rung above the highest that lapsed. None while one is open; none ever again once one was
/// redeemed, so that a customer who came back is not rewarded for leaving; none above the last.
pub(crate) fn rung_due(
    rungs: &[OfferId],
    grants: &[Grant],
    now: offers::Timestamp,
) -> Option<usize> {
    let mut due = 0;
    for grant in grants {
        let Some(rung) = rungs.iter().position(|offer| *offer == grant.offer) else {
            continue;
        };
        match grant.state {
            GrantState::Redeemed => return None,
            GrantState::Open if grant.until > now => return None,
            GrantState::Open | GrantState::Lapsed => due = due.max(rung + 1),
        }
    }
    (due < rungs.len()).then_some(due)
}

/// Thompson sampling (Thompson 1933) among the allowed arms alone: the score is the posterior
/// mean, the propensity the chance of being the best of them.
fn bandit(
    arms: &[(OfferId, learning::Evidence)],
    floor: Ppm,
    allowed: &[&Candidate],
) -> Vec<Scored> {
    let evidence_of = |candidate: &&Candidate| Some(arms.get(candidate.place?)?.1);
    let evidence: Vec<_> = allowed.iter().filter_map(evidence_of).collect();
    let mut shares = learning::allocate(&evidence, floor).into_iter();
    allowed
        .iter()
        .map(|candidate| match evidence_of(candidate) {
            Some(seen) => scored(candidate, micros(seen.mean), shares.next().unwrap_or(0)),
            None => scored(candidate, 0, 0),
        })
        .collect()
}

fn scored(candidate: &Candidate, score_micros: i64, propensity: Ppm) -> Scored {
    Scored {
        offer: candidate.offer.id,
        score_micros,
        propensity,
    }
}

fn sure(is_sure: bool) -> Ppm {
    WHOLE * Ppm::from(is_sure)
}

fn millions(count: usize) -> i64 {
    i64::try_from(count).map_or(i64::MAX, |count| count.saturating_mul(1_000_000))
}

/// Rounded before anything is compared, so that a replay elsewhere sees the same number. The
/// conversion saturates, and is 0 for what is not a number.
fn micros(value: f64) -> i64 {
    (value * 1e6).round() as i64
}
