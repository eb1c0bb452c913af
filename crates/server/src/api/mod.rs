//! The API: one module per group of calls.

mod customers;
mod decisions;
mod dialect;
mod ops;
mod segment;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(ops::routes())
        .merge(segment::routes())
        .merge(customers::routes())
        .merge(decisions::routes())
}
