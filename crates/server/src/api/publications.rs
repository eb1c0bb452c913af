//! Publications: codes given to customers, and what became of that.

pub(super) mod listed;

use axum::{body::Bytes, extract::State, http::HeaderMap};
use ledger::Timestamp;
use offers::{Booking, Campaign, Validity};
use profiles::CustomerId;
use store::{Command, Expect, Index, Kind, Outcome, Page, Write};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{
        CampaignCreate, CampaignType, CodeCapacity, CustomerInput, CustomerView, Event, Key, List,
        MAX_PUBLISHED, Meant, PublicationCreate, PublicationResult, PublicationView, VoucherView,
    },
};

use super::{
    campaigns, customers,
    dialect::{Asked, not_found, parse, refuse, retry},
    resources::At,
    vouchers::{self, New},
};
use crate::{
    app::App,
    auth::{Caller, CampaignsRead, CampaignsWrite},
    catalogue::offers_of,
    compact::Compact,
    configuration::{Compiled, Stored},
    holding::numbers,
    once::{self, Answer},
    people::People,
    problem::Refused,
    publishing::{Publication, hand_over},
    versioned,
    vouchers::{Issued, key, read},
    webhooks,
};

/// Free codes of a campaign that are looked at for some that can be given.
const LOOKED_AT: u32 = 200;
/// Publications of one customer that are looked through.
const MOST: Page = Page {
    after: 0,
    limit: 1_000,
    newest_first: true,
};
/// What is kept of a refusal, as a publication that failed.
const KEPT: [Key; 3] = [
    Key::NoVoucherSuitable,
    Key::VoucherAlreadyPublished,
    Key::VoucherCannotBePublished,
];

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(publish, list))
}

/// Give a customer a code, or codes of a campaign, at most 50. The same `source_id` is answered
/// the same.
#[utoipa::path(post, path = "/v1/publications", request_body = PublicationCreate,
    responses((status = 200, body = PublicationView)))]
async fn publish(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    (headers, asked): (HeaderMap, Asked),
    body: Bytes,
) -> Result<Answer, Refused> {
    let once = once::Key::of(&headers, caller.project, ("POST /v1/publications", &body))?;
    let sent: PublicationCreate = parse(&body)?;
    let joins_once = asked.get("join_once").map(|text| text == "true");
    let at = At::of(&app, &caller);
    match retry(|| attempt(at, (&sent, Giver::Shop { joins_once }), once)).await {
        Err(Refused::Dialect(status, body)) => {
            let kept = failure(at, &sent, &body).await?;
            let refusal = Refused::Dialect(status, body);
            failed(at, kept, (once, refusal)).await
        }
        other => other,
    }
}

/// Gives a customer one code of a campaign because a page asks for it: never a code that the page
/// names, once only, and what they were given before is not told, for the page merely claims whose
/// it is.
///
/// # Errors
/// When nothing is given; nothing is kept of that.
pub(super) async fn to_page(
    at: At<'_>,
    sent: &PublicationCreate,
    once: Option<once::Key>,
) -> Result<Answer, Refused> {
    let named = sent.voucher.is_some();
    if named || sent.campaign.as_ref().map(Meant::count) != Some(1) {
        let details = "a page names a campaign, and is given one code of it";
        return Err(refuse(Key::InvalidPublishParams, details));
    }
    retry(|| attempt(at, (sent, Giver::Page), once)).await
}

/// Who gives the codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Giver {
    /// What it says of joining once goes before what the campaign says.
    Shop {
        joins_once: Option<bool>,
    },
    Page,
}

/// One publication on its way.
struct Publishing<'a> {
    at: At<'a>,
    compiled: &'a Compiled,
    sent: &'a PublicationCreate,
    giver: Giver,
    customer: CustomerId,
}

/// The codes that are given.
#[derive(Default)]
struct Chosen {
    /// Each with its version; 0 of one that was made for it.
    codes: Vec<(Stored<Issued>, u64)>,
    /// What the new ones begin with.
    booking: Booking,
    of: Option<(u64, String, CampaignCreate)>,
}

/// What becomes of a publication.
enum Answered {
    /// It was made before.
    Before(Box<Publication>),
    Chosen(Box<Chosen>),
}

async fn attempt(
    at: At<'_>,
    (sent, giver): (&PublicationCreate, Giver),
    once: Option<once::Key>,
) -> Result<Option<Answer>, Refused> {
    let compiled = at.app.compiled(at.project).await?;
    let mut people = People::open(at.app, at.project)?;
    let buyer = sent.customer.as_ref().filter(|one| one.key().is_some());
    let buyer = buyer.ok_or_else(|| {
        let details = "/customer: name the customer by id or source_id";
        refuse(Key::InvalidPublishParams, details)
    })?;
    let customer = customers::taken_down(&mut people, (buyer, at.now), &compiled.schemas).await?;
    let publishing = Publishing {
        at,
        compiled: &compiled,
        sent,
        giver,
        customer,
    };
    let shown = match giver {
        Giver::Shop { .. } => customers::shown(at, (&mut people, &compiled), customer).await?,
        Giver::Page => claimed(customer, buyer, at.now),
    };
    let chosen = match publishing.choose(&mut people).await? {
        Answered::Chosen(chosen) => *chosen,
        Answered::Before(_) if giver == Giver::Page => {
            let details = "the customer was given one before";
            return Err(refuse(Key::VoucherAlreadyPublished, details));
        }
        Answered::Before(before) => {
            drop(people);
            return listed::shown(at, &compiled, (&before, Some(shown)))
                .await
                .and_then(|view| Answer::ok(&view))
                .map(Some);
        }
    };
    publishing.commit(people, chosen, (shown, once)).await
}

/// A customer as a page claims them: nothing that it did not say itself, and so nothing that they
/// came to.
fn claimed(customer: CustomerId, said: &CustomerInput, now: Timestamp) -> CustomerView {
    CustomerView::of(ids::format(Tag::Customer, customer.0), said, now)
}

impl Publishing<'_> {
    async fn choose(&self, people: &mut People<'_>) -> Result<Answered, Refused> {
        if let Some(before) = self.before(people).await? {
            return Ok(Answered::Before(Box::new(before)));
        }
        let schemas = &self.compiled.schemas;
        schemas.check_new("publication", self.sent.metadata.as_ref())?;
        match (&self.sent.voucher, &self.sent.campaign) {
            (Some(voucher), None) => {
                let chosen = self.one(voucher).await?;
                Ok(Answered::Chosen(Box::new(chosen)))
            }
            (None, Some(campaign)) => self.some(people, campaign).await,
            _ => {
                let details = "name a voucher or a campaign: one of the two";
                Err(refuse(Key::InvalidPublishParams, details))
            }
        }
    }

    /// What was published under this name of the shop's.
    async fn before(&self, people: &mut People<'_>) -> Result<Option<Publication>, Refused> {
        let Some(source) = self.sent.source_id.as_deref().filter(|one| !one.is_empty()) else {
            return Ok(None);
        };
        let view = people.view();
        let found = view.find_one(Index::PublicationSource, source.as_bytes());
        let Some(id) = found.await? else {
            return Ok(None);
        };
        let record = view.get(Kind::Publication, id).await?;
        let lost = || Refused::Fault("a publication is lost".into());
        let before: Publication = versioned::read(&record.ok_or_else(lost)?.body)?;
        let person = people.person(self.customer);
        let is_theirs = before
            .customer
            .is_some_and(|of| person.is_some_and(|person| person.answers_to(of)));
        if is_theirs && self.is_meant(&before) {
            return Ok(Some(before));
        }
        let details = format!("{source} names a publication of something else");
        Err(refuse(Key::DuplicateSourceId, details))
    }

    /// Whether a publication gave what is asked for.
    fn is_meant(&self, before: &Publication) -> bool {
        let is = |name: &str, tag: Tag, id: u64, own: &str| {
            ids::parse(tag, name).map_or(name == own, |named| named == id)
        };
        let voucher = self.sent.voucher.as_ref().and_then(Meant::name);
        let campaign = self.sent.campaign.as_ref().and_then(Meant::name);
        match (voucher, campaign) {
            (Some(name), _) => before.vouchers.iter().any(|(id, code)| {
                is(name, Tag::Voucher, *id, code) || offers::codes::normalise(name) == *code
            }),
            (None, Some(name)) => {
                let of = before.campaign.as_ref();
                of.is_some_and(|(id, own)| is(name, Tag::Campaign, *id, own))
            }
            (None, None) => false,
        }
    }

    /// The code that is named.
    async fn one(&self, meant: &Meant) -> Result<Chosen, Refused> {
        let name = meant.name().unwrap_or_default();
        let (issued, version) = vouchers::find(self.at.app, self.at.project, name).await?;
        let (campaign, _) = vouchers::standing(self.compiled, &issued)?;
        if issued.thing.holder().is_some() {
            return Err(refuse(Key::VoucherAlreadyPublished, name));
        }
        if let Some(why) = self.unfit(&issued.thing, &campaign) {
            return Err(refuse(
                Key::VoucherCannotBePublished,
                format!("{name} {why}"),
            ));
        }
        let of = match issued.thing.own {
            Some(_) => None,
            None => {
                self.campaign(&ids::format(Tag::Campaign, campaign.id.0))
                    .await?
            }
        };
        Ok(Chosen {
            codes: vec![(issued, version)],
            booking: Booking::default(),
            of,
        })
    }

    async fn campaign(&self, name: &str) -> Result<Option<(u64, String, CampaignCreate)>, Refused> {
        let of = (self.at.project, self.compiled);
        let campaign = campaigns::find(self.at.app, of, name).await?;
        let input = campaigns::input_of(&campaign)?;
        let name = campaign.thing.name.to_string();
        Ok(Some((campaign.thing.id.0, name, input)))
    }

    /// Why a code cannot be given to anybody.
    fn unfit(&self, issued: &Issued, campaign: &Campaign) -> Option<&'static str> {
        let is_over = |validity: &Validity| validity.until.is_some_and(|at| at < self.at.now);
        if !(issued.voucher.active && campaign.active) {
            return Some("is disabled");
        }
        if is_over(&issued.voucher.validity) || is_over(&campaign.validity) {
            return Some("has expired");
        }
        None
    }

    /// Codes of the campaign that is named: free ones, and new ones where there are too few and
    /// the campaign makes more.
    async fn some(&self, people: &mut People<'_>, meant: &Meant) -> Result<Answered, Refused> {
        let count = meant.count();
        let key = match count {
            0 => Some(Key::InvalidPublishParams),
            1..=MAX_PUBLISHED => None,
            _ => Some(Key::TooManyVouchersRequested),
        };
        if let Some(key) = key {
            let details = format!("/campaign/count: from 1 to {MAX_PUBLISHED}");
            return Err(refuse(key, details));
        }
        let name = meant.name().unwrap_or_default();
        let of = (self.at.project, self.compiled);
        let campaign = campaigns::find(self.at.app, of, name).await?;
        let input = campaigns::input_of(&campaign)?;
        if input.campaign_type == Some(CampaignType::Promotion) {
            let details = format!("{name} has tiers, not codes");
            return Err(refuse(Key::VoucherCannotBePublished, details));
        }
        let joins_once = match self.giver {
            Giver::Shop { joins_once } => joins_once.or(input.join_once).unwrap_or(false),
            Giver::Page => true,
        };
        if joins_once && let Some(before) = self.joined(people, campaign.thing.id.0).await? {
            return Ok(Answered::Before(Box::new(before)));
        }
        if !campaigns::is_running(&campaign.thing, self.at.now) {
            let details = format!("{name} is disabled or over");
            return Err(refuse(Key::VoucherCannotBePublished, details));
        }
        let mut chosen = Chosen {
            codes: self.free(people, (&campaign.thing, count)).await?,
            booking: Booking::default(),
            of: None,
        };
        let missing = count.saturating_sub(chosen.codes.len() as u64);
        let grows = matches!(input.capacity, None | Some(CodeCapacity::AutoUpdate));
        if missing > 0 && !grows {
            return Err(refuse(Key::NoVoucherSuitable, name));
        }
        self.mint((&campaign, &input), missing, &mut chosen)?;
        let name = campaign.thing.name.to_string();
        chosen.of = Some((campaign.thing.id.0, name, input));
        Ok(Answered::Chosen(Box::new(chosen)))
    }

    /// What the customer was given of a campaign before.
    async fn joined(
        &self,
        people: &mut People<'_>,
        campaign: u64,
    ) -> Result<Option<Publication>, Refused> {
        let Some(person) = people.person(self.customer).cloned() else {
            return Ok(None);
        };
        for number in numbers(&person) {
            let view = people.view();
            let index = Index::PublicationsOfCustomer;
            let found = view.find(index, &key(number.0), MOST).await?;
            for record in view
                .get_many(Kind::Publication, &found)
                .await?
                .iter()
                .flatten()
            {
                let before: Publication = versioned::read(&record.body)?;
                let of = before.campaign.as_ref().map(|(id, _)| *id);
                if before.failure.is_none() && of == Some(campaign) {
                    return Ok(Some(before));
                }
            }
        }
        Ok(None)
    }

    /// Codes that nobody was given yet, at most so many. Where to begin is left to chance, so that
    /// two calls at one moment seldom want the same.
    async fn free(
        &self,
        people: &mut People<'_>,
        (campaign, count): (&Campaign, u64),
    ) -> Result<Vec<(Stored<Issued>, u64)>, Refused> {
        let page = Page {
            after: 0,
            limit: LOOKED_AT,
            newest_first: false,
        };
        let view = people.view();
        let index = Index::UnpublishedOfCampaign;
        let found = view.find(index, &key(campaign.id.0), page).await?;
        let mut free = Vec::new();
        for record in view.get_many(Kind::Voucher, &found).await?.iter().flatten() {
            let issued = read(&record.body)?;
            if self.unfit(&issued.thing, campaign).is_none() {
                free.push((issued, record.version));
            }
        }
        if free.len() as u64 > count {
            let chance = self.at.app.next_id()? % free.len() as u64;
            free.rotate_left(usize::try_from(chance).unwrap_or(0));
            free.truncate(usize::try_from(count).unwrap_or(usize::MAX));
        }
        Ok(free)
    }

    fn mint(
        &self,
        (campaign, input): (&Stored<Campaign>, &CampaignCreate),
        count: u64,
        chosen: &mut Chosen,
    ) -> Result<(), Refused> {
        let offer = offers_of(self.compiled, campaign.thing.id).next();
        let Some(offer) = offer else {
            return Err(not_found("campaign", &campaign.thing.name));
        };
        let config = input.voucher.clone().unwrap_or_default();
        if count > 0 && vouchers::is_fixed(config.code_config.as_ref()) {
            return Err(refuse(Key::NoVoucherSuitable, campaign.thing.name.as_ref()));
        }
        let new = New {
            campaign: &campaign.thing,
            offer: offer.thing.id,
            now: self.at.now,
            refers: input.refers(),
        };
        for _ in 0..count {
            let made = vouchers::of_campaign(self.at.app, &new, (&config, &Default::default()))?;
            chosen.codes.push((made.stored, 0));
            let before = std::mem::take(&mut chosen.booking);
            chosen.booking = before.then(made.booking);
        }
        Ok(())
    }

    async fn commit(
        &self,
        people: People<'_>,
        mut chosen: Chosen,
        (customer, once): (CustomerView, Option<once::Key>),
    ) -> Result<Option<Answer>, Refused> {
        let telling = (self.at, self.compiled);
        let (mut expects, mut writes) = webhooks::finished(people, telling)?;
        let of = chosen.of.as_ref().map(|(_, _, input)| input);
        for (stored, version) in &mut chosen.codes {
            let to = (self.customer.0, of, self.compiled);
            let handed = hand_over(self.at, (stored, *version), to)?;
            expects.extend(handed.expects);
            writes.extend(handed.writes);
        }
        let publication = self.publication(&chosen)?;
        writes.extend(publication.writes()?);
        // Nobody makes another of this number: the record is new.
        expects.push(Expect {
            kind: Kind::Publication,
            id: publication.id,
            version: 0,
        });
        let mut view = listed::bare(&publication)?;
        writes.extend(self.told(&view)?);
        view.customer = Some(customer);
        if let [(stored, version)] = chosen.codes.as_slice() {
            view.voucher = Some(self.voucher(stored, *version).await?);
        }
        let answer = Answer::ok(&view)?;
        let outcome = self.at.app.submit(Command {
            now: self.at.now,
            once: once.map(|key| key.once(&answer)),
            expects,
            openings: chosen.booking.openings,
            chain: chosen.booking.chain,
            ..crate::setup::writes(self.at.project, writes)
        });
        match answer.after(outcome.await?)? {
            Ok(answer) => Ok(Some(answer)),
            Err(Outcome::Stale { .. }) => Ok(None),
            Err(other) => Err(Refused::Fault(format!("nothing was published: {other:?}"))),
        }
    }

    /// What tells of it; of the customer their id alone.
    fn told(&self, view: &PublicationView) -> Result<Vec<Write>, Refused> {
        let shown = serde_json::to_value(view);
        let mut shown = shown.map_err(|error| Refused::Fault(error.to_string()))?;
        if let Some(members) = shown.as_object_mut() {
            members.insert("customer".into(), webhooks::customer(self.customer.0));
        }
        webhooks::told(self.at, self.compiled, (Event::Published, &shown))
    }

    async fn voucher(&self, stored: &Stored<Issued>, version: u64) -> Result<VoucherView, Refused> {
        if version == 0 {
            let (campaign, offer) = vouchers::standing(self.compiled, stored)?;
            return Ok(vouchers::new_view(stored, (&campaign, &offer)));
        }
        vouchers::view(
            self.at.app,
            (self.at.project, self.compiled),
            (stored, self.at.now),
        )
        .await
    }

    fn publication(&self, chosen: &Chosen) -> Result<Publication, Refused> {
        let codes = chosen.codes.iter().map(|(stored, _)| &stored.thing);
        let first = codes.clone().next();
        let number = |issued: &Issued| (issued.voucher.id.0, issued.voucher.code.to_string());
        Ok(Publication {
            id: self.at.app.next_id()?,
            customer: Some(self.customer.0),
            campaign: chosen.of.as_ref().map(|(id, name, _)| (*id, name.clone())),
            vouchers: codes.map(number).collect(),
            voucher_type: first.map(Issued::kind),
            refers: first.is_some_and(|issued| issued.refers),
            source_id: self.sent.source_id.clone().filter(|one| !one.is_empty()),
            channel: channel(self.sent),
            metadata: Compact::of(&self.sent.metadata)?,
            created_at: self.at.now,
            failure: None,
        })
    }
}

fn channel(sent: &PublicationCreate) -> String {
    sent.channel.clone().unwrap_or_else(|| "API".into())
}

/// The answer of a publication that failed, the same on every retry, with what is kept of it.
async fn failed(
    at: At<'_>,
    kept: Vec<Write>,
    (once, refusal): (Option<once::Key>, Refused),
) -> Result<Answer, Refused> {
    let Refused::Dialect(status, body) = &refusal else {
        return Err(refusal);
    };
    let answer = Answer::new(*status, body)?;
    let mut command = crate::setup::writes(at.project, kept);
    command.now = at.now;
    // What was answered before stands, and nothing failed.
    command.once = once.map(|key| key.once(&answer));
    let outcome = at.app.submit(command).await?;
    match once {
        Some(_) => answer.after(outcome)?.map_err(|_| refusal),
        None => Err(refusal),
    }
}

/// What is kept of it that a customer could not be given what was asked for.
async fn failure(
    at: At<'_>,
    sent: &PublicationCreate,
    body: &serde_json::Value,
) -> Result<Vec<Write>, Refused> {
    let text = |member: &str| body.get(member).and_then(|text| text.as_str());
    let key = text("key").unwrap_or_default();
    if !KEPT.iter().any(|kept| kept.wire().1 == key) {
        return Ok(Vec::new());
    }
    let mut people = People::open(at.app, at.project)?;
    let named = sent.customer.as_ref().and_then(|customer| customer.key());
    let customer = match named {
        Some(name) => people.named(name).await?,
        None => None,
    };
    let compiled = at.app.compiled(at.project).await?;
    let campaign = match sent.campaign.as_ref().and_then(Meant::name) {
        Some(name) => campaigns::find(at.app, (at.project, &compiled), name)
            .await
            .ok(),
        None => None,
    };
    let failure = Publication {
        id: at.app.next_id()?,
        customer: customer.map(|customer| customer.0),
        campaign: campaign.map(|one| (one.thing.id.0, one.thing.name.to_string())),
        vouchers: Vec::new(),
        voucher_type: None,
        refers: false,
        source_id: sent.source_id.clone(),
        channel: channel(sent),
        metadata: Compact::of(&sent.metadata)?,
        created_at: at.now,
        failure: Some((key.into(), text("message").unwrap_or_default().into())),
    };
    failure.writes()
}

/// Publications, newest first.
#[utoipa::path(get, path = "/v1/publications",
    responses((status = 200, body = List<PublicationView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    asked: Asked,
) -> Result<Answer, Refused> {
    listed::list(At::of(&app, &caller), &asked).await
}
