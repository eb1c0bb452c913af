//! The API: one module per group of calls.

mod activity;
mod async_actions;
mod best;
pub(crate) mod campaigns;
mod categories;
mod client;
mod custom_events;
pub(crate) mod customers;
mod decisions;
pub mod dialect;
mod experiments;
mod exports;
mod imports;
mod loyalties;
mod metadata_schemas;
mod oauth;
mod ops;
pub(crate) mod orders;
mod policy;
mod product_collections;
mod products;
pub(crate) mod promotion_stacks;
pub(crate) mod promotions;
mod publications;
mod qualifications;
mod redeemables;
pub(crate) mod redemptions;
mod referrals;
pub(crate) mod resources;
mod rewards;
mod rollbacks;
pub(crate) mod rows;
mod sandbox;
mod segment;
mod segments;
mod shelving;
mod single;
mod skus;
mod stacking;
mod statements;
mod told;
mod transactions;
pub(crate) mod validation_rules;
pub(crate) mod validations;
pub(crate) mod vouchers;
mod wallets;
mod webhooks;

use utoipa_axum::router::OpenApiRouter;

pub(crate) use resources::At;

use crate::app::App;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(activity::routes())
        .merge(async_actions::routes())
        .merge(best::routes())
        .merge(campaigns::routes())
        .merge(categories::routes())
        .merge(client::routes())
        .merge(customers::routes())
        .merge(custom_events::routes())
        .merge(decisions::routes())
        .merge(experiments::routes())
        .merge(exports::routes())
        .merge(imports::routes())
        .merge(metadata_schemas::routes())
        .merge(oauth::routes())
        .merge(loyalties::routes())
        .merge(ops::routes())
        .merge(orders::routes())
        .merge(publications::routes())
        .merge(qualifications::routes())
        .merge(rewards::routes())
        .merge(redeemables::routes())
        .merge(referrals::routes())
        .merge(rollbacks::routes())
        .merge(redemptions::routes())
        .merge(policy::routes())
        .merge(product_collections::routes())
        .merge(products::routes())
        .merge(promotion_stacks::routes())
        .merge(promotions::routes())
        .merge(sandbox::routes())
        .merge(segment::routes())
        .merge(segments::routes())
        .merge(stacking::routes())
        .merge(single::routes())
        .merge(skus::routes())
        .merge(transactions::routes())
        .merge(statements::routes())
        .merge(validation_rules::routes())
        .merge(validations::routes())
        .merge(vouchers::routes())
        .merge(wallets::routes())
        .merge(webhooks::routes())
}
