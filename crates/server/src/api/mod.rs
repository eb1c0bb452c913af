//! The API: one module per group of calls.

pub(crate) mod campaigns;
mod categories;
pub(crate) mod customers;
mod decisions;
pub mod dialect;
mod experiments;
mod ops;
mod orders;
mod policy;
mod product_collections;
mod products;
pub(crate) mod promotions;
mod qualifications;
pub(crate) mod redemptions;
pub(crate) mod resources;
mod rollbacks;
mod sandbox;
mod segment;
mod segments;
mod skus;
mod stacking;
mod statements;
pub(crate) mod validation_rules;
pub(crate) mod validations;
pub(crate) mod vouchers;
mod wallets;
mod webhooks;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(campaigns::routes())
        .merge(categories::routes())
        .merge(customers::routes())
        .merge(decisions::routes())
        .merge(experiments::routes())
        .merge(ops::routes())
        .merge(orders::routes())
        .merge(qualifications::routes())
        .merge(rollbacks::routes())
        .merge(redemptions::routes())
        .merge(policy::routes())
        .merge(product_collections::routes())
        .merge(products::routes())
        .merge(promotions::routes())
        .merge(sandbox::routes())
        .merge(segment::routes())
        .merge(segments::routes())
        .merge(stacking::routes())
        .merge(skus::routes())
        .merge(statements::routes())
        .merge(validation_rules::routes())
        .merge(validations::routes())
        .merge(vouchers::routes())
        .merge(wallets::routes())
        .merge(webhooks::routes())
}
