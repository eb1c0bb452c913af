//! What does an experiment say?

use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    decisions::{ReadoutView, UnitsView},
    ids::{self, Tag},
};

use crate::{
    app::App,
    auth::{Caller, ReportsRead},
    deciding::PROGRAMME,
    once::Answer,
    problem::Refused,
    reports,
};

/// What the one experiment of every project is also called.
const ALIAS: &str = "programme";

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(readout))
}

/// An experiment and how its customers are shared out.
#[derive(Serialize, ToSchema)]
pub struct ExperimentView {
    id: String,
    name: &'static str,
    /// Share of all customers that receive nothing, in ppm.
    holdout_ppm: u32,
    /// Confidence level of its intervals, in ppm.
    level_ppm: u32,
    /// Customers enrolled in each arm so far.
    arms: Vec<UnitsView>,
}

#[derive(Serialize, ToSchema)]
pub struct Experiments {
    experiments: Vec<ExperimentView>,
}

/// All experiments: the holdout of the programme.
#[utoipa::path(get, path = "/v1/experiments", responses(
    (status = 200, description = "The experiments.", body = Experiments)
))]
async fn list(State(app): State<App>, caller: Caller<ReportsRead>) -> Result<Answer, Refused> {
    let compiled = app.compiled(caller.project).await?;
    let design = &compiled.decisioning.design;
    let arms = reports::enrolled(&app, caller.project).await?;
    let units = arms.into_iter().map(|(arm, n)| UnitsView {
        arm: arm.to_string(),
        n,
    });
    let programme = ExperimentView {
        id: ids::format(Tag::Experiment, PROGRAMME),
        name: ALIAS,
        holdout_ppm: design.holdout,
        level_ppm: design.level,
        arms: units.collect(),
    };
    Answer::ok(&Experiments {
        experiments: vec![programme],
    })
}

/// Contribution per customer of each arm, compared with those held out.
#[utoipa::path(get, path = "/v1/experiments/{id}/readout", params(("id" = String, Path)),
    responses(
        (status = 200, description = "The readout, or why there is none yet.", body = ReadoutView),
        (status = 404, description = "There is no such experiment.")
    )
)]
async fn readout(
    State(app): State<App>,
    caller: Caller<ReportsRead>,
    Path(id): Path<String>,
) -> Result<Answer, Refused> {
    let name = ids::format(Tag::Experiment, PROGRAMME);
    if id != ALIAS && id != name {
        return Err(Refused::NotFound {
            what: "experiment",
            id,
        });
    }
    let readout = reports::readout(&app, caller.project).await?;
    let currency = app.compiled(caller.project).await?.settings.currency;
    Answer::ok(&ReadoutView::of(name, &readout, currency))
}
