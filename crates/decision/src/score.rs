//! What is each allowed offer's score, and with what probability is it the one?

use learning::{Evidence, posteriors, restrict};
use measurement::WHOLE;
use offers::{OfferId, Ppm, Timestamp};

use crate::{Grant, GrantState, Policy, Request, Snapshot, snapshot::Candidate};

impl Policy {
    /// The offers it names, in its order. No other is ever chosen.
    #[must_use]
    pub fn offers(&self) -> Vec<OfferId> {
        match self {
            Self::Ranked(list) | Self::Ladder(list) => list.clone(),
            Self::Bandit { arms, .. } => arms.iter().map(|(offer, _)| *offer).collect(),
        }
    }

    /// The scores of the offers it names, in its order, in millionths: for a list, the number of
    /// places from its end; for a ladder, the number of the rung; for a bandit, the posterior
    /// mean in minor units. An offer it does not name scores 0.
    pub(crate) fn scores_micros(&self) -> Vec<i64> {
        match self {
            Self::Ranked(list) => (1..=list.len()).rev().map(millions).collect(),
            Self::Ladder(rungs) => (1..=rungs.len()).map(millions).collect(),
            Self::Bandit { arms, .. } => {
                let seen: Vec<Evidence> = arms.iter().map(|(_, evidence)| *evidence).collect();
                let means: Vec<f64> = match posteriors(&seen) {
                    Some(beliefs) => beliefs.into_iter().map(|belief| belief.mean).collect(),
                    // Nothing tells the arms apart, so that there is no prior to start from.
                    None => seen.into_iter().map(|evidence| evidence.mean).collect(),
                };
                means.into_iter().map(micros).collect()
            }
        }
    }
}

/// The probabilities with which each of the allowed is chosen, in the order given: 1 000 000 in
/// all, or nothing where none may be chosen.
pub(crate) fn scored(snapshot: &Snapshot, request: &Request, allowed: &[&Candidate]) -> Vec<Ppm> {
    match &snapshot.policy {
        Policy::Ranked(_) => only(
            allowed,
            allowed.iter().filter_map(|candidate| candidate.place).min(),
        ),
        Policy::Ladder(rungs) => only(allowed, rung_due(rungs, &request.grants, request.now)),
        Policy::Bandit { floor, .. } => {
            let named = allowed.iter().filter(|candidate| candidate.place.is_some());
            let shares: Vec<Ppm> = named.map(|candidate| candidate.share).collect();
            spread(allowed, &restrict(&shares, *floor))
        }
    }
}

/// Whether the policy would choose this offer if it were the only one allowed.
pub(crate) fn may_choose(snapshot: &Snapshot, request: &Request, candidate: &Candidate) -> bool {
    scored(snapshot, request, &[candidate])
        .iter()
        .any(|share| *share > 0)
}

/// All for the offer at this place of the policy. Where that one is not allowed, nothing: no
/// rung of a ladder is skipped.
fn only(allowed: &[&Candidate], place: Option<usize>) -> Vec<Ppm> {
    let is_it = |candidate: &&Candidate| place.is_some() && candidate.place == place;
    allowed
        .iter()
        .map(|candidate| WHOLE * Ppm::from(is_it(candidate)))
        .collect()
}

/// Gives the shares to those that the policy names, and none to the others.
fn spread(allowed: &[&Candidate], shares: &[Ppm]) -> Vec<Ppm> {
    let mut shares = shares.iter().copied();
    let mut share =
        |candidate: &&Candidate| candidate.place.and_then(|_| shares.next()).unwrap_or(0);
    allowed.iter().map(&mut share).collect()
}

/// The rung above the highest that lapsed. None while one is open; none once one was redeemed, as
/// long as the request brings that grant along: who came back is not rewarded for leaving; none
/// above the last.
fn rung_due(rungs: &[OfferId], grants: &[Grant], now: Timestamp) -> Option<usize> {
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

fn millions(count: usize) -> i64 {
    i64::try_from(count).map_or(i64::MAX, |count| count.saturating_mul(1_000_000))
}

/// Rounded before anything is compared, so that a replay elsewhere sees the same number. The
/// conversion saturates, and is 0 for what is not a number.
fn micros(value: f64) -> i64 {
    (value * 1e6).round() as i64
}
