//! Which path leads where? All routes, and what every request passes through.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    http::{Method, StatusCode, Uri},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tower_http::{
    catch_panic::CatchPanicLayer, decompression::RequestDecompressionLayer, timeout::TimeoutLayer,
};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use wire::voucherify::endpoint_of;

use crate::{
    api,
    app::App,
    description, pages,
    problem::{self, Refused},
    telemetry,
};

/// The largest body of any call; Segment batches are held to their own, smaller limit.
pub const BODY_LIMIT: usize = 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(30);

/// Everything the server answers.
pub fn router(app: App) -> Router {
    let (routes, described) = api_routes().split_for_parts();
    let description = description::complete(described);
    // From the outside in. As one layer, because each costs a box for every request.
    let passed = (
        middleware::from_fn(telemetry::watch),
        middleware::from_fn(pages::guard),
        middleware::from_fn(problem::always_a_body),
        CatchPanicLayer::custom(panicked),
        TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIMEOUT),
        RequestDecompressionLayer::new(),
        DefaultBodyLimit::max(BODY_LIMIT),
    );
    Router::new()
        .merge(routes)
        .merge(pages::routes())
        .route(
            "/openapi.json",
            get(move || async move { Json(description) }),
        )
        // A word of the protocol, and no code of a voucher that is to be made.
        .route("/v1/vouchers/qualification", post(unknown))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown_method)
        .layer(passed)
        .with_state(app)
}

/// The description of the API, as it is served and as the test locks it.
#[must_use]
pub fn openapi() -> OpenApi {
    description::complete(api_routes().split_for_parts().1)
}

fn api_routes() -> OpenApiRouter<App> {
    let info = InfoBuilder::new()
        .title("Proffer")
        .version(env!("CARGO_PKG_VERSION"))
        .build();
    OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).build()).merge(api::routes())
}

async fn unknown(method: Method, uri: Uri) -> Refused {
    not_offered(&method, &uri).unwrap_or_else(|| Refused::NotFound {
        what: "page or call at",
        id: uri.path().to_owned(),
    })
}

async fn unknown_method(method: Method, uri: Uri) -> Refused {
    not_offered(&method, &uri).unwrap_or(Refused::Transport(StatusCode::METHOD_NOT_ALLOWED))
}

/// A call that the protocol has and we do not, as opposed to one that nobody knows.
fn not_offered(method: &Method, uri: &Uri) -> Option<Refused> {
    let endpoint = endpoint_of(method.as_str(), uri.path())?;
    Some(Refused::NotOffered {
        method: endpoint.method,
        path: endpoint.path,
    })
}

/// A panic is a fault: logged once, answered with the request id; nothing half-done is left,
/// because a change is one command to the store.
fn panicked(payload: Box<dyn std::any::Any + Send>) -> Response {
    let message = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    Refused::Fault(format!("panic: {}", message.unwrap_or_default())).into_response()
}
