//! What came of a campaign?

use wire::voucherify::CampaignSummaryView;

use super::*;
use crate::reports::summary::{Range, Summary, summary};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get))
}

/// Counters of a campaign, of all times or from `start_date` to `end_date`.
#[utoipa::path(get, path = "/v1/campaigns/{id}/summary",
    responses((status = 200, body = CampaignSummaryView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let project = caller.project;
    let range = Range {
        from: asked.instant("start_date")?,
        until: asked.instant("end_date")?,
    };
    let compiled = app.compiled(project).await?;
    let campaign = find(&app, (project, &compiled), &name).await?;
    let counted = summary(&app, project, (campaign.thing.id, range)).await?;
    let view = view(&app, (project, &compiled), &campaign).await?;
    Answer::ok(&shown(view, &counted))
}

fn shown(campaign: CampaignView, of: &Summary) -> CampaignSummaryView {
    let is_of_cards = campaign.campaign_type == CampaignType::GiftVouchers;
    let has_codes = campaign.campaign_type != CampaignType::Promotion;
    let taken_off = |amount: u64| (!is_of_cards).then_some(amount);
    let paid = |amount: u64| is_of_cards.then_some(amount);
    CampaignSummaryView {
        object: "campaign_summary",
        campaign,
        redemptions: of.redeemed + of.failed,
        redemptions_succeeded: of.redeemed,
        redemptions_failed: of.failed,
        rollbacks: of.rollbacks,
        rollbacks_succeeded: of.rollbacks,
        rollbacks_failed: 0,
        orders_amount: of.orders,
        orders_rolledback_amount: of.orders_back,
        vouchers_created: has_codes.then_some(of.vouchers),
        discounted_amount: taken_off(of.given),
        rolledback_discounted_amount: taken_off(of.given_back),
        created_vouchers_amount: of.cards.map(|cards| cards.created),
        amount_added: of.cards.map(|cards| cards.added),
        amount_subtracted: of.cards.map(|cards| cards.subtracted),
        amount_redeemed: paid(of.given),
        amount_rolledback: paid(of.given_back),
    }
}
