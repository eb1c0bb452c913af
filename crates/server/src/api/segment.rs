//! What do Segment's sources send? Events, alone or in batches, from servers and browsers.

use std::borrow::Cow;

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use metrics::counter;
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    problem::Place,
    segment::{self, Batch, Kind, Moment, Refused as Item},
};

use crate::{
    app::App,
    auth::{Caller, EventsWrite},
    browsers::{self, Allowed},
    ingest::{self, Mode, Tally},
    problem::Refused,
};

const SOURCES: Allowed = Allowed {
    methods: "POST",
    headers: "authorization, content-type, x-retry-count",
    exposed: None,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(batch, preflight_batch))
        .routes(routes!(identify, preflight_identify))
        .routes(routes!(track, preflight_track))
        .routes(routes!(page, preflight_page))
        .routes(routes!(screen, preflight_screen))
        .routes(routes!(alias, preflight_alias))
        .routes(routes!(group, preflight_group))
        .merge(short())
}

/// What browsers call the same.
fn short() -> OpenApiRouter<App> {
    use axum::routing::post;
    OpenApiRouter::new()
        .route("/v1/b", post(batch).options(preflight))
        .route("/v1/i", post(identify).options(preflight))
        .route("/v1/t", post(track).options(preflight))
        .route("/v1/p", post(page).options(preflight))
        .route("/v1/s", post(screen).options(preflight))
        .route("/v1/a", post(alias).options(preflight))
        .route("/v1/g", post(group).options(preflight))
}

/// Takes up to 2,500 events in 500 KB; `text/plain` is read as JSON.
#[utoipa::path(post, path = "/v1/batch",
    request_body(content = Object, description = "Segment's batch: up to 2,500 events, each with \
        its `type`, and what holds for all of them beside.", example = json!({
        "batch": [
            {"type": "identify", "messageId": "m-1", "userId": "u-1",
                "traits": {"plan": "gold"}},
            {"type": "track", "messageId": "m-2", "anonymousId": "a-1",
                "timestamp": "2026-11-21T09:25:49.617Z", "event": "Product Viewed",
                "properties": {"product_id": "mug", "price": 12.5, "currency": "EUR"}}
        ],
        "context": {"consent": {"categoryPreferences": {"personalise_offers": true}}},
        "sentAt": "2026-11-21T09:25:50.000Z"
    })),
    responses(
    (status = 200, description = "Taken, as far as each event is readable and allowed."),
    (status = 400, description = "Not JSON, too large; with `X-Strict-Mode: 1` also one event."),
    (status = 401, description = "No valid key, or two that differ."),
    (status = 429, description = "Too much at once.")
))]
async fn batch(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    answer(&app, (&headers, &body), segment::batch).await
}

macro_rules! single {
    ($($name:ident $preflight:ident $path:literal $kind:ident;)*) => {$(
        /// Takes one event of up to 32 KB.
        #[utoipa::path(post, path = $path,
            request_body(content = Object, description = "One of Segment's events: who \
                (`userId`, `anonymousId`), when (`timestamp`), and what this call reads of it \
                (`event` and `properties`, `traits` or `previousId`).", example = json!({
                "messageId": "m-1", "userId": "u-1", "timestamp": "2026-11-21T09:25:49.617Z",
                "context": {"consent": {"categoryPreferences": {"measure": true}}},
                "event": "Order Completed",
                "properties": {"order_id": "A-1", "total": 25, "currency": "EUR"},
                "traits": {"plan": "gold"}, "previousId": "a-1"
            })),
            responses(
            (status = 200, description = "Taken, as far as it is readable and allowed.")
        ))]
        async fn $name(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
            let read = |body, moment: &Moment| segment::single(body, Kind::$kind, moment);
            answer(&app, (&headers, &body), read).await
        }

        /// Whether a browser on this page may send events.
        #[utoipa::path(options, path = $path, responses(
            (status = 204, description = "With the headers of CORS where the page may.")
        ))]
        async fn $preflight(State(app): State<App>, headers: HeaderMap) -> Response {
            preflight(State(app), headers).await
        }
    )*};
}

single! {
    identify preflight_identify "/v1/identify" Identify;
    track preflight_track "/v1/track" Track;
    page preflight_page "/v1/page" Page;
    screen preflight_screen "/v1/screen" Screen;
    alias preflight_alias "/v1/alias" Alias;
    group preflight_group "/v1/group" Group;
}

/// Whether a browser on this page may send events.
#[utoipa::path(options, path = "/v1/batch", responses(
    (status = 204, description = "With the headers of CORS where the page may.")
))]
async fn preflight_batch(State(app): State<App>, headers: HeaderMap) -> Response {
    preflight(State(app), headers).await
}

async fn preflight(State(app): State<App>, headers: HeaderMap) -> Response {
    browsers::preflight(&app, &headers, &SOURCES).await
}

async fn answer<'a>(
    app: &App,
    (headers, body): (&HeaderMap, &'a Bytes),
    read: impl FnOnce(&'a [u8], &Moment) -> Result<Batch<'a>, wire::Malformed>,
) -> Response {
    let response = match take(app, (headers, body), read).await {
        Ok(()) => (
            [(header::CONTENT_TYPE, "application/json")],
            r#"{"success":true}"#,
        )
            .into_response(),
        Err(refused) => refused.into_response(),
    };
    browsers::with_cors(app, (headers, &SOURCES), response).await
}

async fn take<'a>(
    app: &App,
    (headers, body): (&HeaderMap, &'a Bytes),
    read: impl FnOnce(&'a [u8], &Moment) -> Result<Batch<'a>, wire::Malformed>,
) -> Result<(), Refused> {
    let has_key = headers.contains_key(header::AUTHORIZATION);
    let in_body = if has_key { None } else { write_key(body) };
    let caller = Caller::<EventsWrite>::of_either(app, headers, in_body.as_deref()).await?;
    let compiled = app.compiled(caller.project).await?;
    let moment = Moment {
        received_at: caller.now,
        currency: compiled.settings.currency,
        places: compiled.settings.places,
    };
    let batch = read(body, &moment)?;
    // Two keys that differ are nobody's.
    Caller::<EventsWrite>::of_either(app, headers, batch.write_key.as_deref()).await?;
    for item in refused(&batch) {
        counter!("proffer_events_total", "outcome" => item.code).increment(1);
    }
    let is_strict = headers
        .get("x-strict-mode")
        .is_some_and(|value| value == "1");
    let mode = if is_strict {
        Mode::Strict
    } else {
        Mode::Lenient
    };
    if mode == Mode::Strict && refused(&batch).next().is_some() {
        return Err(Refused::Items(refused(&batch).map(place).collect()));
    }
    let tally = ingest::take(app, (caller.project, caller.now), (&batch, mode)).await?;
    told(tally);
    Ok(())
}

/// The key in the body, where the body is whole enough to tell; reading it properly comes after,
/// for it needs to know the project.
fn write_key(body: &[u8]) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Keyed<'a> {
        #[serde(borrow, rename = "writeKey")]
        write_key: Option<Cow<'a, str>>,
    }
    serde_json::from_slice::<Keyed<'_>>(body).ok()?.write_key
}

fn refused<'b>(batch: &'b Batch<'_>) -> impl Iterator<Item = &'b Item> {
    batch.items.iter().filter_map(|item| item.as_ref().err())
}

fn place(item: &Item) -> Place {
    Place {
        pointer: format!("/batch/{}{}", item.index, item.pointer),
        detail: format!("{}: {}", item.code, item.detail),
    }
}

fn told(tally: Tally) {
    for (outcome, events) in [
        ("stored", tally.stored),
        ("no_consent", tally.no_consent),
        ("repeated", tally.repeated),
        ("too_many_identifiers", tally.crowded),
    ] {
        counter!("proffer_events_total", "outcome" => outcome).increment(events);
    }
}
