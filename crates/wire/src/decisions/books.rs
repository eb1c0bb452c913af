//! What changed, and what did it earn? Readouts and statements as they are told.

use ledger::Currency;
use measurement::{Alarm, Effect, Increment, Line, Posted, Readout, Statement, Unready, Verdict};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::money;

/// An experiment read. Where there is no number yet, `why_unready` says why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReadoutView {
    pub experiment_id: String,
    /// `ship`, `stop`, `keep_running`, `cannot_tell`, `invalid`, or `unready`.
    pub verdict: String,
    pub sentence: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    pub arms: Vec<UnitsView>,
    pub contrasts: Vec<ContrastView>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_ratio: Option<SampleRatioView>,
    /// Confidence level of the intervals, in ppm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_unready: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UnitsView {
    pub arm: String,
    pub n: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ContrastView {
    pub arm: String,
    pub effect: EffectView,
    /// As a share of what it is compared with; absent where the ratio has no bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative: Option<LineView>,
    /// Adjusted for the number of contrasts (Holm 1979).
    pub adjusted_p: f64,
}

/// A difference with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EffectView {
    pub estimate: f64,
    pub standard_error: f64,
    pub low: f64,
    pub high: f64,
    pub p: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SampleRatioView {
    pub chi_square: f64,
    pub p: f64,
    /// `quiet`, `warning` or `mismatch`.
    pub alarm: String,
}

impl ReadoutView {
    #[must_use]
    pub fn of(
        experiment_id: String,
        readout: &Result<Readout, Unready>,
        currency: Currency,
    ) -> Self {
        match readout {
            Ok(readout) => Self::ready(experiment_id, readout, currency),
            Err(why) => Self {
                experiment_id,
                verdict: "unready".into(),
                sentence: why.to_string(),
                against: None,
                arms: Vec::new(),
                contrasts: Vec::new(),
                sample_ratio: None,
                level: None,
                why_unready: Some(why.to_string()),
            },
        }
    }

    fn ready(experiment_id: String, readout: &Readout, currency: Currency) -> Self {
        let verdict = match readout.verdict {
            Verdict::Ship => "ship",
            Verdict::Stop => "stop",
            Verdict::KeepRunning => "keep_running",
            Verdict::CannotTell => "cannot_tell",
            Verdict::Invalid => "invalid",
        };
        let ratio = &readout.sample_ratio;
        let units = readout.n.iter().map(|(arm, n)| UnitsView {
            arm: arm.to_string(),
            n: *n,
        });
        let contrasts = readout.contrasts.iter().map(|contrast| ContrastView {
            arm: contrast.arm.to_string(),
            effect: contrast.effect.into(),
            relative: contrast.relative.ok().map(|relative| LineView {
                total: relative.estimate,
                low: Some(relative.low),
                high: Some(relative.high),
            }),
            adjusted_p: contrast.adjusted_p,
        });
        Self {
            experiment_id,
            verdict: verdict.into(),
            sentence: readout.sentence(|outcome| told(outcome, currency)),
            against: Some(readout.against.to_string()),
            arms: units.collect(),
            contrasts: contrasts.collect(),
            sample_ratio: Some(SampleRatioView {
                chi_square: ratio.chi_square,
                p: ratio.p,
                alarm: alarm(ratio.alarm).into(),
            }),
            level: Some(readout.level),
            why_unready: None,
        }
    }
}

/// `+8.00 EUR`: an outcome in minor units, rounded to a whole one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float too large for an integer saturates"
)]
fn told(outcome: f64, currency: Currency) -> String {
    let sign = if outcome < 0.0 { '-' } else { '+' };
    format!("{sign}{}", money(outcome.abs().round() as u64, currency))
}

impl From<Effect> for EffectView {
    fn from(effect: Effect) -> Self {
        let Effect {
            estimate,
            standard_error,
            low,
            high,
            p,
            ..
        } = effect;
        Self {
            estimate,
            standard_error,
            low,
            high,
            p,
        }
    }
}

/// An offer's profit and loss; amounts in minor units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StatementView {
    pub campaign_id: String,
    pub currency: String,
    pub posted: PostedView,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incremental: Option<IncrementView>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_unready: Option<String>,
}

/// What the books say, caused by the offer or not.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PostedView {
    /// Revenue before discount of the orders that redeemed the offer.
    pub attributed: u64,
    pub goods: u64,
    pub shipping: u64,
    pub fees: u64,
    pub discount: u64,
    pub breakage: u64,
    pub liability: u64,
    pub redemptions: u64,
}

/// What the offer caused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IncrementView {
    pub treated: u64,
    pub held_out: u64,
    pub against: String,
    pub profit: EffectView,
    pub revenue: EffectView,
    pub goods: LineView,
    pub shipping: LineView,
    pub fees: LineView,
    pub discount: LineView,
    pub buyers: LineView,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subsidised_share: Option<f64>,
    pub cost_of_holdout: EffectView,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LineView {
    pub total: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

impl StatementView {
    #[must_use]
    pub fn of(campaign_id: String, currency: offers::Currency, statement: &Statement) -> Self {
        Self {
            campaign_id,
            currency: String::from_utf8_lossy(&currency.0).into_owned(),
            posted: statement.posted.into(),
            incremental: statement.incremental.as_ref().ok().map(IncrementView::from),
            why_unready: statement
                .incremental
                .as_ref()
                .err()
                .map(ToString::to_string),
        }
    }
}

impl From<Posted> for PostedView {
    fn from(posted: Posted) -> Self {
        Self {
            attributed: posted.attributed,
            goods: posted.goods,
            shipping: posted.shipping,
            fees: posted.fees,
            discount: posted.discount,
            breakage: posted.breakage,
            liability: posted.liability,
            redemptions: posted.redemptions,
        }
    }
}

impl From<&Increment> for IncrementView {
    fn from(increment: &Increment) -> Self {
        Self {
            treated: increment.treated,
            held_out: increment.held_out,
            against: increment.against.to_string(),
            profit: increment.profit.into(),
            revenue: increment.revenue.into(),
            goods: increment.goods.into(),
            shipping: increment.shipping.into(),
            fees: increment.fees.into(),
            discount: increment.discount.into(),
            buyers: increment.buyers.into(),
            subsidised_share: increment.subsidised_share,
            cost_of_holdout: increment.cost_of_holdout.into(),
        }
    }
}

impl From<Line> for LineView {
    fn from(line: Line) -> Self {
        let (low, high) = line.interval.unzip();
        Self {
            total: line.total,
            low,
            high,
        }
    }
}

fn alarm(alarm: Alarm) -> &'static str {
    match alarm {
        Alarm::Quiet => "quiet",
        Alarm::Warning => "warning",
        Alarm::Mismatch => "mismatch",
    }
}
