//! Why was it decided so? The whole trace, for those who may see it.

use decision::{Bar, Explanation, Fate, Guardrail, Trace};
use offers::{OfferId, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ids::{self, Tag},
    time::{self, Timestamp},
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TraceView {
    pub id: String,
    pub snapshot: String,
    pub customer_id: String,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub decided_at: Timestamp,
    pub arm: String,
    /// Below 1 000 000.
    pub draw: u32,
    /// Considered first, then those whose rule was not met, each in order of offer.
    pub candidates: Vec<CandidateView>,
    pub explanation: ExplanationView,
    /// The request as it was written down.
    pub request: serde_json::Value,
}

/// What became of one offer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CandidateView {
    pub offer_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `chosen`, `lost`, `passed`, `withheld`, `barred` or `unmatched`.
    pub fate: String,
    /// Stable snake_case code of the reason.
    pub code: String,
    pub sentence: String,
    /// The probability of the choice, in ppm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub propensity: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_micros: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExplanationView {
    pub shopper: Vec<String>,
    pub support: Vec<String>,
    pub auditor: Vec<AuditLineView>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditLineView {
    pub step: String,
    pub subject: String,
    pub code: String,
    pub detail: String,
}

impl TraceView {
    /// `name` tells what an offer is called.
    #[must_use]
    pub fn of(
        trace: &Trace,
        request: &decision::Request,
        explanation: Explanation,
        name: &dyn Fn(OfferId) -> Option<String>,
    ) -> Self {
        let decision = &trace.decision;
        let considered = decision
            .considered
            .iter()
            .map(|(offer, fate)| CandidateView::of(*offer, fate).named(name(*offer)));
        let unmatched = trace.unmatched.iter().map(|(offer, refusal)| {
            CandidateView::refused(*offer, "unmatched", refusal).named(name(*offer))
        });
        Self {
            id: ids::format(Tag::Decision, decision.id.0),
            snapshot: ids::format(Tag::Snapshot, decision.snapshot.0),
            customer_id: ids::format(Tag::Customer, request.customer.0),
            decided_at: request.now,
            arm: decision.arm.to_string(),
            draw: decision.draw,
            candidates: considered.chain(unmatched).collect(),
            explanation: explanation.into(),
            request: serde_json::to_value(request).unwrap_or_default(),
        }
    }

    /// The same where somebody else took the last of what was chosen before it was promised: it was
    /// not given, and the shopper is not told that it was.
    #[must_use]
    pub fn lost(mut self) -> Self {
        let chosen = self
            .candidates
            .iter_mut()
            .filter(|one| one.fate == "chosen");
        for one in chosen {
            one.fate = "lost".into();
            one.code = Bar::Exhausted.code().into();
            one.sentence = "Somebody else took the last of it before it was promised.".into();
        }
        self.explanation.shopper = vec!["There is no offer for you right now.".into()];
        self
    }
}

const GONE: &str = "Its budget or a cap of it has nothing left.";

impl CandidateView {
    fn plain(offer: OfferId, fate: &str, code: &str, sentence: &str) -> Self {
        Self {
            offer_id: ids::format(Tag::Tier, offer.0),
            name: None,
            fate: fate.into(),
            code: code.into(),
            sentence: sentence.into(),
            propensity: None,
            score_micros: None,
        }
    }

    fn named(mut self, name: Option<String>) -> Self {
        self.name = name;
        self
    }

    fn with(mut self, propensity: u32) -> Self {
        self.propensity = Some(propensity);
        self
    }

    fn refused(offer: OfferId, fate: &str, refusal: &Refusal) -> Self {
        Self::plain(offer, fate, refusal.code(), &refusal.sentence())
    }

    #[must_use]
    pub fn of(offer: OfferId, fate: &Fate) -> Self {
        match fate {
            Fate::Chosen { propensity } => {
                Self::plain(offer, "chosen", "chosen", "It was given.").with(*propensity)
            }
            Fate::Passed {
                score_micros,
                propensity,
            } => {
                let sentence = "Another offer scored higher or was drawn.";
                let view = Self::plain(offer, "passed", "outscored", sentence);
                Self {
                    score_micros: Some(*score_micros),
                    ..view.with(*propensity)
                }
            }
            Fate::Withheld { propensity } => {
                let sentence = "It would have been given, but the customer is in the holdout.";
                Self::plain(offer, "withheld", "holdout", sentence).with(*propensity)
            }
            Fate::Barred(bar) => Self::barred(offer, bar),
        }
    }

    fn barred(offer: OfferId, bar: &Bar) -> Self {
        let sentence = match bar {
            Bar::NoConsent => "The customer does not let us personalise offers.".into(),
            Bar::Refused(refusal) => refusal.sentence(),
            Bar::Guardrail(guardrail) => guarded(guardrail),
            Bar::Exhausted => GONE.into(),
        };
        Self::plain(offer, "barred", bar.code(), &sentence)
    }
}

fn guarded(guardrail: &Guardrail) -> String {
    let percent = |ppm: u32| crate::decimal::text(u64::from(ppm), 4);
    match guardrail {
        Guardrail::MarginAtLeast(floor) => {
            format!("It would leave less than {} % margin.", percent(*floor))
        }
        Guardrail::DepthAtMost(most) => {
            format!("It would take more than {} % off.", percent(*most))
        }
        Guardrail::NotOnDiscounted => "Goods it touches are reduced already.".into(),
        Guardrail::QuietDays(days) => format!("The last offer is less than {days} days ago."),
        Guardrail::NeverReads(path) => format!("Its rule reads {path}, which no rule may."),
    }
}

impl From<Explanation> for ExplanationView {
    fn from(explanation: Explanation) -> Self {
        let line = |line: decision::AuditLine| AuditLineView {
            step: line.step,
            subject: line.subject,
            code: line.code,
            detail: line.detail,
        };
        Self {
            shopper: explanation.shopper,
            support: explanation.support,
            auditor: explanation.auditor.into_iter().map(line).collect(),
        }
    }
}
