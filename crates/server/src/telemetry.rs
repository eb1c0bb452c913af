//! How is the server watched? One request id per call, structured logs without personal data,
//! and counters.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use axum::{
    extract::{MatchedPath, Request},
    http::HeaderValue,
    middleware::Next,
    response::Response,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt};

tokio::task_local! {
    static REQUEST_ID: u64;
}

/// The id of the request being answered; empty outside of one.
#[must_use]
pub fn request_id() -> String {
    REQUEST_ID.try_with(|id| named(*id)).unwrap_or_default()
}

/// Gives the request an id, counts it and logs it: route, status and time, never a path with an
/// id, a query, a header or a body, because those may be personal.
pub async fn watch(request: Request, next: Next) -> Response {
    let id = next_id();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().clone();
    let started = Instant::now();
    let mut response = REQUEST_ID.scope(id, next.run(request)).await;
    let id = named(id);
    let status = response.status().as_u16();
    let seconds = started.elapsed().as_secs_f64();
    let labels = [("route", route.clone()), ("status", status.to_string())];
    metrics::counter!("proffer_requests_total", &labels).increment(1);
    tracing::info!(request_id = %id, %method, route, status, ms = seconds * 1000.0, "request");
    metrics::histogram!("proffer_request_seconds", "route" => route).record(seconds);
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

fn named(id: u64) -> String {
    format!("req_{id:016x}")
}

/// A number that no other request has: the generator of Steele, Lea and Flood (2014, "Fast
/// splittable pseudorandom number generators", §4), begun anywhere. It need not be secret.
fn next_id() -> u64 {
    static LAST: LazyLock<AtomicU64> =
        LazyLock::new(|| AtomicU64::new(getrandom::u64().unwrap_or_default()));
    const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut id = LAST.fetch_add(GAMMA, Ordering::Relaxed);
    id = (id ^ (id >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    id = (id ^ (id >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    id ^ (id >> 31)
}

/// Installs the recorder of counters; the handle renders them for `/metrics`.
///
/// # Errors
/// When another recorder is installed already.
pub fn metrics() -> Result<PrometheusHandle, String> {
    PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| error.to_string())
}

/// Logs as JSON lines on standard error; `PROFFER_LOG` chooses what (default `info`).
pub fn logs() {
    let filter = EnvFilter::try_from_env("PROFFER_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = fmt()
        .json()
        .with_env_filter(filter)
        // What cannot be written is lost: told on standard error it would be a panic there too.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    // A second call, as tests make it, keeps the first subscriber.
    let _ = subscriber.try_init();
}
