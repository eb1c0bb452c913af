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
    let read = async {
        app.store().get(LIVE, Kind::Setting, CONFIGURATION).await?;
        app.compiled(LIVE).await
    };
    read.await.map_err(unready)?;
    following::check(&app)?;
    Ok("ready\n")
}

/// What cannot be read is no fault of this process's: others may be able to.
fn unready(refused: Refused) -> Refused {
    match refused {
        Refused::Fault(why) => {
            tracing::error!(why, "the store cannot be read");
            Refused::Unavailable {
                code: "no_store",
                detail: "This process cannot read its store; ask another.".into(),
            }
        }
        other => other,
    }
}

/// Counters in Prometheus' text format; no label holds anything personal.
#[utoipa::path(get, path = "/metrics", responses((status = 200, description = "Counters.")))]
async fn metrics(State(app): State<App>) -> impl IntoResponse {
    match app.metrics() {
        Some(handle) => (StatusCode::OK, handle.render()),
        None => (StatusCode::OK, String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_lost_is_not_our_fault() {
        let lost = store::Fault::Disk("gone".into());
        let code = "no_store";
        let said = unready(lost.into());
        assert!(matches!(said, Refused::Unavailable { code: said, .. } if said == code));
        assert!(matches!(unready(Refused::Busy), Refused::Busy));
    }
}
