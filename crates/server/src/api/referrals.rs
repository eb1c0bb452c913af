//! Referrals: who was referred by which code.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use offers::Booking;
use store::{Command, Index, Kind, Outcome, Page};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{HolderRole, HolderView, HoldersCreate, Key, List, MAX_HOLDERS},
};

use super::{
    campaigns, customers,
    dialect::{Asked, Cursor, not_found, parse, refuse, retry},
    resources::At,
    vouchers,
};
use crate::{
    app::App,
    auth::{Caller, CampaignsRead, CampaignsWrite},
    compact::Compact,
    configuration::Stored,
    holding::{Holder, expect, under},
    once::{self, Answer},
    people::People,
    problem::Refused,
    referring::{By, Sign, of_customer, refer},
    versioned,
    vouchers::Issued,
    webhooks,
};

/// Holders of one code that are listed.
const MOST: Page = Page {
    after: 0,
    limit: 10_000,
    newest_first: true,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(add, list))
        .routes(routes!(remove))
        .routes(routes!(add_in_campaign, list_in_campaign))
        .routes(routes!(remove_in_campaign))
}

/// A code that refers others, where a call names it, and the campaign it must be of.
#[derive(Clone, Copy)]
struct Of<'a> {
    campaign: Option<&'a str>,
    member: &'a str,
}

/// Say that customers were referred by a code, at most 100; each is referred once in a campaign.
#[utoipa::path(post, path = "/v1/referrals/members/{member}/holders",
    request_body = HoldersCreate, responses((status = 200, body = List<HolderView>)))]
async fn add(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(member): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let of = Of {
        campaign: None,
        member: &member,
    };
    added(At::of(&app, &caller), of, (&headers, &body)).await
}

/// The same, of a code of this campaign.
#[utoipa::path(post, path = "/v1/referrals/{campaign}/members/{member}/holders",
    request_body = HoldersCreate, responses((status = 200, body = List<HolderView>)))]
async fn add_in_campaign(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((campaign, member)): Path<(String, String)>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let of = Of {
        campaign: Some(&campaign),
        member: &member,
    };
    added(At::of(&app, &caller), of, (&headers, &body)).await
}

/// Who holds a code: who refers, and who was referred. Newest first.
#[utoipa::path(get, path = "/v1/referrals/members/{member}/holders",
    responses((status = 200, body = List<HolderView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(member): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let of = Of {
        campaign: None,
        member: &member,
    };
    listed(At::of(&app, &caller), of, &asked).await
}

/// The same, of a code of this campaign.
#[utoipa::path(get, path = "/v1/referrals/{campaign}/members/{member}/holders",
    responses((status = 200, body = List<HolderView>)))]
async fn list_in_campaign(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path((campaign, member)): Path<(String, String)>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let of = Of {
        campaign: Some(&campaign),
        member: &member,
    };
    listed(At::of(&app, &caller), of, &asked).await
}

/// Say that a customer was not referred after all. What they were given for it stays theirs.
#[utoipa::path(delete, path = "/v1/referrals/members/{member}/holders/{holder}",
    responses((status = 204)))]
async fn remove(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((member, holder)): Path<(String, String)>,
) -> Result<StatusCode, Refused> {
    let of = Of {
        campaign: None,
        member: &member,
    };
    let at = At::of(&app, &caller);
    retry(|| removed(at, of, &holder)).await
}

/// The same, of a code of this campaign.
#[utoipa::path(delete, path = "/v1/referrals/{campaign}/members/{member}/holders/{holder}",
    responses((status = 204)))]
async fn remove_in_campaign(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((campaign, member, holder)): Path<(String, String, String)>,
) -> Result<StatusCode, Refused> {
    let of = Of {
        campaign: Some(&campaign),
        member: &member,
    };
    let at = At::of(&app, &caller);
    retry(|| removed(at, of, &holder)).await
}

impl Of<'_> {
    /// The code.
    async fn load(self, at: At<'_>) -> Result<Stored<Issued>, Refused> {
        let (issued, _) = vouchers::find(at.app, at.project, self.member).await?;
        if !issued.thing.refers {
            return Err(not_found("voucher", self.member));
        }
        if let Some(name) = self.campaign {
            let compiled = at.app.compiled(at.project).await?;
            let campaign = campaigns::find(at.app, (at.project, &compiled), name).await?;
            if campaign.thing.id != issued.thing.campaign {
                return Err(not_found("voucher", self.member));
            }
        }
        Ok(issued)
    }
}

async fn added(
    at: At<'_>,
    of: Of<'_>,
    (headers, body): (&HeaderMap, &[u8]),
) -> Result<Answer, Refused> {
    let call = format!("POST /v1/referrals/members/{}/holders", of.member);
    let once = once::Key::of(headers, at.project, (&call, body))?;
    let sent: HoldersCreate = parse(body)?;
    if !(1..=MAX_HOLDERS).contains(&sent.holders.len()) {
        let details = format!("/holders: from 1 to {MAX_HOLDERS}");
        return Err(refuse(Key::InvalidPayload, details));
    }
    match retry(|| attempt(at, of, (&sent, once))).await {
        Err(refusal @ Refused::Dialect(..)) => once::refused(at, (once, refusal)).await,
        other => other,
    }
}

async fn attempt(
    at: At<'_>,
    of: Of<'_>,
    (sent, once): (&HoldersCreate, Option<once::Key>),
) -> Result<Option<Answer>, Refused> {
    let issued = of.load(at).await?;
    if issued.thing.holder().is_none() {
        return Err(refuse(Key::NotPublished, of.member));
    }
    let compiled = at.app.compiled(at.project).await?;
    let campaign = compiled.campaigns.get(&issued.thing.campaign);
    let campaign = campaign.ok_or_else(|| not_found("voucher", of.member))?;
    let mut people = People::open(at.app, at.project)?;
    let (mut expects, mut writes) = (Vec::new(), Vec::new());
    let mut booking = Booking::default();
    let mut rows: Vec<Holder> = Vec::new();
    for (index, input) in sent.holders.iter().enumerate() {
        if input.key().is_none() {
            let details = format!("/holders/{index}: name the customer by id or source_id");
            return Err(refuse(Key::InvalidPayload, details));
        }
        let customer =
            customers::taken_down(&mut people, (input, at.now), &compiled.schemas).await?;
        let found = of_customer(&mut people, (Some(customer), &issued.thing)).await?;
        let is_twice = rows.iter().any(|row| row.customer == customer.0);
        if found.barred.is_some() || found.joined.is_some() || is_twice {
            let details = format!("/holders/{index}: takes part in the campaign already");
            return Err(refuse(Key::HolderDuplication, details));
        }
        let by = By {
            customer: customer.0,
            issued: &issued.thing,
            campaign,
            joined: None,
            metadata: Compact::of(&sent.metadata)?,
        };
        let one = refer(at, &mut people, (by, Sign::Joining)).await?;
        expects.extend(one.expects);
        writes.extend(one.writes);
        booking = booking.then(one.booking);
        rows.extend(one.holder);
    }
    let shown: Vec<HolderView> = rows.iter().map(Holder::view).collect::<Result<_, _>>()?;
    let total = shown.len() as u64;
    let answer = Answer::ok(&List::page("holders", shown, total))?;
    let (of_people, changed) = webhooks::finished(people, (at, &compiled))?;
    expects.extend(of_people);
    writes.extend(changed);
    let outcome = at.app.submit(Command {
        now: at.now,
        once: once.map(|key| key.once(&answer)),
        expects,
        openings: booking.openings,
        chain: booking.chain,
        ..crate::setup::writes(at.project, writes)
    });
    match answer.after(outcome.await?)? {
        Ok(answer) => Ok(Some(answer)),
        Err(Outcome::Stale { .. }) => Ok(None),
        Err(other) => Err(Refused::Fault(format!("nobody joined: {other:?}"))),
    }
}

async fn listed(at: At<'_>, of: Of<'_>, asked: &Asked) -> Result<Answer, Refused> {
    let cursor = Cursor::of(asked, Tag::Holder)?;
    let issued = of.load(at).await?;
    let mut view = at.app.store().view(at.project)?;
    let key = (Index::HoldersOfVoucher, issued.thing.voucher.id.0);
    let all = under(&mut view, key, MOST).await?;
    let total = all.len() as u64;
    let (rows, has_more) = cursor.cut(all.iter().collect(), |holder| holder.id);
    let next = rows.last().filter(|_| has_more);
    let next = next.map(|holder| ids::format(Tag::Holder, holder.id));
    let shown = rows.into_iter().map(Holder::view);
    Answer::ok(&List {
        has_more: Some(has_more),
        more_starting_after: Some(next),
        ..List::page("data", shown.collect::<Result<_, _>>()?, total)
    })
}

async fn removed(at: At<'_>, of: Of<'_>, name: &str) -> Result<Option<StatusCode>, Refused> {
    let issued = of.load(at).await?;
    let missing = || not_found("redeemable_holder", name);
    let id = ids::parse(Tag::Holder, name).map_err(|_| missing())?;
    let record = at.app.store().get(at.project, Kind::Holder, id).await?;
    let record = record.ok_or_else(missing)?;
    let holder: Holder = versioned::read(&record.body)?;
    if holder.voucher != issued.thing.voucher.id {
        return Err(missing());
    }
    if holder.role != HolderRole::Referee {
        let details = "who refers others cannot be removed from their own code";
        return Err(refuse(Key::Forbidden, details));
    }
    let mut command = crate::setup::writes(at.project, holder.removal());
    command.expects.push(expect(id, record.version));
    match at.app.submit(command).await? {
        Outcome::Applied => Ok(Some(StatusCode::NO_CONTENT)),
        Outcome::Stale { .. } => Ok(None),
        other => Err(Refused::Fault(format!("a holder stayed: {other:?}"))),
    }
}
