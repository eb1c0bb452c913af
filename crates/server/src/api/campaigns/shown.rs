//! How is a campaign shown, with what it has?

use super::*;

/// The tiers of one campaign.
pub(super) fn listed(tiers: Vec<TierView>) -> List<TierView> {
    let total = tiers.len() as u64;
    List {
        has_more: Some(false),
        ..List::page("tiers", tiers, total)
    }
}

/// Without what must be counted or read.
pub(super) fn bare_view(
    stored: &Stored<Campaign>,
    input: &CampaignCreate,
) -> Result<CampaignView, Refused> {
    let campaign = &stored.thing;
    let rule = input.proffer.as_ref().and_then(|own| own.rule.clone());
    let kind = input.inferred_type().map_err(|wrong| malformed(&wrong))?;
    let is_promotion = kind == CampaignType::Promotion;
    let mut proffer = ProfferSettings::of(campaign, rule);
    proffer.lines = input.proffer.as_ref().and_then(|own| own.lines.clone());
    proffer.grant_days = input.proffer.as_ref().and_then(|own| own.grant_days);
    proffer.points_back = input.proffer.as_ref().and_then(|own| own.points_back);
    Ok(CampaignView {
        id: ids::format(Tag::Campaign, campaign.id.0),
        name: campaign.name.to_string(),
        description: input.description.clone(),
        campaign_type: kind,
        capacity: input.capacity.unwrap_or(if is_promotion {
            CodeCapacity::Static
        } else {
            CodeCapacity::AutoUpdate
        }),
        voucher: input.voucher.clone().map(VoucherConfig::whole),
        auto_join: input.auto_join.unwrap_or(false),
        join_once: input.join_once.unwrap_or(false),
        use_voucher_metadata_schema: input.use_voucher_metadata_schema.unwrap_or(true),
        start_date: campaign.validity.from,
        expiration_date: campaign.validity.until,
        calendar: CalendarView::of(&campaign.validity),
        activity_duration_after_publishing: input.activity_duration_after_publishing.clone(),
        vouchers_count: 0,
        active: campaign.active,
        category: input.category.clone(),
        category_id: input.category_id.clone(),
        categories: Vec::new(),
        metadata: input.metadata.clone().unwrap_or_default(),
        creation_status: DONE,
        vouchers_generation_status: DONE,
        protected: false,
        promotion: is_promotion.then(|| listed(Vec::new())),
        loyalty_tiers_expiration: input.loyalty_tiers_expiration.clone(),
        referral_program: input.referral_program.as_ref().map(ReferralProgram::view),
        validation_rules_assignments: List::default(),
        created_at: stored.created_at,
        updated_at: stored.updated_at,
        object: "campaign",
        proffer,
    })
}

pub(in crate::api) async fn view(
    app: &App,
    (project, compiled): (ProjectId, &Compiled),
    stored: &Stored<Campaign>,
) -> Result<CampaignView, Refused> {
    let id = stored.thing.id;
    let mut view = bare_view(stored, &input_of(stored)?)?;
    let mut reads = app.store().view(project)?;
    view.vouchers_count = crate::vouchers::count(&mut reads, id).await?;
    if actions::generating(&mut reads).await?.contains(&id.0) {
        view.vouchers_generation_status = IN_PROGRESS;
    }
    drop(reads);
    view.categories = compiled.categories.listed(&stored.extra);
    view.validation_rules_assignments = validation_rules::shown(app, project, id.0).await?;
    if view.campaign_type == CampaignType::Promotion {
        let tiers = offers_of(compiled, id).map(|offer| (&stored.thing, &**offer));
        let tiers: Vec<_> = tiers.collect();
        let mut tiers = promotions::views(app, (project, compiled), &tiers).await?;
        for tier in &mut tiers {
            // As it is now, where the campaign is only about to change.
            tier.campaign.category_id = view.categories.first().map(|one| one.id.clone());
        }
        view.promotion = Some(listed(tiers));
    }
    Ok(view)
}
