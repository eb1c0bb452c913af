//! What moved on a member's card?

use wire::voucherify::TransactionView;

use super::*;
use crate::api::transactions::of_card;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(of_member_in))
        .routes(routes!(of_member))
}

/// What moved on a member's card, newest first.
#[utoipa::path(get, path = "/v1/loyalties/{id}/members/{member}/transactions",
    responses((status = 200, body = List<TransactionView>)))]
async fn of_member_in(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path((campaign, member)): Path<(String, String)>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    listed(at, (Some(&campaign), &member), &asked).await
}

/// What moved on a member's card, newest first.
#[utoipa::path(get, path = "/v1/loyalties/members/{member}/transactions",
    responses((status = 200, body = List<TransactionView>)))]
async fn of_member(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(member): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    listed(At::of(&app, &caller), (None, &member), &asked).await
}

async fn listed(at: At<'_>, which: (Option<&str>, &str), asked: &Asked) -> Result<Answer, Refused> {
    let (issued, _) = super::members::find(at, which).await?;
    of_card(at, &issued, asked).await
}
