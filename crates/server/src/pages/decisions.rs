//! Who was offered what, and why?

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Html,
};
use decision::{Bar, Fate, Snapshot};
use offers::OfferId;
use serde::Deserialize;
use store::{Kind, Page, ProjectId, Record};
use wire::{
    decisions::{CandidateView, TraceView},
    ids::{self, Tag},
};

use super::{
    Shell, customers, figures,
    look::{Moment, moment, number, percent},
    show,
    sign_in::Visitor,
};
use crate::{
    app::App,
    configuration,
    deciding::{self, Promise, Recorded},
    problem::Refused,
    replay,
};

const PER_PAGE: u32 = 50;

/// A decision in one row.
pub struct DecisionRow {
    pub id: String,
    pub at: Moment,
    pub customer: String,
    pub arm: String,
    pub outcome: String,
    pub tone: &'static str,
}

#[derive(Template)]
#[template(path = "decisions.html")]
struct Decisions {
    shell: Shell,
    decisions: Vec<DecisionRow>,
    is_start: bool,
    /// Where the next page begins, if there is one.
    next: Option<u64>,
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    before: u64,
}

pub async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Refused> {
    let page = (asked.before, PER_PAGE);
    let records = listed(&app, visitor.project, page).await?;
    let is_full = records.len() == PER_PAGE as usize;
    let last = records.last().map(|recorded| recorded.request.id.0);
    show(&Decisions {
        shell: Shell::of("decisions", &visitor),
        decisions: described(&app, visitor.project, &records).await?,
        is_start: asked.before == 0,
        next: last.filter(|_| is_full),
    })
}

/// The decisions before a number (0: the newest), newest first.
pub async fn rows(
    app: &App,
    project: ProjectId,
    page: (u64, u32),
) -> Result<Vec<DecisionRow>, Refused> {
    let records = listed(app, project, page).await?;
    described(app, project, &records).await
}

async fn listed(
    app: &App,
    project: ProjectId,
    (after, limit): (u64, u32),
) -> Result<Vec<Recorded>, Refused> {
    let page = Page {
        after,
        limit,
        newest_first: true,
    };
    let records = app.store().list(project, Kind::Decision, page).await?;
    records.iter().map(read).collect()
}

/// # Errors
/// When the record is none of a decision: a fault.
pub fn read(record: &Record) -> Result<Recorded, Refused> {
    crate::versioned::read(&record.body)
}

/// Rows of decisions, with offers called as they are called today.
pub async fn described(
    app: &App,
    project: ProjectId,
    records: &[Recorded],
) -> Result<Vec<DecisionRow>, Refused> {
    let compiled = app.compiled(project).await?;
    let name = |offer: OfferId| {
        let known = compiled.offers.get(&offer);
        known.map_or_else(|| offer_id(offer), |known| known.thing.name.to_string())
    };
    Ok(records
        .iter()
        .map(|recorded| DecisionRow::of(recorded, &name))
        .collect())
}

fn offer_id(offer: OfferId) -> String {
    ids::format(Tag::Tier, offer.0)
}

impl DecisionRow {
    fn of(recorded: &Recorded, name: &dyn Fn(OfferId) -> String) -> Self {
        let decision = &recorded.decision;
        let (outcome, tone) = match (decision.chosen(), decision.withheld()) {
            (Some((offer, _)), _) if recorded.promise == Promise::Lost => {
                (format!("{}: nothing was left", name(offer)), "open")
            }
            (Some((offer, _)), _) => (name(offer), "gain"),
            (None, Some((offer, _))) => (format!("withheld: {}", name(offer)), "held"),
            (None, None) => ("no offer".into(), "open"),
        };
        Self {
            id: ids::format(Tag::Decision, decision.id.0),
            at: moment(recorded.request.now),
            customer: ids::format(Tag::Customer, recorded.request.customer.0),
            arm: decision.arm.to_string(),
            outcome,
            tone,
        }
    }
}

#[derive(Template)]
#[template(path = "decision.html")]
struct DecisionPage {
    shell: Shell,
    row: DecisionRow,
    promise: String,
    /// The code, for those who may see customers.
    code: Option<String>,
    until: Option<Moment>,
    steps: Steps,
    view: TraceView,
    facts: Option<Vec<customers::FactRow>>,
    consent: [(&'static str, &'static str); 2],
    draw: String,
    command: String,
}

/// The candidates by the step that settled their fate.
struct Steps {
    holdout: String,
    policy: &'static str,
    guardrails: Vec<String>,
    live: String,
    unmatched: Vec<CandidateView>,
    barred: Vec<CandidateView>,
    scored: Vec<Scored>,
    chosen: Option<CandidateView>,
}

struct Scored {
    view: CandidateView,
    score: String,
    propensity: String,
}

pub async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Result<Html<String>, Refused> {
    let id = ids::parse(Tag::Decision, &name).map_err(|_| Refused::NotFound {
        what: "decision",
        id: name.clone(),
    })?;
    let recorded = deciding::recorded(&app, visitor.project, id).await?;
    let of = recorded.decision.snapshot;
    let snapshot = configuration::kept(app.store(), visitor.project, of).await?;
    let (request, decision) = (&recorded.request, &recorded.decision);
    let name_of = |offer: OfferId| {
        let known = snapshot.offer(offer);
        known.map(|(offer, _)| offer.name.to_string())
    };
    let (trace, explanation) = replay::traced(&snapshot, &recorded);
    let view = TraceView::of(&trace, request, explanation, &name_of);
    let currency = figures::currency(&*app.compiled(visitor.project).await?);
    let named = |offer| name_of(offer).unwrap_or_else(|| offer_id(offer));
    let (promise, until, code) = promise(&recorded.promise, &named);
    show(&DecisionPage {
        shell: Shell::of("decisions", &visitor),
        row: DecisionRow::of(&recorded, &named),
        promise,
        code: code.filter(|_| visitor.sees_customers),
        until: until.map(moment),
        steps: Steps::of(&recorded, &snapshot, &view),
        facts: visitor
            .sees_customers
            .then(|| customers::facts(&request.facts, currency)),
        consent: customers::consent(request.consent),
        draw: number(decision.draw.into()),
        command: format!("proffer replay-decision {name}"),
        view,
    })
}

fn promise(
    promise: &Promise,
    name: &dyn Fn(OfferId) -> String,
) -> (String, Option<i64>, Option<String>) {
    match promise {
        Promise::None => ("Nothing was promised.".into(), None, None),
        Promise::Lost => {
            let sentence = "Somebody else took the last of it before the promise was made, so \
                            nothing was given.";
            (sentence.into(), None, None)
        }
        Promise::Kept {
            offer, until, code, ..
        } => {
            let sentence = format!("“{}” is promised until", name(*offer));
            (sentence, Some(*until), code.clone())
        }
    }
}

impl Steps {
    fn of(recorded: &Recorded, snapshot: &Snapshot, view: &TraceView) -> Self {
        let considered = &recorded.decision.considered;
        let with = |wanted: fn(&Fate) -> bool| -> Vec<CandidateView> {
            let of = considered.iter().filter(|(_, fate)| wanted(fate));
            of.filter_map(|(offer, _)| {
                let id = offer_id(*offer);
                view.candidates.iter().find(|one| one.offer_id == id)
            })
            .cloned()
            .collect()
        };
        let mut unmatched = with(|fate| matches!(fate, Fate::Barred(Bar::Refused(_))));
        let ruled_out = view.candidates.iter().filter(|one| one.fate == "unmatched");
        unmatched.extend(ruled_out.cloned());
        let scored = with(|fate| !matches!(fate, Fate::Barred(_)));
        Self {
            holdout: percent(snapshot.design().holdout),
            policy: snapshot.policy().code(),
            guardrails: view
                .explanation
                .auditor
                .iter()
                .filter(|line| line.step == "guarded" && line.subject == "snapshot")
                .map(|line| line.detail.clone())
                .collect(),
            live: number(snapshot.live() as u64),
            unmatched,
            barred: with(|fate| {
                matches!(
                    fate,
                    Fate::Barred(Bar::NoConsent | Bar::Guardrail(_) | Bar::Exhausted)
                )
            }),
            chosen: with(|fate| matches!(fate, Fate::Chosen { .. } | Fate::Withheld { .. })).pop(),
            scored: scored.into_iter().map(Scored::of).collect(),
        }
    }
}

impl Scored {
    fn of(view: CandidateView) -> Self {
        Self {
            score: view.score_micros.map_or("–".into(), score),
            propensity: view.propensity.map_or("–".into(), percent),
            view,
        }
    }
}

/// A score in millionths, to two places.
fn score(micros: i64) -> String {
    let sign = if micros < 0 { "−" } else { "" };
    let hundredths = micros.unsigned_abs() / 10_000;
    format!("{sign}{}.{:02}", number(hundredths / 100), hundredths % 100)
}
