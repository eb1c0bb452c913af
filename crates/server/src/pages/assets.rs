//! What do the pages look like? One style sheet and one icon, compiled in.

use axum::{Router, http::header, routing::get};

use crate::app::App;

const STYLE: &str = include_str!("../../assets/proffer.css");
const ICON: &str = include_str!("../../assets/icon.svg");

pub fn routes() -> Router<App> {
    Router::new()
        .route(
            "/assets/proffer.css",
            get(|| async { asset("text/css; charset=utf-8", STYLE) }),
        )
        .route(
            "/assets/icon.svg",
            get(|| async { asset("image/svg+xml", ICON) }),
        )
}

type Asset = ([(header::HeaderName, &'static str); 2], &'static str);

fn asset(kind: &'static str, body: &'static str) -> Asset {
    let kept = (header::CACHE_CONTROL, "public, max-age=300");
    ([(header::CONTENT_TYPE, kind), kept], body)
}
