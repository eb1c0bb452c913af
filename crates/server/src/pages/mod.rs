//! The pages for marketers and finance, rendered on the server.

use axum::Router;

use crate::app::App;

pub fn routes() -> Router<App> {
    Router::new()
}
