//! Who gets which? The five steps, and the same answer whenever they are taken again.

use measurement::{Arm, UnitId, assign};
use offers::{OfferId, Ppm, Refusal};
use rules::Verdict;
use serde::{Deserialize, Serialize};

use crate::{
    Decision, Fate, Request, Snapshot,
    guard::bar,
    score::{Scored, score},
    snapshot::Candidate,
};

/// Decides. Equal arguments give equal answers, on every machine.
#[must_use]
pub fn decide(snapshot: &Snapshot, request: &Request) -> Decision {
    let arm = assign(&snapshot.design, UnitId(request.customer.0));
    let eligible = snapshot.matching(&request.facts);
    let (allowed, barred) = guarded(snapshot, request, &eligible);
    let scored = score(&snapshot.policy, request, &allowed);
    let fates = choose(arm, &scored, request.draw);
    record(snapshot, request, arm, [barred, fates].concat())
}

/// Decides again from what was written down.
#[must_use]
pub fn replay(snapshot: &Snapshot, request: &Request) -> Decision {
    decide(snapshot, request)
}

/// A decision with every live candidate named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    pub decision: Decision,
    /// The candidates whose rule is not met, with the test that failed or the fact that is
    /// missing, in order of offer id.
    pub unmatched: Vec<(OfferId, Refusal)>,
}

/// Decides, and evaluates every rule that the index had ruled out: slow, for people who ask why.
#[must_use]
pub fn trace(snapshot: &Snapshot, request: &Request) -> Trace {
    let unmatched = snapshot
        .all()
        .iter()
        .filter_map(|candidate| match candidate.rule.evaluate(&request.facts) {
            Verdict::Met => None,
            Verdict::NotMet(path) => Some((candidate.offer.id, Refusal::RuleNotMet(path))),
            Verdict::Unknown(path) => Some((candidate.offer.id, Refusal::FactUnknown(path))),
        })
        .collect();
    Trace {
        decision: decide(snapshot, request),
        unmatched,
    }
}

impl Decision {
    /// The offer given, with the probability of giving it.
    #[must_use]
    pub fn chosen(&self) -> Option<(OfferId, Ppm)> {
        self.considered.iter().find_map(|(offer, fate)| match fate {
            Fate::Chosen { propensity } => Some((*offer, *propensity)),
            Fate::Passed { .. } | Fate::Withheld { .. } | Fate::Barred(_) => None,
        })
    }

    /// The offer that a customer in the holdout would have been given.
    #[must_use]
    pub fn withheld(&self) -> Option<(OfferId, Ppm)> {
        self.considered.iter().find_map(|(offer, fate)| match fate {
            Fate::Withheld { propensity } => Some((*offer, *propensity)),
            Fate::Passed { .. } | Fate::Chosen { .. } | Fate::Barred(_) => None,
        })
    }

    /// What became of one offer; none where its rule was not met.
    #[must_use]
    pub fn fate(&self, offer: OfferId) -> Option<&Fate> {
        let at = self
            .considered
            .binary_search_by_key(&offer, |(offer, _)| *offer)
            .ok()?;
        self.considered.get(at).map(|(_, fate)| fate)
    }
}

type Fated = (OfferId, Fate);

fn guarded<'a>(
    snapshot: &Snapshot,
    request: &Request,
    eligible: &[&'a Candidate],
) -> (Vec<&'a Candidate>, Vec<Fated>) {
    let mut allowed = Vec::with_capacity(eligible.len());
    let mut barred = Vec::new();
    for candidate in eligible {
        match bar(snapshot, request, candidate) {
            Some(bar) => barred.push((candidate.offer.id, Fate::Barred(bar))),
            None => allowed.push(*candidate),
        }
    }
    (allowed, barred)
}

/// The draw falls into the share of one offer, or of none.
fn choose(arm: Arm, scored: &[Scored], draw: Ppm) -> Vec<Fated> {
    let mut end = 0_u64;
    let mut fate_of = |one: &Scored| {
        let start = end;
        end += u64::from(one.propensity);
        let propensity = one.propensity;
        if !(start..end).contains(&u64::from(draw)) {
            return Fate::Passed {
                score_micros: one.score_micros,
                propensity,
            };
        }
        match arm {
            Arm::Holdout => Fate::Withheld { propensity },
            Arm::Control | Arm::Treatment(_) => Fate::Chosen { propensity },
        }
    };
    scored.iter().map(|one| (one.offer, fate_of(one))).collect()
}

fn record(
    snapshot: &Snapshot,
    request: &Request,
    arm: Arm,
    mut considered: Vec<Fated>,
) -> Decision {
    considered.sort_unstable_by_key(|(offer, _)| *offer);
    let unmatched = snapshot.live().saturating_sub(considered.len());
    Decision {
        id: request.id,
        snapshot: snapshot.id,
        arm,
        draw: request.draw,
        considered,
        unmatched: u32::try_from(unmatched).unwrap_or(u32::MAX),
    }
}
