//! Rewards: what points buy, and where it is offered.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use offers::{
    Happening, book,
    chart::{self, Counter},
};
use store::{Index, Kind};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    Malformed,
    ids::{self, Tag},
    voucherify::{
        CampaignType, Key, List, Metadata, Reward, RewardAssignment, RewardAssignmentView,
        RewardView, Sent,
    },
};

use super::{
    campaigns,
    dialect::{Asked, malformed, not_found, refuse, retry},
    loyalties::assignments,
    resources::{self, Asking, At, Call, Kept, Resource, load, sent},
    validation_rules::ruled,
};
use crate::{
    app::App,
    auth::{Caller, CampaignsRead, CampaignsWrite},
    once::{self, Answer},
    problem::Refused,
    vouchers::key,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, update, delete))
        .routes(routes!(assign, assignments_of))
        .routes(routes!(assignment, reprice, withdraw))
}

impl Resource for Reward {
    type View = RewardView;
    const KIND: Kind = Kind::Reward;
    const TAG: Tag = Tag::Reward;
    const NAME: &'static str = "reward";
    const MOST: u64 = 1_000;

    fn metadata(&self) -> Option<(&'static str, &Metadata)> {
        Some(("reward", &self.metadata))
    }

    fn check(&self) -> Result<(), Malformed> {
        Reward::check(self)
    }

    fn bare(kept: &Kept<Self>) -> RewardView {
        kept.thing().view(kept.id, kept.times(), 0)
    }

    async fn shown(at: At<'_>, rows: &[Kept<Self>]) -> Result<Vec<RewardView>, Refused> {
        let mut shown = Vec::new();
        for row in rows {
            let redeemed = redeemed(at, row.id).await?;
            shown.push(row.thing().view(row.id, row.times(), redeemed));
        }
        Ok(shown)
    }
}

/// How many of a reward were bought and kept.
///
/// # Errors
/// When the store cannot be read.
pub async fn redeemed(at: At<'_>, reward: u64) -> Result<u64, Refused> {
    let (_, used) = chart::unstocked(reward);
    let found = at.app.store().account(at.project, used.id).await?;
    Ok(found.map_or(0, |one| {
        one.credits.posted.saturating_sub(one.debits.posted)
    }))
}

/// What is left of a reward of which there are so many in all. Those that were bought while there
/// was no end of it count.
///
/// # Errors
/// When the store cannot be read.
pub async fn stock(at: At<'_>, (reward, all): (u64, u64)) -> Result<Counter, Refused> {
    let counter = chart::stock(reward, all);
    let found = at.app.store().account(at.project, counter.account.id);
    match found.await? {
        Some(_) => Ok(counter),
        None => {
            let left = all.saturating_sub(redeemed(at, reward).await?);
            Ok(chart::stock(reward, left))
        }
    }
}

/// The campaign that a reward gives codes of must be there, and its type is told.
async fn named(at: At<'_>, sent: &Sent) -> Result<Sent, Refused> {
    let mut sent = sent.clone();
    let place = "/parameters/campaign/id";
    let campaign = sent
        .get_mut("parameters")
        .and_then(|parameters| parameters.get_mut("campaign"))
        .and_then(serde_json::Value::as_object_mut);
    let Some(campaign) = campaign else {
        return Ok(sent);
    };
    let Some(name) = campaign.get("id").and_then(serde_json::Value::as_str) else {
        return Ok(sent);
    };
    let compiled = at.app.compiled(at.project).await?;
    let found = campaigns::find(at.app, (at.project, &compiled), name).await?;
    let kind = campaigns::kind_of(&found)?;
    use CampaignType as C;
    if matches!(kind, C::Promotion | C::LoyaltyProgram | C::ReferralProgram) {
        let detail = "is of a campaign without codes to give: vouchers or gift cards";
        return Err(malformed(&Malformed::at(place, detail)));
    }
    let told = serde_json::to_value(kind).map_err(|error| Refused::Fault(error.to_string()))?;
    campaign.insert("type".into(), told);
    campaign.insert(
        "id".into(),
        ids::format(Tag::Campaign, found.thing.id.0).into(),
    );
    Ok(sent)
}

/// Make a reward. At most 1,000.
#[utoipa::path(post, path = "/v1/rewards", request_body = Reward,
    responses((status = 200, body = RewardView)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let once = once::Key::of(&headers, caller.project, ("POST /v1/rewards", &body))?;
    let named = async { named(at, &sent(&body)?).await };
    match named.await {
        Ok(sent) => resources::create::<Reward>(at, (&sent, once)).await,
        Err(refused) => once::refused(At::of(&app, &caller), (once, refused)).await,
    }
}

/// All rewards, newest first; with `assignment_id`, the one that is offered there.
#[utoipa::path(get, path = "/v1/rewards", responses((status = 200, body = List<RewardView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let Some(name) = asked.get("assignment_id") else {
        return resources::list::<Reward>(at, &asked).await;
    };
    let kept: Kept<RewardAssignment> = load(at, name).await?;
    let reward: Kept<Reward> = load(at, &reward_of(&kept)).await?;
    let rows = Reward::shown(at, &[reward]).await?;
    Answer::ok(&List::page("data", rows, 1))
}

fn reward_of(kept: &Kept<RewardAssignment>) -> String {
    ids::format(Tag::Reward, kept.thing().rewarding)
}

/// One reward.
#[utoipa::path(get, path = "/v1/rewards/{id}", responses((status = 200, body = RewardView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    resources::get::<Reward>(At::of(&app, &caller), &name).await
}

/// Change a reward. What is absent stays, and `null` clears; its type stays.
#[utoipa::path(put, path = "/v1/rewards/{id}", request_body = Reward,
    responses((status = 200, body = RewardView)))]
async fn update(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let sent = named(at, &sent(&body)?).await?;
    retry(|| changed(at, &name, &sent)).await
}

async fn changed(at: At<'_>, name: &str, sent: &Sent) -> Result<Option<Answer>, Refused> {
    let before: Kept<Reward> = load(at, name).await?;
    let mut call = Call::new(sent, None);
    let after = resources::merged(before.thing(), sent)?;
    if after.kind() != before.thing().kind() {
        let detail = "a reward stays of its type";
        return Err(malformed(&Malformed::at("/type", detail)));
    }
    if let Some(stock) = after.stock {
        restock(at, (before.id, stock), &mut call).await?;
    }
    resources::changed(at, before, call).await
}

/// Moves what there are more or fewer of, where they are counted already.
async fn restock(
    at: At<'_>,
    (reward, stock): (u64, u64),
    call: &mut Call<'_>,
) -> Result<(), Refused> {
    let bought = redeemed(at, reward).await?;
    if stock < bought {
        let details = format!("/stock: {bought} were bought already");
        return Err(refuse(Key::InvalidPayload, details));
    }
    let counter = chart::stock(reward, stock);
    let found = at.app.store().account(at.project, counter.account.id);
    let Some(account) = found.await? else {
        return Ok(());
    };
    let left = account.available().unwrap_or(0);
    let happening = Happening::Funded {
        counter: &counter,
        before: left,
        after: stock - bought,
    };
    call.booking = book(&happening, at.app.next_id()?);
    Ok(())
}

/// Remove a reward, wherever it is offered.
#[utoipa::path(delete, path = "/v1/rewards/{id}", responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
) -> Result<StatusCode, Refused> {
    let at = At::of(&app, &caller);
    retry(async || {
        let reward: Kept<Reward> = load(at, &name).await?;
        let offered = all_of(at, reward.id).await?;
        let with = resources::removals(at, &offered).await?;
        resources::removed(at, &reward, with).await
    })
    .await
}

async fn all_of(at: At<'_>, reward: u64) -> Result<Vec<Kept<RewardAssignment>>, Refused> {
    let of = key(reward);
    let under = (Index::AssignmentsOfReward, of.as_slice());
    resources::under(at, under, u32::MAX).await
}

/// Where a reward is offered, newest first.
#[utoipa::path(get, path = "/v1/rewards/{id}/assignments",
    responses((status = 200, body = List<RewardAssignmentView>)))]
async fn assignments_of(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let asking = Asking::of(&asked, RewardAssignment::PAGE)?;
    let reward: Kept<Reward> = load(at, &name).await?;
    let (page, total) = asking.cut(all_of(at, reward.id).await?);
    let rows = page.iter().map(RewardAssignment::bare).collect();
    Answer::ok(&List::page("data", rows, total))
}

/// Offer a reward in a loyalty programme. A coin has no price here: it says itself what it costs.
#[utoipa::path(post, path = "/v1/rewards/{id}/assignments", request_body = RewardAssignment,
    responses((status = 200, body = RewardAssignmentView)))]
async fn assign(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let call = format!("POST /v1/rewards/{name}/assignments");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let sent = sent(&body)?;
    let made = retry(|| assigned(at, &name, (&sent, once))).await;
    resources::told(at, once, made).await
}

async fn assigned(
    at: At<'_>,
    name: &str,
    (sent, once): (&Sent, Option<once::Key>),
) -> Result<Option<Answer>, Refused> {
    let campaign = sent.get("campaign").and_then(serde_json::Value::as_str);
    let missing = || malformed(&Malformed::at("/campaign", "is required"));
    let mut kept = sent.clone();
    kept.retain(|name, _| name != "reward" && name != "campaign");
    let mut call = Call::new(&kept, once);
    let which = (name, campaign.ok_or_else(missing)?);
    let (start, kind) = assignments::fitting(at, which, &mut call).await?;
    let assignment = resources::merged(&start, &kept)?;
    let fits = assignment.fits(kind);
    fits.map_err(|wrong| malformed(&wrong))?;
    ruled::check(at, assignment.names_rule()).await?;
    resources::made(at, start, call).await
}

/// An assignment of this reward.
async fn of_reward(
    at: At<'_>,
    (reward, name): (&str, &str),
) -> Result<Kept<RewardAssignment>, Refused> {
    let reward: Kept<Reward> = load(at, reward).await?;
    let kept: Kept<RewardAssignment> = load(at, name).await?;
    match kept.thing().rewarding == reward.id {
        true => Ok(kept),
        false => Err(not_found(RewardAssignment::NAME, name)),
    }
}

/// Where a reward is offered.
#[utoipa::path(get, path = "/v1/rewards/{id}/assignments/{assignment}",
    responses((status = 200, body = RewardAssignmentView)))]
async fn assignment(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path((reward, name)): Path<(String, String)>,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let kept = of_reward(at, (&reward, &name)).await?;
    Answer::ok(&RewardAssignment::bare(&kept))
}

/// Change what a reward costs there.
#[utoipa::path(put, path = "/v1/rewards/{id}/assignments/{assignment}",
    request_body = RewardAssignment, responses((status = 200, body = RewardAssignmentView)))]
async fn reprice(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((reward, name)): Path<(String, String)>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let sent = sent(&body)?;
    retry(async || {
        let kept = of_reward(at, (&reward, &name)).await?;
        assignments::changed(at, kept, &sent).await
    })
    .await
}

/// Offer a reward no more there.
#[utoipa::path(delete, path = "/v1/rewards/{id}/assignments/{assignment}",
    responses((status = 204)))]
async fn withdraw(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((reward, name)): Path<(String, String)>,
) -> Result<StatusCode, Refused> {
    let at = At::of(&app, &caller);
    retry(async || {
        let kept = of_reward(at, (&reward, &name)).await?;
        resources::removed(at, &kept, Vec::new()).await
    })
    .await
}
