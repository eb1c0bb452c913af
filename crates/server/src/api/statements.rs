//! What did a campaign earn?

use axum::extract::{Path, State};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    decisions::StatementView,
    ids::{self, Tag},
};

use crate::{
    app::App,
    auth::{Caller, ReportsRead},
    once::Answer,
    problem::Refused,
    reports,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(statement))
}

/// A campaign's profit and loss: what its books say, and what the programme caused.
#[utoipa::path(get, path = "/v1/campaigns/{id}/statement", params(("id" = String, Path)),
    responses(
        (status = 200, description = "The statement.", body = StatementView),
        (status = 404, description = "There is no such campaign.")
    )
)]
async fn statement(
    State(app): State<App>,
    caller: Caller<ReportsRead>,
    Path(id): Path<String>,
) -> Result<Answer, Refused> {
    let compiled = app.compiled(caller.project).await?;
    let number = ids::parse(Tag::Campaign, &id).ok();
    let campaign = compiled.campaigns.values().find(|stored| {
        number == Some(stored.thing.id.0) || stored.thing.name.as_ref() == id.as_str()
    });
    let Some(campaign) = campaign.map(|stored| &stored.thing) else {
        return Err(Refused::NotFound {
            what: "campaign",
            id,
        });
    };
    let statement = reports::statement(&app, caller.project, campaign.id).await?;
    let id = ids::format(Tag::Campaign, campaign.id.0);
    Answer::ok(&StatementView::of(id, campaign.currency, &statement))
}
