//! Tiers of a programme: ranges of points with earnings and prices of their own.

use wire::{
    Malformed,
    ids::Tag,
    voucherify::{Event, Key, LoyaltyTier, LoyaltyTierView, Metadata, Sent},
};

use super::*;
use crate::{
    api::{
        dialect::refuse,
        resources::{self, Asking, Call, Kept, Resource, all_sent, load, take_effect},
    },
    app::renumbered,
    loyalty,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get))
}

impl Resource for LoyaltyTier {
    type View = LoyaltyTierView;
    const KIND: Kind = Kind::LoyaltyTier;
    const TAG: Tag = Tag::LoyaltyTier;
    const NAME: &'static str = "loyalty_tier";
    /// Of one programme.
    const MOST: u64 = loyalty::MAX_RULES;
    const WITHIN: Option<Index> = Some(Index::LoyaltyTiersOfCampaign);
    const OURS: &'static [&'static str] = &["campaign"];

    fn metadata(&self) -> Option<(&'static str, &Metadata)> {
        Some(("loyalty_tier", &self.metadata))
    }

    fn check(&self) -> Result<(), Malformed> {
        LoyaltyTier::check(self)
    }

    fn belongs_to(&self) -> Vec<(Index, u64)> {
        vec![(Index::LoyaltyTiersOfCampaign, self.campaign)]
    }

    /// A tier stays as it was made.
    fn event(before: Option<&Self>, after: Option<&Self>) -> Option<Event> {
        Some(match (before, after) {
            (None, _) => Event::LoyaltyTierCreated,
            (Some(_), Some(_)) => Event::LoyaltyTierUpdated,
            (Some(_), None) => Event::LoyaltyTierDeleted,
        })
    }

    fn bare(kept: &Kept<Self>) -> LoyaltyTierView {
        kept.thing().view(kept.id, kept.times())
    }
}

async fn all_of(at: At<'_>, programme: CampaignId) -> Result<Vec<Kept<LoyaltyTier>>, Refused> {
    let of = key(programme.0);
    let under = (Index::LoyaltyTiersOfCampaign, of.as_slice());
    resources::under(at, under, u32::MAX).await
}

/// The tiers of a programme, newest first.
#[utoipa::path(get, path = "/v1/loyalties/{id}/tiers",
    responses((status = 200, body = List<LoyaltyTierView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(programme): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let asking = Asking::of(&asked, LoyaltyTier::PAGE)?;
    let programme = number_of(at, &programme).await?;
    let (page, total) = asking.cut(all_of(at, programme).await?);
    let rows = page.iter().map(LoyaltyTier::bare).collect();
    Answer::ok(&List::page("data", rows, total))
}

/// Make tiers, all of them or none. Their ranges do not overlap.
#[utoipa::path(post, path = "/v1/loyalties/{id}/tiers", request_body = Vec<LoyaltyTier>,
    responses((status = 200, body = Vec<LoyaltyTierView>)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(programme): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let call = format!("POST /v1/loyalties/{programme}/tiers");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let sent = all_sent(&body, loyalty::MAX_RULES as usize)?;
    let made = retry(|| created(at, &programme, (&sent, once))).await;
    let answer = resources::told(at, once, made).await?;
    take_effect(at).await;
    Ok(answer)
}

async fn created(
    at: At<'_>,
    programme: &str,
    (sent, once): (&[Sent], Option<once::Key>),
) -> Result<Option<Answer>, Refused> {
    let programme = number_of(at, programme).await?;
    let start = LoyaltyTier {
        campaign: programme.0,
        ..LoyaltyTier::default()
    };
    let tiers = resources::all_of(&start, sent)?;
    let mut all: Vec<LoyaltyTier> = Vec::new();
    for known in all_of(at, programme).await? {
        all.push(known.thing().clone());
    }
    for (place, tier) in tiers.iter().enumerate() {
        if all.iter().any(|other| other.overlaps(tier)) {
            let details = format!("/{place}/points: another tier has some of them");
            return Err(refuse(Key::InvalidPayload, details));
        }
        all.push(tier.clone());
    }
    let nothing = Sent::new();
    let mut call = Call::new(&nothing, once);
    call.writes.push(renumbered());
    resources::all_made(at, tiers, call).await
}

/// One tier.
#[utoipa::path(get, path = "/v1/loyalties/{id}/tiers/{tier}",
    responses((status = 200, body = LoyaltyTierView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path((programme, name)): Path<(String, String)>,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let programme = number_of(at, &programme).await?;
    let tier: Kept<LoyaltyTier> = load(at, &name).await?;
    match tier.thing().campaign == programme.0 {
        true => Answer::ok(&LoyaltyTier::bare(&tier)),
        false => Err(not_found(LoyaltyTier::NAME, &name)),
    }
}
