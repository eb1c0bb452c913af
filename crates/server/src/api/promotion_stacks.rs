//! Promotion stacks: tiers of one campaign that are put forward together, under one name and in
//! one order.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use offers::{CampaignId, Offer};
use store::{Expect, Index, Kind, Write};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    Malformed,
    ids::{self, Tag},
    voucherify::{Event, Grouped, List, PromotionStack, PromotionStackView, Sent, StackTiers},
};

use super::{
    campaigns,
    dialect::{Asked, malformed, not_found, retry},
    promotions,
    resources::{self, Asking, At, Call, Kept, Resource, load, sent, take_effect, under},
};
use crate::{
    app::{App, renumbered},
    auth::{Caller, CampaignsRead, CampaignsWrite},
    checkout::grouped,
    configuration::Compiled,
    once::{self, Answer},
    problem::Refused,
    setting::CONFIGURATION,
    vouchers::key,
};

/// Stacks of a project.
pub const MAX_STACKS: u32 = 500;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(of_campaign, create))
        .routes(routes!(get, update, delete))
}

impl Resource for PromotionStack {
    type View = PromotionStackView;
    const KIND: Kind = Kind::PromotionStack;
    const TAG: Tag = Tag::PromotionStack;
    const NAME: &'static str = "promotion_stack";
    const MOST: u64 = MAX_STACKS as u64;
    const OURS: &'static [&'static str] = &["campaign_id"];

    fn check(&self) -> Result<(), Malformed> {
        PromotionStack::check(self)
    }

    fn belongs_to(&self) -> Vec<(Index, u64)> {
        let campaign = self.campaign();
        campaign
            .map(|of| (Index::StacksOfCampaign, of))
            .into_iter()
            .collect()
    }

    fn event(before: Option<&Self>, after: Option<&Self>) -> Option<Event> {
        after.map(|_| match before {
            None => Event::StackCreated,
            Some(_) => Event::StackUpdated,
        })
    }

    fn bare(kept: &Kept<Self>) -> PromotionStackView {
        kept.thing().view(kept.id, kept.times())
    }

    async fn shown(at: At<'_>, rows: &[Kept<Self>]) -> Result<Vec<PromotionStackView>, Refused> {
        let compiled = at.app.compiled(at.project).await?;
        let names = rows.iter().map(|row| row.thing().category_id.clone());
        let names: Vec<Option<String>> = names.collect();
        let mut view = at.app.store().view(at.project)?;
        let known = grouped(&mut view, &names, &compiled.stacking.rules).await?;
        let show = |(row, name): (&Kept<Self>, &Option<String>)| {
            let group = name.as_deref().and_then(|name| known.get(name));
            let categories: Vec<Grouped> =
                group.map(|(_, told)| told.clone()).into_iter().collect();
            PromotionStackView {
                categories,
                ..Self::bare(row)
            }
        };
        Ok(rows.iter().zip(&names).map(show).collect())
    }
}

/// All stacks, newest first.
#[utoipa::path(get, path = "/v1/promotions/stacks",
    responses((status = 200, body = List<PromotionStackView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    asked: Asked,
) -> Result<Answer, Refused> {
    resources::list::<PromotionStack>(At::of(&app, &caller), &asked).await
}

/// The stacks of a campaign, newest first.
#[utoipa::path(get, path = "/v1/promotions/{campaign}/stacks",
    responses((status = 200, body = List<PromotionStackView>)))]
async fn of_campaign(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let asking = Asking::of(&asked, PromotionStack::PAGE)?;
    let (_, campaign) = known(at, &name).await?;
    let (page, total) = asking.cut(of(at, campaign).await?);
    let rows = PromotionStack::shown(at, &page).await?;
    Answer::ok(&List::page("data", rows, total))
}

/// Put tiers of a campaign together under one name, in the order in which they apply. At most 30.
#[utoipa::path(post, path = "/v1/promotions/{campaign}/stacks", request_body = PromotionStack,
    responses((status = 200, body = PromotionStackView)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    (Path(name), headers): (Path<String>, HeaderMap),
    body: Bytes,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let call = format!("POST /v1/promotions/{name}/stacks");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let sent = sent(&body)?;
    let made = retry(async || created(at, &name, (&sent, once)).await).await;
    let answer = resources::told(at, once, made).await;
    take_effect(at).await;
    answer
}

async fn created(
    at: At<'_>,
    name: &str,
    (sent, once): (&Sent, Option<once::Key>),
) -> Result<Option<Answer>, Refused> {
    take_effect(at).await;
    let (compiled, campaign) = known(at, name).await?;
    let start = PromotionStack {
        campaign_id: Some(ids::format(Tag::Campaign, campaign.0)),
        ..PromotionStack::default()
    };
    check_tiers(sent, (&compiled, campaign))?;
    let call = beside(&compiled, Call::new(sent, once));
    resources::made(at, start, call).await
}

/// One stack.
#[utoipa::path(get, path = "/v1/promotions/{campaign}/stacks/{id}",
    responses((status = 200, body = PromotionStackView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path((campaign, name)): Path<(String, String)>,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let (_, stack) = stack_of(at, (&campaign, &name)).await?;
    let rows = PromotionStack::shown(at, std::slice::from_ref(&stack)).await?;
    Answer::ok(&rows.first())
}

/// Change a stack. What is absent stays.
#[utoipa::path(put, path = "/v1/promotions/{campaign}/stacks/{id}",
    request_body = PromotionStack, responses((status = 200, body = PromotionStackView)))]
async fn update(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((campaign, name)): Path<(String, String)>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let sent = sent(&body)?;
    let attempt = async || {
        take_effect(at).await;
        let ((compiled, of), stack) = stack_of(at, (&campaign, &name)).await?;
        check_tiers(&sent, (&compiled, of))?;
        let call = beside(&compiled, Call::new(&sent, None));
        resources::changed(at, stack, call).await
    };
    let answer = retry(attempt).await;
    take_effect(at).await;
    answer
}

/// Remove a stack; its tiers stay.
#[utoipa::path(delete, path = "/v1/promotions/{campaign}/stacks/{id}",
    responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((campaign, name)): Path<(String, String)>,
) -> Result<StatusCode, Refused> {
    let at = At::of(&app, &caller);
    let attempt = async || {
        let (_, stack) = stack_of(at, (&campaign, &name)).await?;
        resources::removed(at, &stack, vec![renumbered()]).await
    };
    let removed = retry(attempt).await;
    take_effect(at).await;
    removed
}

/// What is in force, and a campaign of it.
type InForce = (Arc<Compiled>, CampaignId);

async fn known(at: At<'_>, name: &str) -> Result<InForce, Refused> {
    let compiled = at.app.compiled(at.project).await?;
    let campaign = campaigns::find(at.app, (at.project, &compiled), name).await?;
    Ok((compiled, campaign.thing.id))
}

/// A stack of the campaign that the path names.
async fn stack_of(
    at: At<'_>,
    (campaign, name): (&str, &str),
) -> Result<(InForce, Kept<PromotionStack>), Refused> {
    let known = known(at, campaign).await?;
    let stack: Kept<PromotionStack> = load(at, name).await?;
    if stack.thing().campaign() != Some(known.1.0) {
        return Err(not_found(PromotionStack::NAME, name));
    }
    Ok((known, stack))
}

/// Tiers that are sent belong to the campaign; those that are kept do already.
fn check_tiers(sent: &Sent, (compiled, of): (&Compiled, CampaignId)) -> Result<(), Refused> {
    let sent = sent.get("tiers").cloned().unwrap_or_default();
    // What cannot be read is refused where the whole is.
    let tiers: StackTiers = serde_json::from_value(sent).unwrap_or_default();
    for (place, id) in tiers.ids.iter().enumerate() {
        let tier = promotions::find(compiled, id).ok();
        if tier.is_none_or(|tier| tier.thing.campaign != of) {
            let place = format!("/tiers/ids/{place}");
            let wrong = Malformed::at(place, "is no tier of this campaign");
            return Err(malformed(&wrong));
        }
    }
    Ok(())
}

/// A stack is part of what is in force: whoever removes one of its tiers, or uses it, at this
/// moment begins anew.
fn beside<'a>(compiled: &Compiled, mut call: Call<'a>) -> Call<'a> {
    call.expects.push(Expect {
        kind: Kind::Setting,
        id: CONFIGURATION,
        version: compiled.snapshot.id.0,
    });
    call.writes.push(renumbered());
    call
}

/// The stacks of a campaign, newest first.
///
/// # Errors
/// When the store cannot be read.
pub async fn of(at: At<'_>, campaign: CampaignId) -> Result<Vec<Kept<PromotionStack>>, Refused> {
    let index = Index::StacksOfCampaign;
    under(at, (index, &key(campaign.0)), MAX_STACKS).await
}

/// The stacks of a campaign that name one of its tiers.
///
/// # Errors
/// When the store cannot be read.
pub async fn naming(at: At<'_>, tier: &Offer) -> Result<Vec<String>, Refused> {
    let name = ids::format(Tag::Tier, tier.id.0);
    let stacks = of(at, tier.campaign).await?;
    let naming = stacks
        .iter()
        .filter(|one| one.thing().ids().contains(&name));
    Ok(naming
        .map(|one| ids::format(Tag::PromotionStack, one.id))
        .collect())
}

/// What removes the stacks of a campaign.
///
/// # Errors
/// When the store cannot be read.
pub async fn removals(at: At<'_>, campaign: CampaignId) -> Result<Vec<Write>, Refused> {
    let stacks = of(at, campaign).await?;
    Ok(stacks.iter().flat_map(Kept::removal).collect())
}
