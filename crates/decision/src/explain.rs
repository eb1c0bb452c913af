//! Why this, and what would change it? Answers from the trace alone, for three readers.

use std::collections::BTreeSet;

use measurement::Arm;
use offers::{OfferId, Ppm, Refusal, money};
use profiles::Purpose;
use serde::{Deserialize, Serialize};

use crate::{
    Bar, Decision, Fate, Guardrail, Policy, Request, Snapshot, guard::Guard, score::may_choose,
    trace,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// At most three plain sentences. They name offers and the shopper's own order, and nothing
    /// else: never a margin, a risk, a protected fact or any other fact about the customer.
    pub shopper: Vec<String>,
    /// One line for the decision, one for each offer considered or named by the policy, and what
    /// would change the answer.
    pub support: Vec<String>,
    /// Everything, one line each.
    pub auditor: Vec<AuditLine>,
}

/// One finding of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLine {
    /// The step it belongs to: `record`, `arm`, `eligible`, `guarded`, `scored` or `chosen`.
    pub step: String,
    /// What it is about: `decision`, `snapshot`, `request` or an offer as `offer 7`.
    pub subject: String,
    /// Stable snake_case code.
    pub code: String,
    pub detail: String,
}

/// Explains a decision that was made of this snapshot and request.
#[must_use]
pub fn explain(snapshot: &Snapshot, request: &Request, decision: &Decision) -> Explanation {
    let trace = trace(snapshot, request);
    let case = Case {
        snapshot,
        request,
        decision,
        unmatched: &trace.unmatched,
    };
    let mut auditor = case.record(decision == &trace.decision);
    auditor.extend(case.in_force());
    auditor.extend(case.findings());
    Explanation {
        shopper: case.shopper(),
        support: case.support(),
        auditor,
    }
}

/// The shopper's part of [`explain`] where an offer was given, empty where none was: it needs no
/// rule that was not met, and so can be told with every decision.
#[must_use]
pub fn explain_given(snapshot: &Snapshot, request: &Request, decision: &Decision) -> Vec<String> {
    let case = Case {
        snapshot,
        request,
        decision,
        unmatched: &[],
    };
    let chosen = decision.chosen();
    chosen.map_or_else(Vec::new, |(offer, propensity)| {
        case.given(offer, propensity)
    })
}

impl Bar {
    /// The stable code of the API and the pages.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoConsent => "consent_required",
            Self::Refused(refusal) => refusal.code(),
            Self::Guardrail(guardrail) => guardrail.code(),
            Self::Exhausted => "exhausted",
        }
    }
}

impl Guardrail {
    /// The stable code of the API and the pages.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::MarginAtLeast(_) => "margin_floor",
            Self::DepthAtMost(_) => "depth_limit",
            Self::NotOnDiscounted => "excluded_items",
            Self::QuietDays(_) => "quiet_days",
            Self::NeverReads(_) => "protected_fact",
        }
    }
}

impl Policy {
    /// The stable code of the API and the pages.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ranked(_) => "ranked",
            Self::Ladder(_) => "ladder",
            Self::Bandit { .. } => "bandit",
        }
    }
}

/// A decision with all there is to say about it.
struct Case<'a> {
    snapshot: &'a Snapshot,
    request: &'a Request,
    decision: &'a Decision,
    unmatched: &'a [(OfferId, Refusal)],
}

impl Case<'_> {
    fn shopper(&self) -> Vec<String> {
        if let Some((offer, propensity)) = self.decision.chosen() {
            return self.given(offer, propensity);
        }
        if !self.request.consent.allows(Purpose::PersonaliseOffers) {
            return vec![
                "You have not allowed us to choose offers for you, so there is none.".into(),
                "You can allow it, and take that back, at any time.".into(),
            ];
        }
        if self.decision.arm == Arm::Holdout {
            return vec![
                "There is no offer for you right now.".into(),
                "Some customers, picked by chance, get no offers, so that we can measure what \
                 offers do."
                    .into(),
            ];
        }
        let nothing = "There is no offer for you right now.".to_owned();
        let reduced = self
            .is_any_reduced()
            .then(|| "Some offers leave out reduced items.".into());
        [Some(nothing), self.change(), reduced]
            .into_iter()
            .flatten()
            .collect()
    }

    fn given(&self, offer: OfferId, propensity: Ppm) -> Vec<String> {
        let mut sentences = vec![
            format!("You get “{}”.", self.name(offer)),
            "You and your order meet all that it asks for.".into(),
        ];
        if propensity < measurement::WHOLE {
            sentences.push("Where several offers fit, chance picks one of them.".into());
        }
        sentences
    }

    /// What would change the answer: the least that must be added to the order.
    fn change(&self) -> Option<String> {
        let gaps = self
            .unmatched
            .iter()
            .filter_map(|(offer, refusal)| match refusal {
                Refusal::BelowMinimum { gap, currency } if self.would_be_given(*offer) => {
                    Some((*gap, *offer, *currency))
                }
                _ => None,
            });
        let (gap, offer, currency) = gaps.min()?;
        let (gap, name) = (money(gap, currency), self.name(offer));
        Some(format!(
            "Add {gap} more to your order and “{name}” can be yours."
        ))
    }

    fn would_be_given(&self, offer: OfferId) -> bool {
        self.snapshot.candidate(offer).is_some_and(|candidate| {
            may_choose(self.snapshot, self.request, candidate)
                && Guard::new(self.snapshot, self.request)
                    .held_back(candidate)
                    .is_none()
        })
    }

    fn is_any_reduced(&self) -> bool {
        let reduced = Fate::Barred(Bar::Guardrail(Guardrail::NotOnDiscounted));
        self.decision
            .considered
            .iter()
            .any(|(_, fate)| *fate == reduced)
    }

    fn support(&self) -> Vec<String> {
        let Decision {
            id,
            snapshot,
            arm,
            considered,
            unmatched,
            ..
        } = self.decision;
        let counts = format!("{} considered, {unmatched} not matching", considered.len());
        let head = format!(
            "Decision {} of snapshot {}: {arm}, {counts}.",
            id.0, snapshot.0
        );
        let fates = considered
            .iter()
            .map(|(offer, fate)| self.told(*offer, &words(fate)));
        let named: BTreeSet<OfferId> = self.snapshot.policy.offers().into_iter().collect();
        let missed = self
            .unmatched
            .iter()
            .filter(|(offer, _)| named.contains(offer));
        let missed = missed.map(|(offer, refusal)| self.told(*offer, &refusal.sentence()));
        let change = self
            .decision
            .chosen()
            .is_none()
            .then(|| self.change())
            .flatten();
        let change = change.map(|change| format!("What would change it: {change}"));
        std::iter::once(head)
            .chain(fates)
            .chain(missed)
            .chain(change)
            .collect()
    }

    fn told(&self, offer: OfferId, words: &str) -> String {
        let campaign = self
            .snapshot
            .offer(offer)
            .map_or("", |(_, campaign)| &*campaign.name);
        format!(
            "Offer {} “{}” of “{campaign}”: {words}",
            offer.0,
            self.name(offer)
        )
    }

    fn name(&self, offer: OfferId) -> &str {
        self.snapshot
            .offer(offer)
            .map_or("", |(offer, _)| &*offer.name)
    }

    /// What was asked, of whom, and whether the answer is still the same.
    fn record(&self, agrees: bool) -> Vec<AuditLine> {
        let Decision {
            id,
            snapshot,
            arm,
            draw,
            ..
        } = self.decision;
        let numbers = format!(
            "id {}, snapshot {}, now {}",
            id.0, snapshot.0, self.request.now
        );
        let consent = self.request.consent;
        let consent = format!(
            "personalise offers {:?}, measure {:?}",
            consent.personalise_offers, consent.measure
        );
        let holdout = format!(
            "{arm}, of a holdout of {}",
            percent(self.snapshot.design.holdout)
        );
        let replay = if agrees {
            "replay_agrees"
        } else {
            "replay_differs"
        };
        vec![
            line("record", "decision", "made", numbers),
            line("record", "decision", replay, String::new()),
            line("record", "request", "consent", consent),
            line("record", "request", "facts_read", self.facts_read()),
            line("arm", "request", "assigned", holdout),
            line("chosen", "request", "draw", draw.to_string()),
        ]
    }

    /// The names, not the values, of the facts that were there and that some live rule reads.
    fn facts_read(&self) -> String {
        let live = self.snapshot.all().iter();
        let read: BTreeSet<_> = live.flat_map(|candidate| candidate.rule.reads()).collect();
        let known = read
            .iter()
            .filter(|path| self.request.facts.get(path.as_str()).is_some());
        known
            .map(|path| path.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The guardrails and the policy of the snapshot.
    fn in_force(&self) -> Vec<AuditLine> {
        let guardrails = self.snapshot.guardrails.iter();
        let guardrails = guardrails
            .map(|guardrail| line("guarded", "snapshot", guardrail.code(), bound(guardrail)));
        let policy = &self.snapshot.policy;
        let offers: Vec<String> = policy
            .offers()
            .iter()
            .map(|offer| offer.0.to_string())
            .collect();
        let policy = line("scored", "snapshot", policy.code(), offers.join(", "));
        guardrails.chain([policy]).collect()
    }

    /// What became of every live candidate, in order of offer id within each kind.
    fn findings(&self) -> Vec<AuditLine> {
        let considered = self.decision.considered.iter().map(|(offer, fate)| {
            let (step, code) = place(fate);
            line(step, &format!("offer {}", offer.0), code, words(fate))
        });
        let unmatched = self.unmatched.iter().map(|(offer, refusal)| {
            let subject = format!("offer {}", offer.0);
            line("eligible", &subject, refusal.code(), refusal.sentence())
        });
        considered.chain(unmatched).collect()
    }
}

fn line(step: &str, subject: &str, code: &str, detail: String) -> AuditLine {
    AuditLine {
        step: step.into(),
        subject: subject.into(),
        code: code.into(),
        detail,
    }
}

/// The step that settled a candidate's fate, and its code.
fn place(fate: &Fate) -> (&'static str, &'static str) {
    match fate {
        Fate::Chosen { .. } => ("chosen", "chosen"),
        Fate::Withheld { .. } => ("chosen", "withheld"),
        Fate::Passed { .. } => ("scored", "passed"),
        Fate::Barred(bar @ Bar::Refused(_)) => ("eligible", bar.code()),
        Fate::Barred(bar) => ("guarded", bar.code()),
    }
}

fn words(fate: &Fate) -> String {
    match fate {
        Fate::Chosen { propensity } => {
            format!("Chosen, with probability {}.", percent(*propensity))
        }
        Fate::Withheld { propensity } => format!(
            "Withheld in the holdout; else given, with probability {}.",
            percent(*propensity)
        ),
        Fate::Passed {
            score_micros,
            propensity,
        } => {
            let probability = percent(*propensity);
            format!("Not chosen: score {score_micros} millionths, probability {probability}.")
        }
        Fate::Barred(Bar::NoConsent) => "No consent to personalise offers.".into(),
        Fate::Barred(Bar::Refused(refusal)) => refusal.sentence(),
        Fate::Barred(Bar::Guardrail(guardrail)) => format!("Guardrail: {}.", bound(guardrail)),
        Fate::Barred(Bar::Exhausted) => "A cap is spent, or the budget holds too little.".into(),
    }
}

fn bound(guardrail: &Guardrail) -> String {
    match guardrail {
        Guardrail::MarginAtLeast(share) => format!("margin of at least {}", percent(*share)),
        Guardrail::DepthAtMost(share) => format!("depth of at most {}", percent(*share)),
        Guardrail::NotOnDiscounted => "not on what is already reduced".into(),
        Guardrail::QuietDays(days) => format!("no offer within {days} days of the last"),
        Guardrail::NeverReads(path) => format!("no rule reads {path}"),
    }
}

/// Parts per million as per cent: 123 456 is `12.3456 %`.
fn percent(share: Ppm) -> String {
    format!("{}.{:04} %", share / 10_000, share % 10_000)
}
