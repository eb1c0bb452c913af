//! What came of a campaign?

use wire::voucherify::{CampaignSummaryView, PointsSummaryView, PublicationsView};

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
    let kind = kind_of(&campaign)?;
    let counted = summary(&app, project, (campaign.thing.id, kind, range)).await?;
    let view = view(&app, (project, &compiled), &campaign).await?;
    Answer::ok(&shown(view, &counted))
}

fn shown(campaign: CampaignView, of: &Summary) -> CampaignSummaryView {
    let kind = campaign.campaign_type;
    let is_of_cards = kind == CampaignType::GiftVouchers;
    let has_codes = kind != CampaignType::Promotion;
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
        validations: of.validations.succeeded + of.validations.failed,
        validations_succeeded: of.validations.succeeded,
        validations_failed: of.validations.failed,
        orders_amount: of.orders,
        orders_rolledback_amount: of.orders_back,
        vouchers_created: has_codes.then_some(of.vouchers),
        vouchers_deleted: has_codes.then_some(of.gone.count),
        publications: has_codes.then_some(PublicationsView {
            publications: of.publications.succeeded + of.publications.failed,
            publications_succeeded: of.publications.succeeded,
            publications_failed: of.publications.failed,
        }),
        referred_customers: (kind == CampaignType::ReferralProgram).then_some(of.referred),
        discounted_amount: taken_off(of.given),
        rolledback_discounted_amount: taken_off(of.given_back),
        created_vouchers_amount: of.cards.map(|cards| cards.created),
        amount_added: of.cards.map(|cards| cards.added),
        amount_deleted: is_of_cards.then_some(of.gone.left),
        amount_subtracted: of.cards.map(|cards| cards.subtracted),
        amount_redeemed: paid(of.given),
        amount_rolledback: paid(of.given_back),
        points: (kind == CampaignType::LoyaltyProgram).then(|| points(of)),
    }
}

fn points(of: &Summary) -> PointsSummaryView {
    let points = &of.points;
    PointsSummaryView {
        created_vouchers_points: points.created,
        points_added: points.added,
        points_deleted: of.gone.left,
        points_subtracted: points.subtracted,
        points_rewarded: points.rewarded,
        points_redeemed: points.redeemed,
        points_rolledback: points.back,
        points_expired: points.expired,
        ..PointsSummaryView::default()
    }
}
