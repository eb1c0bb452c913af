//! Is the server alive, can it serve, and how is it doing?

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use store::Kind;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, following, problem::Refused, setting::CONFIGURATION, setup::LIVE};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(metrics))
}

/// The process runs.
#[utoipa::path(get, path = "/healthz", responses((status = 200, description = "It runs.")))]
async fn healthz() -> &'static str {
    "ok\n"
}

/// The store answers, and what is in force here is what others put in force.
#[utoipa::path(get, path = "/readyz", responses((status = 200, description = "It can serve.")))]
async fn readyz(State(app): State<App>) -> Result<&'static str, Refused> {
    app.store().get(LIVE, Kind::Setting, CONFIGURATION).await?;
    app.compiled(LIVE).await?;
    following::check(&app)?;
    Ok("ready\n")
}

/// Counters in Prometheus' text format; no label holds anything personal.
#[utoipa::path(get, path = "/metrics", responses((status = 200, description = "Counters.")))]
async fn metrics(State(app): State<App>) -> impl IntoResponse {
    match app.metrics() {
        Some(handle) => (StatusCode::OK, handle.render()),
        None => (StatusCode::OK, String::new()),
    }
}
