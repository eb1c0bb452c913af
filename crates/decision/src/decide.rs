//! Who gets which? The five steps, and the same answer whenever they are taken again.

use measurement::{Arm, UnitId, assign};
use offers::{OfferId, Ppm, Refusal, qualify};
use rules::Verdict;
use serde::{Deserialize, Serialize};

use crate::{Decision, Fate, Request, Snapshot, guard::Guard, score::scored, snapshot::Candidate};

/// Decides. Equal arguments give equal answers, on every machine.
#[must_use]
pub fn decide(snapshot: &Snapshot, request: &Request) -> Decision {
    let arm = assign(&snapshot.design, UnitId(request.customer.0));
    let eligible = snapshot.matching(&request.facts);
    let (allowed, barred) = guarded(snapshot, request, &eligible);
    let shares = scored(snapshot, request, &allowed);
    let fates = choose(arm, &allowed, &shares, request.draw);
    record(snapshot, request, arm, barred.into_iter().chain(fates))
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
    /// missing, or that it is closed; in order of offer id.
    pub unmatched: Vec<(OfferId, Refusal)>,
}

/// Decides, and evaluates every rule that the index had ruled out: slow, for people who ask why.
#[must_use]
pub fn trace(snapshot: &Snapshot, request: &Request) -> Trace {
    let (facts, asking) = (&request.facts, request.asking());
    let unmatched = |candidate: &Candidate| match candidate.rule.evaluate(facts) {
        Verdict::Met => None,
        // In the words of a qualification, which knows how much is missing.
        Verdict::NotMet(_) | Verdict::Unknown(_) => {
            let refusal = qualify(&candidate.presented(), facts, asking).err()?;
            Some((candidate.offer.id, refusal))
        }
    };
    let unmatched = snapshot.all().iter().filter_map(unmatched).collect();
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
    let guard = Guard::new(snapshot, request);
    let mut allowed = Vec::with_capacity(eligible.len());
    let mut barred = Vec::new();
    for candidate in eligible {
        match guard.bar(candidate) {
            Some(bar) => barred.push((candidate.offer.id, Fate::Barred(bar))),
            None => allowed.push(*candidate),
        }
    }
    (allowed, barred)
}

/// Gives every allowed candidate its fate: the draw falls into the share of one, or of none.
fn choose(arm: Arm, allowed: &[&Candidate], shares: &[Ppm], draw: Ppm) -> Vec<Fated> {
    let chosen = learning::choose(shares, draw);
    let fate = |(at, (candidate, share)): (usize, (&&Candidate, &Ppm))| {
        let (score_micros, propensity) = (candidate.score_micros, *share);
        let fate = match arm {
            _ if chosen != Some(at) => Fate::Passed {
                score_micros,
                propensity,
            },
            Arm::Holdout => Fate::Withheld { propensity },
            Arm::Control | Arm::Treatment(_) => Fate::Chosen { propensity },
        };
        (candidate.offer.id, fate)
    };
    allowed.iter().zip(shares).enumerate().map(fate).collect()
}

fn record(
    snapshot: &Snapshot,
    request: &Request,
    arm: Arm,
    fated: impl Iterator<Item = Fated>,
) -> Decision {
    let mut considered: Vec<Fated> = fated.collect();
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
