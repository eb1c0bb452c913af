//! What does the experiment say, outcome by outcome?

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Html,
};
use ledger::Currency;
use measurement::{
    Alarm, Arm, ArmOutcome, Design, Effect, Moments, Readout, SampleRatio, Unready, Verdict,
    readout,
};

use super::{
    Shell,
    drawings::{Forest, Interval, Sense, forest},
    figures,
    look::{self, Estimate, estimate, number, percent},
    overview::tick,
    show,
    sign_in::Visitor,
};
use crate::{app::App, problem::Refused, reports};

#[derive(Template)]
#[template(path = "experiment.html")]
struct Experiment {
    shell: Shell,
    level: String,
    arms: Vec<ArmRow>,
    result: Result<Verdicts, String>,
    outcomes: Vec<OutcomeRow>,
    drawing: Option<Forest>,
}

struct ArmRow {
    name: String,
    meant: String,
    n: String,
    buyers: String,
}

struct Verdicts {
    verdict: &'static str,
    tone: &'static str,
    sentence: String,
    ratio: &'static str,
    ratio_p: String,
    ratio_tone: &'static str,
}

/// One outcome of one arm against what it is compared with, per customer.
struct OutcomeRow {
    outcome: &'static str,
    arm: String,
    /// Whether there is no other arm to tell it from.
    is_alone: bool,
    sense: Sense,
    result: Result<(Estimate, String), String>,
}

/// What the one experiment of every project is also called.
const ALIAS: &str = "programme";

type Outcome = (&'static str, Sense, fn(&ArmOutcome) -> Moments);

/// The first is the one the verdict is about.
const OUTCOMES: [Outcome; 4] = [
    ("Profit", Sense::Earned, |arm| arm.profit),
    ("Revenue before discount", Sense::Plain, |arm| arm.revenue),
    ("Discount", Sense::Plain, |arm| arm.discount),
    ("Cost of goods", Sense::Plain, |arm| arm.goods),
];

/// What was measured, and how it was meant to be.
struct Measured<'a> {
    design: &'a Design,
    arms: Vec<ArmOutcome>,
}

pub async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Result<Html<String>, Refused> {
    if name != figures::programme() && name != ALIAS {
        return Err(Refused::NotFound {
            what: "experiment",
            id: name,
        });
    }
    let compiled = app.compiled(visitor.project).await?;
    let currency = figures::currency(&compiled);
    let measured = Measured {
        design: &compiled.decisioning.design,
        arms: reports::arms(&app, visitor.project).await?,
    };
    let read = reports::readout(&app, visitor.project).await?;
    let outcomes = outcomes(&measured, currency);
    let intervals: Vec<Interval> = outcomes.iter().filter_map(OutcomeRow::interval).collect();
    let title = "Difference to the holdout, per customer";
    let drawing = forest(title, intervals, tick(currency));
    let has_any = outcomes.iter().any(|row| row.result.is_ok());
    show(&Experiment {
        shell: Shell::of("experiment", &visitor),
        level: percent(measured.design.level),
        arms: arms(&measured),
        result: read
            .map(|read| Verdicts::of(&read, currency))
            .map_err(|why| why.to_string()),
        drawing: has_any.then_some(drawing),
        outcomes,
    })
}

fn read(
    measured: &Measured<'_>,
    outcome: impl Fn(&ArmOutcome) -> Moments,
) -> Result<Readout, Unready> {
    let arms: Vec<(Arm, Moments)> = measured
        .arms
        .iter()
        .map(|arm| (arm.arm, outcome(arm)))
        .collect();
    readout(measured.design, &arms)
}

fn arms(measured: &Measured<'_>) -> Vec<ArmRow> {
    let shares = measured.design.shares();
    let row = |arm: &ArmOutcome| {
        let meant = shares.iter().find(|(known, _)| *known == arm.arm);
        ArmRow {
            name: arm.arm.to_string(),
            meant: meant.map_or("–".into(), |(_, share)| {
                format!("{:.1}\u{a0}%", share * 100.0)
            }),
            n: number(arm.profit.n),
            buyers: format!("{:.1}\u{a0}%", arm.bought.mean * 100.0),
        }
    };
    measured.arms.iter().map(row).collect()
}

fn outcomes(measured: &Measured<'_>, currency: Currency) -> Vec<OutcomeRow> {
    let mut rows = Vec::new();
    for (name, sense, outcome) in OUTCOMES {
        match read(measured, outcome) {
            Ok(read) => rows.extend(read.contrasts.iter().map(|contrast| OutcomeRow {
                outcome: name,
                sense,
                arm: contrast.arm.to_string(),
                is_alone: read.contrasts.len() == 1,
                result: Ok((estimate(&contrast.effect, currency), p(&contrast.effect))),
            })),
            Err(why) => rows.push(OutcomeRow {
                outcome: name,
                sense,
                arm: "–".into(),
                is_alone: true,
                result: Err(why.to_string()),
            }),
        }
    }
    rows
}

fn p(effect: &Effect) -> String {
    if effect.p < 0.001 {
        "below 0.001".into()
    } else {
        format!("{:.3}", effect.p)
    }
}

impl OutcomeRow {
    fn interval(&self) -> Option<Interval> {
        let (estimate, _) = self.result.as_ref().ok()?;
        Some(Interval {
            label: if self.is_alone {
                self.outcome.into()
            } else {
                format!("{}, {}", self.outcome, self.arm)
            },
            estimate: estimate.clone(),
            sense: self.sense,
            truth: None,
        })
    }
}

impl Verdicts {
    fn of(read: &Readout, currency: Currency) -> Self {
        let (verdict, tone) = match read.verdict {
            Verdict::Ship => ("Ship it", "gain"),
            Verdict::Stop => ("Stop it", "loss"),
            Verdict::KeepRunning => ("Keep it running", "open"),
            Verdict::CannotTell => ("It cannot be told", "open"),
            Verdict::Invalid => ("Not to be read", "loss"),
        };
        let (ratio, ratio_tone) = ratio(&read.sample_ratio);
        Self {
            verdict,
            tone,
            sentence: read.sentence(|minor| look::rounded(minor, currency, look::Digits::All)),
            ratio,
            ratio_tone,
            ratio_p: format!("{:.3}", read.sample_ratio.p),
        }
    }
}

fn ratio(ratio: &SampleRatio) -> (&'static str, &'static str) {
    match ratio.alarm {
        Alarm::Quiet => ("The arms are as large as they were meant to be.", "gain"),
        Alarm::Warning => (
            "The arms differ from what was meant more than they should: look for the cause.",
            "held",
        ),
        Alarm::Mismatch => (
            "Sample-ratio mismatch: stop reading until the cause is found.",
            "loss",
        ),
    }
}
