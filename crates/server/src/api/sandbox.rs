//! How does a sandbox's time pass? Its jobs run when it says so, by its own clock.

use axum::{Json, extract::State};
use serde_json::{Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::{Caller, CampaignsWrite},
    jobs,
    problem::Refused,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(run))
}

/// Runs all jobs as of `Proffer-Now`: holds are let go, gift cards and points lapse, the policy
/// learns.
#[utoipa::path(post, path = "/v1/sandbox/jobs", responses(
    (status = 200, description = "What they did."),
    (status = 409, description = "The live project's jobs run by themselves.")
))]
async fn run(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
) -> Result<Json<Value>, Refused> {
    if !caller.is_sandbox {
        return Err(Refused::Conflict {
            code: "clock_is_live",
            detail: "The live project's jobs run by themselves; use a sandbox key.".into(),
        });
    }
    let done = jobs::all(&app, caller.project, caller.now).await?;
    Ok(Json(json!({
        "lapsed": done.lapsed,
        "breakage": done.breakage,
        "points": done.points,
        "has_learnt": done.has_learnt
    })))
}
