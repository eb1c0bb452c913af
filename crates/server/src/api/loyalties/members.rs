//! Members: who has which card.

use profiles::CustomerId;
use store::{Command, Expect, Outcome};
use wire::voucherify::{
    CampaignVouchersCreate, CardMember, CustomerInput, Key, LoyaltyTierView, VoucherConfig,
    VoucherView,
};

use super::*;
use crate::{
    api::{
        customers,
        dialect::{malformed, refuse},
        resources::{Kept, Resource},
        vouchers::{self, Made, New},
    },
    catalogue::offers_of,
    loyalty,
    people::People,
    vouchers::{Issued, issue, removal},
    webhooks,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(enrol, list))
        .routes(routes!(get_in))
        .routes(routes!(get))
        .routes(routes!(tiers_of))
}

/// The card of a member, by its code or id, and the version of its record.
///
/// # Errors
/// When there is no such card, or it is of another programme.
pub async fn find(
    at: At<'_>,
    (campaign, member): (Option<&str>, &str),
) -> Result<(Stored<Issued>, u64), Refused> {
    let of = match campaign {
        Some(name) => Some(number_of(at, name).await?),
        None => None,
    };
    let (issued, version) = vouchers::find(at.app, at.project, member).await?;
    let is_meant = of.is_none_or(|of| of == issued.thing.campaign);
    match issued.thing.card().filter(|_| is_meant) {
        Some(_) => Ok((issued, version)),
        None => Err(not_found("voucher", member)),
    }
}

/// The cards of a programme, newest first.
#[utoipa::path(get, path = "/v1/loyalties/{id}/members",
    responses((status = 200, body = List<VoucherView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let paging = asked.paging()?;
    let campaign = number_of(at, &name).await?;
    let compiled = app.compiled(caller.project).await?;
    let page = (campaign, paging);
    let (records, total) = vouchers::page_of_campaign(&app, caller.project, page).await?;
    let mut rows = Vec::new();
    for record in records {
        let issued = crate::vouchers::read(&record.body)?;
        let of = (caller.project, compiled.as_ref());
        rows.push(vouchers::view(&app, of, (&issued, caller.now)).await?);
    }
    Answer::ok(&List::page("vouchers", rows, total))
}

/// One member of a programme.
#[utoipa::path(get, path = "/v1/loyalties/{id}/members/{member}",
    responses((status = 200, body = VoucherView)))]
async fn get_in(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path((campaign, member)): Path<(String, String)>,
) -> Result<Answer, Refused> {
    shown(At::of(&app, &caller), (Some(&campaign), &member)).await
}

/// One member, by the code of the card.
#[utoipa::path(get, path = "/v1/loyalties/members/{member}",
    responses((status = 200, body = VoucherView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(member): Path<String>,
) -> Result<Answer, Refused> {
    shown(At::of(&app, &caller), (None, &member)).await
}

async fn shown(at: At<'_>, which: (Option<&str>, &str)) -> Result<Answer, Refused> {
    let (issued, _) = find(at, which).await?;
    let compiled = at.app.compiled(at.project).await?;
    let of = (at.project, compiled.as_ref());
    Answer::ok(&vouchers::view(at.app, of, (&issued, at.now)).await?)
}

/// The tiers that a member's points lie in: one at most.
#[utoipa::path(get, path = "/v1/loyalties/members/{member}/tiers",
    responses((status = 200, body = List<LoyaltyTierView>)))]
async fn tiers_of(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(member): Path<String>,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let (issued, _) = find(at, (None, &member)).await?;
    let compiled = app.compiled(caller.project).await?;
    let mut rows = Vec::new();
    if let (Some(card), Some(programme)) = (
        issued.thing.card(),
        compiled.loyalty.programme(issued.thing.campaign),
    ) {
        let mut view = app.store().view(caller.project)?;
        let today = compiled.day(caller.now);
        let counts = loyalty::counts(&mut view, (caller.project, card, today)).await?;
        let tier = offers::tier_of(&programme.tiers, counts.balance);
        let record = match tier {
            Some(tier) => view.get(Kind::LoyaltyTier, tier.id).await?,
            None => None,
        };
        if let Some(record) = record {
            rows.push(wire::voucherify::LoyaltyTier::bare(&Kept::of(&record)?));
        }
    }
    Answer::ok(&List::whole(rows))
}

/// Give a customer a card: one that nobody has, or a new one.
///
/// Where the programme lets a customer join once, the card they have is answered.
#[utoipa::path(post, path = "/v1/loyalties/{id}/members", request_body = CardMember,
    responses((status = 200, body = VoucherView)))]
async fn enrol(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = format!("POST /v1/loyalties/{name}/members");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let member: CardMember = parse(&body)?;
    let required = || malformed(&wire::Malformed::at("/customer", "is required"));
    let customer = member.customer.as_ref().ok_or_else(required)?;
    let at = At::of(&app, &caller);
    retry(|| enrolled(at, (&name, once), (&member, customer))).await
}

async fn enrolled(
    at: At<'_>,
    (name, once): (&str, Option<once::Key>),
    (member, customer): (&CardMember, &CustomerInput),
) -> Result<Option<Answer>, Refused> {
    let compiled = at.app.compiled(at.project).await?;
    let campaign = super::find(at.app, (at.project, &compiled), name).await?;
    let input = campaigns::input_of(&campaign)?;
    if !campaigns::is_running(&campaign.thing, at.now) {
        return Err(refuse(
            Key::CampaignNotActive,
            format!("{name} is disabled or over"),
        ));
    }
    let mut people = People::open(at.app, at.project)?;
    let holder = customers::taken_down(&mut people, (customer, at.now), &compiled.schemas).await?;
    if input.join_once == Some(true)
        && let Some(known) = card_of(&mut people, (holder, campaign.thing.id)).await?
    {
        drop(people);
        let of = (at.project, compiled.as_ref());
        let view = vouchers::view(at.app, of, (&known, at.now)).await?;
        return Answer::ok(&view).map(Some);
    }
    let (expects, changed) = webhooks::finished(people, (at, compiled.as_ref()))?;
    let mut command = Command {
        now: at.now,
        expects,
        ..crate::setup::writes(at.project, changed)
    };
    let stored = match &member.voucher {
        Some(code) => given(at, (campaign.thing.id, code), (holder, &mut command)).await?,
        None => {
            let config = input.voucher.unwrap_or_default();
            let made = drawn(at, (&compiled, &campaign.thing, &config), member)?;
            let made = made.held_by(holder.0, &compiled)?;
            command.writes.extend(made.writes);
            command.openings = made.booking.openings;
            command.chain = made.booking.chain;
            made.stored
        }
    };
    let (campaign, offer) = vouchers::standing(&compiled, &stored)?;
    let view = match &member.voucher {
        None => vouchers::new_view(&stored, (&campaign, &offer)),
        Some(_) => {
            let of = (at.project, compiled.as_ref());
            vouchers::view(at.app, of, (&stored, at.now)).await?
        }
    };
    let answer = Answer::ok(&view)?;
    command.once = once.map(|key| key.once(&answer));
    match answer.after(at.app.submit(command).await?)? {
        Ok(answer) => Ok(Some(answer)),
        Err(Outcome::Stale { .. }) => Ok(None),
        Err(other) => Err(Refused::Fault(format!("a card was not given: {other:?}"))),
    }
}

/// A new card of the programme.
fn drawn(
    at: At<'_>,
    (compiled, campaign, config): (&Compiled, &Campaign, &VoucherConfig),
    member: &CardMember,
) -> Result<Made, Refused> {
    let offer = offers_of(compiled, campaign.id).next();
    let offer = offer.ok_or_else(|| refuse(Key::InvalidVoucher, "it has no cards"))?;
    let new = New {
        campaign,
        offer: offer.thing.id,
        now: at.now,
        refers: false,
    };
    let sent = CampaignVouchersCreate {
        metadata: member.metadata.clone(),
        ..CampaignVouchersCreate::default()
    };
    vouchers::of_campaign(at.app, &new, (config, &sent))
}

/// The card that a customer has of a programme.
async fn card_of(
    people: &mut People<'_>,
    (holder, campaign): (CustomerId, CampaignId),
) -> Result<Option<Stored<Issued>>, Refused> {
    let Some(person) = people.person(holder).cloned() else {
        return Ok(None);
    };
    let cards = loyalty::cards_of(people.view(), &person).await?;
    let mut mine = cards.into_iter().map(|(card, _)| card);
    Ok(mine.find(|card| card.thing.campaign == campaign))
}

/// A card that was made before, for somebody.
async fn given(
    at: At<'_>,
    (campaign, code): (CampaignId, &str),
    (holder, command): (CustomerId, &mut Command),
) -> Result<Stored<Issued>, Refused> {
    let (mut issued, version) = vouchers::find(at.app, at.project, code).await?;
    if issued.thing.card().is_none() || issued.thing.campaign != campaign {
        return Err(not_found("voucher", code));
    }
    if issued.thing.voucher.holder.is_some() {
        return Err(refuse(Key::VoucherAlreadyPublished, code));
    }
    command.expects.push(Expect {
        kind: Kind::Voucher,
        id: issued.thing.voucher.id.0,
        version,
    });
    let links = |write: &Write| matches!(write, Write::Unlink { .. });
    command
        .writes
        .extend(removal(&issued.thing).into_iter().filter(links));
    issued.thing.voucher.holder = Some(holder.0);
    let compiled = at.app.compiled(at.project).await?;
    issued.thing.keep_edition(&compiled);
    issued.updated_at = Some(at.now);
    command.writes.extend(issue(&issued)?);
    Ok(issued)
}
