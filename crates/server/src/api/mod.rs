//! The API: one module per group of calls.

mod customers;
mod decisions;
pub(crate) mod campaigns;
pub mod dialect;
pub(crate) mod promotions;
pub(crate) mod validation_rules;
pub(crate) mod validations;
pub(crate) mod vouchers;
mod ops;
mod segment;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(ops::routes())
        .merge(vouchers::routes())
        .merge(validations::routes())
        .merge(validation_rules::routes())
        .merge(promotions::routes())
        .merge(campaigns::routes())
        .merge(segment::routes())
        .merge(customers::routes())
        .merge(decisions::routes())
}
