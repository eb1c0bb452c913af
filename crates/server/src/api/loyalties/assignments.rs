//! Which rewards does a programme offer, and at which price?

use serde_json::json;
use wire::{
    Malformed,
    ids::Tag,
    voucherify::{Event, Reward, RewardAssignment, RewardAssignmentView, Sent},
};

use super::*;
use crate::{
    api::{
        dialect::malformed,
        qualifications::is_of_customer,
        resources::{self, Asking, Call, Kept, Resource, all_sent, load, sent},
        validation_rules::{Object, ruled},
    },
    auth::CampaignsRead,
    checkout::{self, For, Till},
    loyalty::{self, Offered},
    vouchers::Issued,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(update, get_older, delete))
        .routes(routes!(list_newer))
        .routes(routes!(get))
        .routes(routes!(reward_behind))
        .routes(routes!(of_member))
}

impl Resource for RewardAssignment {
    type View = RewardAssignmentView;
    const KIND: Kind = Kind::RewardAssignment;
    const TAG: Tag = Tag::RewardAssignment;
    const NAME: &'static str = "reward_assignment";
    /// Of one programme.
    const MOST: u64 = 100;
    const WITHIN: Option<Index> = Some(Index::RewardsOfCampaign);
    const OURS: &'static [&'static str] = &["rewarding", "programme"];

    fn check(&self) -> Result<(), Malformed> {
        RewardAssignment::check(self)
    }

    fn belongs_to(&self) -> Vec<(Index, u64)> {
        vec![
            (Index::RewardsOfCampaign, self.programme),
            (Index::AssignmentsOfReward, self.rewarding),
        ]
    }

    const RULED: Option<fn(u64) -> Object> = Some(Object::RewardAssignment);

    fn rule(&self) -> Option<u64> {
        RewardAssignment::rule(self)
    }

    fn event(before: Option<&Self>, after: Option<&Self>) -> Option<Event> {
        Some(match (before, after) {
            (None, _) => Event::RewardAssigned,
            (Some(_), Some(_)) => Event::RewardAssignmentUpdated,
            (Some(_), None) => Event::RewardUnassigned,
        })
    }

    fn bare(kept: &Kept<Self>) -> RewardAssignmentView {
        let under = ruled::shown_beside(kept);
        kept.thing().view(kept.id, kept.times(), under)
    }
}

/// An assignment out of what was sent, for this reward in this programme. The reward is written as
/// it is: whoever changes or removes it at this moment begins anew.
///
/// # Errors
/// When it does not fit the reward.
pub async fn fitting(
    at: At<'_>,
    (reward, programme): (&str, &str),
    call: &mut Call<'_>,
) -> Result<(RewardAssignment, wire::voucherify::RewardType), Refused> {
    let programme = number_of(at, programme).await?;
    let reward: Kept<Reward> = load(at, reward).await?;
    if !call.expects.contains(&reward.expect()) {
        call.expects.push(reward.expect());
        call.writes.push(reward.put()?);
    }
    let start = RewardAssignment {
        rewarding: reward.id,
        programme: programme.0,
        ..RewardAssignment::default()
    };
    Ok((start, reward.thing().kind()))
}

async fn of_programme(
    at: At<'_>,
    (programme, name): (&str, &str),
) -> Result<Kept<RewardAssignment>, Refused> {
    let programme = number_of(at, programme).await?;
    let kept: Kept<RewardAssignment> = load(at, name).await?;
    match kept.thing().programme == programme.0 {
        true => Ok(kept),
        false => Err(not_found(RewardAssignment::NAME, name)),
    }
}

async fn listed(at: At<'_>, programme: &str, asked: &Asked) -> Result<Answer, Refused> {
    let asking = Asking::of(asked, RewardAssignment::PAGE)?;
    let of = key(number_of(at, programme).await?.0);
    let under = (Index::RewardsOfCampaign, of.as_slice());
    let all: Vec<Kept<RewardAssignment>> = resources::under(at, under, u32::MAX).await?;
    let (page, total) = asking.cut(all);
    let rows = page.iter().map(RewardAssignment::bare).collect();
    Answer::ok(&List::page("data", rows, total))
}

/// The rewards that a programme offers, newest first.
#[utoipa::path(get, path = "/v1/loyalties/{id}/rewards",
    responses((status = 200, body = List<RewardAssignmentView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(programme): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    listed(At::of(&app, &caller), &programme, &asked).await
}

/// The rewards that a programme offers, newest first.
#[utoipa::path(get, path = "/v1/loyalties/{id}/reward-assignments",
    responses((status = 200, body = List<RewardAssignmentView>)))]
async fn list_newer(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(programme): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    listed(At::of(&app, &caller), &programme, &asked).await
}

/// Offer rewards in a programme, all of them or none. At most 100.
#[utoipa::path(post, path = "/v1/loyalties/{id}/rewards", request_body = Vec<RewardAssignment>,
    responses((status = 200, body = Vec<RewardAssignmentView>)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(programme): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let call = format!("POST /v1/loyalties/{programme}/rewards");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let sent = all_sent(&body, RewardAssignment::MOST as usize)?;
    let made = retry(|| created(at, &programme, (&sent, once))).await;
    resources::told(at, once, made).await
}

async fn created(
    at: At<'_>,
    programme: &str,
    (sent, once): (&[Sent], Option<once::Key>),
) -> Result<Option<Answer>, Refused> {
    let nothing = Sent::new();
    let mut call = Call::new(&nothing, once);
    let mut all = Vec::new();
    for (place, sent) in sent.iter().enumerate() {
        let within = |wrong: Malformed| malformed(&wrong.under(&place.to_string()));
        let reward = sent.get("reward").and_then(serde_json::Value::as_str);
        let missing = || within(Malformed::at("/reward", "is required"));
        let reward = reward.ok_or_else(missing)?;
        let (start, kind) = fitting(at, (reward, programme), &mut call).await?;
        let mut sent = sent.clone();
        sent.retain(|name, _| name != "reward" && name != "campaign");
        for one in resources::all_of(&start, std::slice::from_ref(&sent))? {
            one.fits(kind).map_err(within)?;
            ruled::check(at, one.names_rule()).await?;
            all.push(one);
        }
    }
    resources::all_made(at, all, call).await
}

/// Where a reward is offered in a programme.
#[utoipa::path(get, path = "/v1/loyalties/{id}/reward-assignments/{assignment}",
    responses((status = 200, body = RewardAssignmentView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path((programme, name)): Path<(String, String)>,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let kept = of_programme(at, (&programme, &name)).await?;
    Answer::ok(&RewardAssignment::bare(&kept))
}

/// Where a reward is offered in a programme.
#[utoipa::path(get, path = "/v1/loyalties/{id}/rewards/{assignment}",
    responses((status = 200, body = RewardAssignmentView)))]
async fn get_older(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path((programme, name)): Path<(String, String)>,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let kept = of_programme(at, (&programme, &name)).await?;
    Answer::ok(&RewardAssignment::bare(&kept))
}

/// The reward that is offered there.
#[utoipa::path(get, path = "/v1/loyalties/{id}/reward-assignments/{assignment}/reward",
    responses((status = 200, body = wire::voucherify::RewardView)))]
async fn reward_behind(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path((programme, name)): Path<(String, String)>,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let kept = of_programme(at, (&programme, &name)).await?;
    let reward = wire::ids::format(Tag::Reward, kept.thing().rewarding);
    resources::get::<Reward>(at, &reward).await
}

/// Change what a reward costs in a programme.
#[utoipa::path(put, path = "/v1/loyalties/{id}/rewards/{assignment}",
    request_body = RewardAssignment, responses((status = 200, body = RewardAssignmentView)))]
async fn update(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((programme, name)): Path<(String, String)>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let sent = sent(&body)?;
    retry(async || {
        let kept = of_programme(at, (&programme, &name)).await?;
        changed(at, kept, &sent).await
    })
    .await
}

/// One attempt to change what a reward costs; `None` where somebody else was faster.
///
/// # Errors
/// When it does not fit the reward.
pub async fn changed(
    at: At<'_>,
    kept: Kept<RewardAssignment>,
    sent: &Sent,
) -> Result<Option<Answer>, Refused> {
    let mut sent = sent.clone();
    sent.retain(|name, _| name != "reward" && name != "campaign");
    let reward = wire::ids::format(Tag::Reward, kept.thing().rewarding);
    let reward: Kept<Reward> = load(at, &reward).await?;
    let after = resources::merged(kept.thing(), &sent)?;
    let fits = after.fits(reward.thing().kind());
    fits.map_err(|wrong| malformed(&wrong))?;
    ruled::check(at, after.names_rule()).await?;
    resources::changed(at, kept, Call::new(&sent, None)).await
}

/// Puts an offered reward under a validation rule, or takes it off.
///
/// # Errors
/// When the rule cannot be asked for it.
pub async fn put_under(at: At<'_>, (id, rule): (u64, Option<&str>)) -> Result<(), Refused> {
    let name = wire::ids::format(Tag::RewardAssignment, id);
    let rules: Vec<&str> = rule.into_iter().collect();
    let sent = Sent::from_iter([("validation_rules".to_owned(), rules.into())]);
    retry(async || changed(at, load(at, &name).await?, &sent).await).await?;
    Ok(())
}

/// Offer a reward no more in a programme.
#[utoipa::path(delete, path = "/v1/loyalties/{id}/rewards/{assignment}",
    responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((programme, name)): Path<(String, String)>,
) -> Result<StatusCode, Refused> {
    let at = At::of(&app, &caller);
    retry(async || {
        let kept = of_programme(at, (&programme, &name)).await?;
        resources::removed(at, &kept, Vec::new()).await
    })
    .await
}

/// The rewards that a member's card can buy, as far as they ask for what is known of its holder;
/// what a rule asks of an order is asked when one is bought. With `affordable_only=true` those
/// alone for which its points suffice.
#[utoipa::path(get, path = "/v1/loyalties/members/{member}/rewards",
    responses((status = 200, description = "Each row is a reward and its assignment.",
        body = List<RewardAssignmentView>)))]
async fn of_member(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(member): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let paging = asked.paging()?;
    let (issued, _) = super::members::find(at, (None, &member)).await?;
    let compiled = app.compiled(caller.project).await?;
    let Some(card) = issued.thing.card() else {
        return Err(not_found("voucher", &member));
    };
    let mut view = app.store().view(caller.project)?;
    let today = compiled.day(caller.now);
    let counts = loyalty::counts(&mut view, (caller.project, card, today)).await?;
    let offered = loyalty::of_programme(&mut view, card.programme).await?;
    drop(view);
    let offered = open_to(&app, &caller, (&issued.thing, offered)).await?;
    let affordable_only = asked.get("affordable_only") == Some("true");
    let mut rows = Vec::new();
    for one in offered {
        let price = super::redeeming::price(&compiled, (card.programme, counts.balance), &one);
        if affordable_only && price.is_some_and(|price| price > counts.balance) {
            continue;
        }
        let times = (one.reward.stored.created_at, one.reward.stored.updated_at);
        let redeemed = crate::api::rewards::redeemed(at, one.reward.id).await?;
        let reward = one.reward.stored.thing.view(one.reward.id, times, redeemed);
        let kept = Kept {
            id: one.id,
            version: 0,
            stored: one.stored,
        };
        let assignment = RewardAssignment::bare(&kept);
        rows.push(json!({
            "reward": reward, "assignment": assignment, "object": "loyalty_reward"
        }));
    }
    let total = rows.len() as u64;
    Answer::ok(&List::page("data", paging.cut(rows), total))
}

/// Those of the rewards whose rules are met, as far as they ask about the holder of the card.
async fn open_to(
    app: &App,
    caller: &Caller<CampaignsRead>,
    (issued, offered): (&Issued, Vec<Offered>),
) -> Result<Vec<Offered>, Refused> {
    let holder = redeeming::holder_of(issued);
    let call = checkout::Call {
        project: caller.project,
        key: caller.key,
        now: caller.now,
        customer: holder.as_ref(),
        order: None,
        metadata: None,
        session: None,
        purpose: For::Looking,
    };
    let mut till = Till::open(app, &call).await?;
    let mut open = Vec::new();
    for one in offered {
        let asked = one.asks().before.assuming(&is_of_customer);
        till.tell_segments_to(&asked).await?;
        if asked.evaluate(&till.facts).is_met() {
            open.push(one);
        }
    }
    Ok(open)
}
