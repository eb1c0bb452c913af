//! Codes: vouchers and gift cards, made, read, changed, paused, loaded and removed.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use ledger::Account;
use offers::{
    Booking, Campaign, CampaignId, Happening, Offer, OfferId, Timestamp, Voucher, VoucherId,
    VoucherKind, book, chart,
};
use store::{Command, Expect, Index, Kind, Outcome, Page, ProjectId, Write};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{
        BalanceChange, BalanceView, Beside, CampaignCreate, CampaignVouchersCreate, CodeConfig,
        Discount, Gift, Key, List, PublishSummary, RedemptionSummary, VoucherConfig, VoucherCreate,
        VoucherType, VoucherUpdate, VoucherView,
    },
};

use super::{
    campaigns,
    dialect::{Asked, duplicate, malformed, not_found, page_of, parse, refuse, retry},
    validation_rules::{self, Object, named},
};
use crate::{
    app::App,
    auth::{Caller, CampaignsRead, CampaignsWrite},
    catalogue::Change,
    configuration::{Compiled, Stored, read, write},
    once::{self, Answer},
    problem::Refused,
    vouchers::{Issued, issue, key},
};

const MAX_CODE_BYTES: usize = 128;
/// Codes of a campaign that are removed with it; one that has more is paused instead.
const MAX_REMOVED: u32 = 10_000;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, create_with_code, update, delete))
        .routes(routes!(enable))
        .routes(routes!(disable))
        .routes(routes!(balance))
}

/// For which offer a code is made.
pub struct New<'a> {
    pub campaign: &'a Campaign,
    pub offer: OfferId,
    pub now: Timestamp,
}

/// A voucher that was made, and what keeps it.
pub struct Made {
    pub stored: Stored<Issued>,
    pub writes: Vec<Write>,
    pub booking: Booking,
}

/// A code for a campaign, as the campaign configures it and the request overrules.
///
/// # Errors
/// When the code or the voucher does not fit.
pub fn of_campaign(
    app: &App,
    new: &New<'_>,
    (config, sent): (&VoucherConfig, &CampaignVouchersCreate),
) -> Result<Made, Refused> {
    let input = VoucherCreate {
        code: sent.code.clone(),
        code_config: config_of(config, sent).cloned(),
        kind: config.kind,
        gift: config.gift,
        redemption: sent.redemption.or(config.redemption),
        start_date: sent.start_date,
        expiration_date: sent.expiration_date,
        category: sent.category.clone(),
        additional_info: sent.additional_info.clone(),
        metadata: sent.metadata.clone(),
        ..VoucherCreate::default()
    };
    make(app, new, (&input, VoucherId(app.next_id())), None)
}

/// How a code of a campaign is to look: as the request says, else as the campaign does.
#[must_use]
pub fn config_of<'a>(
    config: &'a VoucherConfig,
    sent: &'a CampaignVouchersCreate,
) -> Option<&'a CodeConfig> {
    sent.code_config.as_ref().or(config.code_config.as_ref())
}

/// Whether codes made so have nothing random in them.
#[must_use]
pub fn is_fixed(config: Option<&CodeConfig>) -> bool {
    let pattern = config.and_then(|config| config.pattern.as_deref());
    pattern.is_some_and(|pattern| offers::codes::symbols_in(pattern) == 0)
}

type Own = Option<Box<(Campaign, Offer)>>;

fn make(
    app: &App,
    new: &New<'_>,
    (input, id): (&VoucherCreate, VoucherId),
    own: Own,
) -> Result<Made, Refused> {
    let code = match &input.code {
        Some(code) => offers::codes::normalise(code),
        None => drawn(input.code_config.as_ref())?,
    };
    if code.is_empty() || code.len() > MAX_CODE_BYTES {
        let details = format!("/code: from 1 to {MAX_CODE_BYTES} bytes");
        return Err(refuse(Key::InvalidPayload, details));
    }
    let voucher = input.to_voucher(id, new.offer, &code);
    let voucher = voucher.map_err(|wrong| malformed(&wrong))?;
    let booking = match voucher.kind {
        VoucherKind::GiftCard { amount } => loaded(app, (&voucher, new.campaign), amount)?,
        VoucherKind::Discount => Booking::default(),
    };
    let extra = serde_json::to_value(input).map_err(|error| Refused::Fault(error.to_string()))?;
    let stored = Stored {
        thing: Issued {
            voucher,
            campaign: new.campaign.id,
            own,
            decision: None,
        },
        extra,
        created_at: new.now,
        updated_at: None,
    };
    let writes = issue(&stored)?;
    Ok(Made {
        stored,
        writes,
        booking,
    })
}

fn loaded(
    app: &App,
    (voucher, campaign): (&Voucher, &Campaign),
    amount: u64,
) -> Result<Booking, Refused> {
    if amount > wire::voucherify::MAX_MINOR {
        let details = "/gift/amount: too large";
        return Err(refuse(Key::InvalidPayload, details));
    }
    let card = card(voucher, campaign);
    let happening = Happening::GiftLoaded {
        card: &card,
        amount,
    };
    Ok(book(&happening, app.next_id()))
}

fn card(voucher: &Voucher, campaign: &Campaign) -> offers::GiftCard {
    offers::GiftCard {
        campaign: campaign.id,
        voucher: voucher.id,
        currency: campaign.currency,
    }
}

/// A new code: 13 symbols that show typing errors, unless the configuration says otherwise.
fn drawn(config: Option<&CodeConfig>) -> Result<String, Refused> {
    let mut random = [0_u8; MAX_CODE_BYTES];
    getrandom::fill(&mut random).map_err(|error| Refused::Fault(error.to_string()))?;
    let Some(config) = config else {
        return Ok(standard(&random));
    };
    if let Some(pattern) = &config.pattern {
        let filled = offers::codes::code_like(pattern, &random);
        let filled = filled.ok_or_else(|| wrong_config("the pattern is too long"))?;
        return Ok(offers::codes::normalise(&filled));
    }
    let middle = match (config.length, config.charset.as_deref()) {
        (None, None) => standard(&random),
        (length, charset) => from_charset(length.unwrap_or(8), charset, &random)?,
    };
    let [prefix, postfix] =
        [&config.prefix, &config.postfix].map(|part| part.as_deref().unwrap_or_default());
    Ok(offers::codes::normalise(&format!(
        "{prefix}{middle}{postfix}"
    )))
}

fn wrong_config(details: &str) -> Refused {
    refuse(Key::InvalidPayload, format!("/code_config: {details}"))
}

fn standard(random: &[u8]) -> String {
    let bytes = random.first_chunk().copied().unwrap_or_default();
    offers::codes::code_from(bytes)
}

fn from_charset(length: u32, charset: Option<&str>, random: &[u8]) -> Result<String, Refused> {
    if !(4..=64).contains(&length) {
        return Err(wrong_config("length is from 4 to 64"));
    }
    let letters: Vec<char> = match charset {
        None => "23456789ABCDEFGHJKLMNPQRSTUVWXYZ".chars().collect(),
        Some(letters) => letters.to_uppercase().chars().collect(),
    };
    if !(2..=64).contains(&letters.len()) {
        return Err(wrong_config("charset has from 2 to 64 symbols"));
    }
    let symbol = |byte: &u8| letters.get(usize::from(*byte) % letters.len());
    Ok(random
        .iter()
        .filter_map(symbol)
        .take(length as usize)
        .collect())
}

/// A voucher by its code, as typed, or by its id; with the version of its record.
///
/// # Errors
/// When there is none.
pub async fn find(
    app: &App,
    project: ProjectId,
    name: &str,
) -> Result<(Stored<Issued>, u64), Refused> {
    let id = match ids::parse(Tag::Voucher, name) {
        Ok(id) => Some(id),
        Err(_) => {
            let code = offers::codes::normalise(name);
            let index = Index::VoucherCode;
            app.store()
                .find_one(project, index, code.as_bytes())
                .await?
        }
    };
    let record = match id {
        Some(id) => app.store().get(project, Kind::Voucher, id).await?,
        None => None,
    };
    let record = record.ok_or_else(|| not_found("voucher", name))?;
    Ok((read(&record.body)?, record.version))
}

/// What a voucher stands for: its campaign and its offer.
///
/// # Errors
/// When its campaign was removed.
pub fn standing<'a>(
    compiled: &'a Compiled,
    issued: &'a Stored<Issued>,
) -> Result<(&'a Campaign, &'a Offer), Refused> {
    if let Some(own) = &issued.thing.own {
        return Ok((&own.0, &own.1));
    }
    let campaign = compiled.campaigns.get(&issued.thing.campaign);
    let offer = compiled.offers.get(&issued.thing.voucher.offer);
    match (campaign, offer) {
        (Some(campaign), Some(offer)) => Ok((&campaign.thing, &offer.thing)),
        _ => Err(not_found("voucher", &issued.thing.voucher.code)),
    }
}

fn input_of(issued: &Stored<Issued>) -> Result<VoucherCreate, Refused> {
    if issued.extra.is_null() {
        return Ok(VoucherCreate::default());
    }
    serde_json::from_value(issued.extra.clone()).map_err(|e| Refused::Fault(e.to_string()))
}

/// What removes every code of a campaign.
///
/// # Errors
/// When there are too many.
pub async fn removals(
    app: &App,
    project: ProjectId,
    campaign: CampaignId,
) -> Result<Vec<Write>, Refused> {
    let page = Page {
        after: 0,
        limit: MAX_REMOVED + 1,
        newest_first: false,
    };
    let of = key(campaign.0);
    let index = (Index::VouchersOfCampaign, of.as_slice());
    let found = app.store().find(project, index, page).await?;
    if found.len() > MAX_REMOVED as usize {
        let details = format!("it has more than {MAX_REMOVED} codes: disable it instead");
        return Err(refuse(Key::ResourceInUse, details));
    }
    let records = app.store().get_many(project, Kind::Voucher, &found).await?;
    let mut writes = Vec::new();
    for record in records.into_iter().flatten() {
        writes.extend(removal(&read(&record.body)?));
    }
    Ok(writes)
}

fn removal(issued: &Stored<Issued>) -> Vec<Write> {
    let voucher = &issued.thing.voucher;
    let id = voucher.id.0;
    let unlink = |index: Index, key: Vec<u8>| Write::Unlink { index, key, id };
    let mut writes = vec![
        Write::Delete {
            kind: Kind::Voucher,
            id,
        },
        unlink(Index::VoucherCode, voucher.code.as_bytes().to_vec()),
        unlink(Index::VouchersOfCampaign, key(issued.thing.campaign.0)),
    ];
    let holder = voucher.holder.map(key);
    writes.extend(holder.map(|holder| unlink(Index::VouchersOfCustomer, holder)));
    writes
}

/// A voucher that was just made.
#[must_use]
pub fn new_view(stored: &Stored<Issued>, standing: (&Campaign, &Offer)) -> VoucherView {
    let input = input_of(stored).unwrap_or_default();
    let voucher = &stored.thing.voucher;
    let balance = match voucher.kind {
        VoucherKind::GiftCard { amount } => amount,
        VoucherKind::Discount => 0,
    };
    bare_view(
        (stored, &input),
        standing,
        Counts {
            used: 0,
            loaded: balance,
            balance,
        },
    )
}

/// What the books say of a voucher.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub used: u64,
    /// All that was ever put on the card.
    pub loaded: u64,
    pub balance: u64,
}

/// A voucher in an answer, without its assignments.
fn bare_view(
    (stored, input): (&Stored<Issued>, &VoucherCreate),
    (campaign, offer): (&Campaign, &Offer),
    counts: Counts,
) -> VoucherView {
    let voucher = &stored.thing.voucher;
    let is_own = stored.thing.own.is_some();
    let is_gift = matches!(voucher.kind, VoucherKind::GiftCard { .. });
    let mut redemption = RedemptionSummary::new(&voucher.code, voucher.quantity, counts.used);
    let spent = counts.loaded.saturating_sub(counts.balance);
    redemption.redeemed_amount = is_gift.then_some(spent);
    VoucherView {
        id: ids::format(Tag::Voucher, voucher.id.0),
        code: voucher.code.to_string(),
        campaign: (!is_own).then(|| campaign.name.to_string()),
        campaign_id: (!is_own).then(|| ids::format(Tag::Campaign, campaign.id.0)),
        category: input.category.clone(),
        category_id: input.category_id.clone(),
        categories: Vec::new(),
        kind: if is_gift {
            VoucherType::GiftVoucher
        } else {
            VoucherType::DiscountVoucher
        },
        discount: Discount::of(&offer.benefit, &offer.scope),
        gift: is_gift.then_some(Gift {
            amount: counts.loaded,
            balance: counts.balance,
            subtracted_amount: 0,
            effect: None,
        }),
        loyalty_card: None,
        start_date: voucher.validity.from,
        expiration_date: voucher.validity.until,
        validity_timeframe: None,
        validity_day_of_week: None,
        validity_hours: None,
        active: voucher.active,
        additional_info: input.additional_info.clone(),
        metadata: input.metadata.clone().unwrap_or_default(),
        is_referral_code: false,
        holder_id: voucher.holder.map(|id| ids::format(Tag::Customer, id)),
        referrer_id: None,
        publish: PublishSummary::new(&voucher.code, u64::from(voucher.holder.is_some())),
        redemption,
        validation_rules_assignments: List::default(),
        created_at: stored.created_at,
        updated_at: stored.updated_at,
        object: "voucher",
    }
}

/// A voucher in an answer to a redemption: with counts that cost the same however often it was
/// used.
#[must_use]
pub fn counted_view(
    stored: &Stored<Issued>,
    standing: (&Campaign, &Offer),
    counts: Counts,
) -> VoucherView {
    let input = input_of(stored).unwrap_or_default();
    bare_view((stored, &input), standing, counts)
}

/// What the books say: of a code with a quantity the account that counts it; of any other, how
/// many redemptions were made and not rolled back.
///
/// # Errors
/// When the store cannot be read.
pub async fn counts(
    app: &App,
    project: ProjectId,
    (issued, campaign): (&Stored<Issued>, &Campaign),
) -> Result<Counts, Refused> {
    let voucher = &issued.thing.voucher;
    let of = key(voucher.id.0);
    let made = app
        .store()
        .count(project, Index::RedemptionsOfVoucher, &of)
        .await?;
    let undone = app
        .store()
        .count(project, Index::RollbacksOfRedemption, &of)
        .await?;
    let accounts = [
        chart::gift_balance(voucher.id),
        chart::gift_sold(campaign.id, voucher.id),
    ];
    let found = app.store().accounts(project, &accounts).await?;
    let [balance, sold] = found.as_slice() else {
        return Ok(Counts::default());
    };
    let net = |account: &Account| account.debits.posted.saturating_sub(account.credits.posted);
    Ok(Counts {
        used: made.saturating_sub(undone),
        loaded: sold.as_ref().map_or(0, net),
        balance: balance.as_ref().and_then(Account::available).unwrap_or(0),
    })
}

/// # Errors
/// When the store cannot be read.
pub async fn view(
    app: &App,
    (project, compiled): (ProjectId, &Compiled),
    issued: &Stored<Issued>,
) -> Result<VoucherView, Refused> {
    let (campaign, offer) = standing(compiled, issued)?;
    let counts = counts(app, project, (issued, campaign)).await?;
    let mut view = bare_view((issued, &input_of(issued)?), (campaign, offer), counts);
    let id = issued.thing.voucher.id.0;
    view.validation_rules_assignments = validation_rules::shown(app, project, id).await?;
    Ok(view)
}

/// Make a voucher that stands alone, or one of a campaign.
#[utoipa::path(post, path = "/v1/vouchers", request_body = VoucherCreate,
    responses((status = 200, body = VoucherView)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refused> {
    let once = once::Key::of(&headers, caller.project, ("POST /v1/vouchers", &body))?;
    let input: VoucherCreate = parse(&body)?;
    retry(|| created(&app, &caller, (&input, once))).await
}

/// Make a voucher under this code.
#[utoipa::path(post, path = "/v1/vouchers/{code}", request_body = VoucherCreate,
    responses((status = 200, body = VoucherView)))]
async fn create_with_code(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(code): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = format!("POST /v1/vouchers/{code}");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let mut input: VoucherCreate = parse(&body)?;
    input.code = Some(code);
    retry(|| created(&app, &caller, (&input, once))).await
}

async fn created(
    app: &App,
    caller: &Caller<CampaignsWrite>,
    (input, once): (&VoucherCreate, Option<once::Key>),
) -> Result<Option<Answer>, Refused> {
    let (project, now) = (caller.project, caller.now);
    let compiled = app.compiled(project).await?;
    let id = VoucherId(app.next_id());
    let names = input.validation_rules.as_deref();
    let (rules, assignments) = named(app, (project, now), names, Object::Voucher(id.0)).await?;
    let of = input.campaign_id.as_deref().or(input.campaign.as_deref());
    let made = match of {
        Some(name) => {
            let campaign = campaigns::find(app, (project, &compiled), name).await?;
            if !rules.is_empty() {
                return Err(rule_of_campaign());
            }
            let offer = crate::catalogue::offers_of(&compiled, campaign.thing.id).next();
            let offer = offer.filter(|offer| !offer.thing.is_tier);
            let offer = offer.ok_or_else(|| refuse(Key::InvalidVoucher, "it has no codes"))?;
            let new = New {
                campaign: &campaign.thing,
                offer: offer.thing.id,
                now,
            };
            make(app, &new, (input, id), None)?
        }
        None => {
            let ids = (CampaignId(app.next_id()), OfferId(app.next_id()));
            let own = own(input, ids, &validation_rules::beside(&rules)?)?;
            let new = New {
                campaign: &own.0.clone(),
                offer: own.1.id,
                now,
            };
            make(app, &new, (input, id), Some(own))?
        }
    };
    let answer = Answer::ok(&new_view(&made.stored, standing(&compiled, &made.stored)?))?;
    let command = Command {
        now,
        once: once.map(|key| key.once(&answer)),
        openings: made.booking.openings,
        chain: made.booking.chain,
        ..crate::setup::writes(project, [made.writes, assignments].concat())
    };
    let is_fixed = input.code.is_some() || is_fixed(input.code_config.as_ref());
    match answer.after(app.store().submit(command).await?)? {
        Ok(answer) => Ok(Some(answer)),
        Err(Outcome::Stale { .. }) if is_fixed => {
            let code = &made.stored.thing.voucher.code;
            Err(duplicate("voucher", &format!("code {code}")))
        }
        Err(Outcome::Stale { .. }) => Ok(None),
        Err(other) => Err(Refused::Fault(format!("a voucher was not kept: {other:?}"))),
    }
}

fn rule_of_campaign() -> Refused {
    let details = "a voucher of a campaign has the campaign's rule: assign it there";
    refuse(Key::InvalidValidationRules, details)
}

/// The campaign and offer of a voucher that belongs to none.
fn own(
    input: &VoucherCreate,
    (campaign, offer): (CampaignId, OfferId),
    beside: &Beside,
) -> Result<Box<(Campaign, Offer)>, Refused> {
    let gift = input.gift.is_some() || input.kind == Some(VoucherType::GiftVoucher);
    let alone = CampaignCreate {
        name: Some("Standalone".into()),
        voucher: Some(VoucherConfig {
            kind: Some(input.kind.unwrap_or(if gift {
                VoucherType::GiftVoucher
            } else {
                VoucherType::DiscountVoucher
            })),
            discount: input.discount.clone(),
            gift: input.gift,
            ..VoucherConfig::default()
        }),
        ..CampaignCreate::default()
    };
    let wrong = |wrong| malformed(&wrong);
    alone.inferred_type().map_err(wrong)?;
    let campaign = alone.to_campaign(campaign, beside).map_err(wrong)?;
    let offer = alone.to_code_offer(&campaign, offer, beside);
    let offer = offer.map_err(|mut wrong| {
        let place = wrong.pointer.strip_prefix("/voucher").map(str::to_owned);
        wrong.pointer = place.unwrap_or(wrong.pointer);
        malformed(&wrong)
    })?;
    Ok(Box::new((campaign, offer)))
}

/// Works a voucher that stands alone out anew, under other rules.
///
/// # Errors
/// When the rules do not fit, or it belongs to a campaign.
pub async fn again(
    app: &App,
    change: &mut Change<'_>,
    (id, beside): (u64, &Beside),
) -> Result<(), Refused> {
    let project = change.project();
    let Some(record) = app.store().get(project, Kind::Voucher, id).await? else {
        return Ok(());
    };
    let mut issued: Stored<Issued> = read(&record.body)?;
    let Some(before) = issued.thing.own.take() else {
        return Err(rule_of_campaign());
    };
    let ids = (before.0.id, before.1.id);
    let after = own(&input_of(&issued)?, ids, beside)?;
    crate::funding::fund(app, change, (&before.0, &after.0)).await?;
    issued.thing.own = Some(after);
    issued.updated_at = Some(change.now());
    change.write([Write::Put {
        kind: Kind::Voucher,
        id,
        body: write(&issued)?,
    }]);
    Ok(())
}

/// All vouchers, newest first; with `campaign_id`, `campaign` or `code`, those.
#[utoipa::path(get, path = "/v1/vouchers", responses((status = 200, body = List<VoucherView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let project = caller.project;
    let compiled = app.compiled(project).await?;
    let paging = asked.paging()?;
    let of = asked.get("campaign_id").or_else(|| asked.get("campaign"));
    let (records, total) = match of {
        None => page_of(&app, project, (Kind::Voucher, paging)).await?,
        Some(name) => {
            let campaign = campaigns::find(&app, (project, &compiled), name).await?;
            let of = key(campaign.thing.id.0);
            let index = (Index::VouchersOfCampaign, of.as_slice());
            let found = app.store().find(project, index, paging.upto()).await?;
            let total = app.store().count(project, index.0, index.1).await?;
            let page = paging.cut(found);
            let records = app.store().get_many(project, Kind::Voucher, &page).await?;
            (records.into_iter().flatten().collect(), total)
        }
    };
    let mut rows = Vec::new();
    for record in records {
        let issued: Stored<Issued> = read(&record.body)?;
        let is_wanted = asked
            .get("code")
            .is_none_or(|code| *issued.thing.voucher.code == offers::codes::normalise(code));
        if is_wanted && standing(&compiled, &issued).is_ok() {
            rows.push(view(&app, (project, &compiled), &issued).await?);
        }
    }
    Answer::ok(&List::page("vouchers", rows, total))
}

/// One voucher, by code or id.
#[utoipa::path(get, path = "/v1/vouchers/{code}",
    responses((status = 200, body = VoucherView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(code): Path<String>,
) -> Result<Answer, Refused> {
    let compiled = app.compiled(caller.project).await?;
    let (issued, _) = find(&app, caller.project, &code).await?;
    Answer::ok(&view(&app, (caller.project, &compiled), &issued).await?)
}

/// Change a voucher. What is absent stays; a discount changes only where it stands alone.
#[utoipa::path(put, path = "/v1/vouchers/{code}", request_body = Object,
    responses((status = 200, body = VoucherView)))]
async fn update(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(code): Path<String>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let sent: VoucherUpdate = parse(&body)?;
    retry(|| modified(&app, &caller, (&code, &sent))).await
}

/// Resume a voucher.
#[utoipa::path(post, path = "/v1/vouchers/{code}/enable",
    responses((status = 200, body = VoucherView)))]
async fn enable(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(code): Path<String>,
) -> Result<Answer, Refused> {
    let sent = VoucherUpdate {
        active: Some(true),
        ..VoucherUpdate::default()
    };
    retry(|| modified(&app, &caller, (&code, &sent))).await
}

/// Pause a voucher.
#[utoipa::path(post, path = "/v1/vouchers/{code}/disable",
    responses((status = 200, body = VoucherView)))]
async fn disable(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(code): Path<String>,
) -> Result<Answer, Refused> {
    let sent = VoucherUpdate {
        active: Some(false),
        ..VoucherUpdate::default()
    };
    retry(|| modified(&app, &caller, (&code, &sent))).await
}

async fn modified(
    app: &App,
    caller: &Caller<CampaignsWrite>,
    (code, sent): (&str, &VoucherUpdate),
) -> Result<Option<Answer>, Refused> {
    let project = caller.project;
    let compiled = app.compiled(project).await?;
    let (mut issued, version) = find(app, project, code).await?;
    let mut input = input_of(&issued)?;
    changed(&mut input, sent);
    let voucher = &issued.thing.voucher;
    let mut again = input.clone();
    // What a decision promised is not in the input.
    again.start_date = sent.start_date.unwrap_or(voucher.validity.from);
    again.expiration_date = sent.expiration_date.unwrap_or(voucher.validity.until);
    let checked = again.to_voucher(voucher.id, voucher.offer, &voucher.code);
    let checked = checked.map_err(|wrong| malformed(&wrong))?;
    issued.thing.voucher.validity = checked.validity;
    issued.thing.voucher.active = sent.active.unwrap_or(issued.thing.voucher.active);
    if sent.discount.is_some() {
        let Some(before) = issued.thing.own.take() else {
            let details = "the discount of a campaign's voucher is changed at its campaign";
            return Err(refuse(Key::InvalidVoucher, details));
        };
        let id = issued.thing.voucher.id.0;
        let rules = validation_rules::rules_of(app, project, id).await?;
        let beside = validation_rules::beside(&rules)?;
        issued.thing.own = Some(own(&input, (before.0.id, before.1.id), &beside)?);
    }
    issued.extra = serde_json::to_value(&input).map_err(|e| Refused::Fault(e.to_string()))?;
    issued.updated_at = Some(caller.now);
    let id = issued.thing.voucher.id.0;
    let answer = Answer::ok(&view(app, (project, &compiled), &issued).await?)?;
    let put = Write::Put {
        kind: Kind::Voucher,
        id,
        body: write(&issued)?,
    };
    let mut command = crate::setup::writes(project, vec![put]);
    command.expects.push(expect(id, version));
    settled(answer, app.store().submit(command).await?)
}

fn expect(id: u64, version: u64) -> Expect {
    Expect {
        kind: Kind::Voucher,
        id,
        version,
    }
}

fn changed(input: &mut VoucherCreate, sent: &VoucherUpdate) {
    let sent = sent.clone();
    input.start_date = sent.start_date.unwrap_or(input.start_date);
    input.expiration_date = sent.expiration_date.unwrap_or(input.expiration_date);
    input.active = sent.active.or(input.active);
    input.additional_info = sent.additional_info.unwrap_or(input.additional_info.take());
    input.discount = sent.discount.or(input.discount.take());
    if let Some(metadata) = sent.metadata {
        input.metadata.get_or_insert_default().extend(metadata);
    }
}

fn settled(answer: Answer, outcome: Outcome) -> Result<Option<Answer>, Refused> {
    match answer.after(outcome)? {
        Ok(answer) => Ok(Some(answer)),
        Err(Outcome::Stale { .. }) => Ok(None),
        Err(other) => Err(Refused::Fault(format!("a voucher was not kept: {other:?}"))),
    }
}

/// Remove a voucher; the books keep what it gave.
#[utoipa::path(delete, path = "/v1/vouchers/{code}", responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(code): Path<String>,
) -> Result<StatusCode, Refused> {
    retry(|| removed(&app, &caller, &code)).await
}

async fn removed(
    app: &App,
    caller: &Caller<CampaignsWrite>,
    code: &str,
) -> Result<Option<StatusCode>, Refused> {
    let (issued, version) = find(app, caller.project, code).await?;
    let id = issued.thing.voucher.id.0;
    let mut writes = removal(&issued);
    writes.extend(validation_rules::removals(app, caller.project, id).await?);
    let mut command = crate::setup::writes(caller.project, writes);
    command.expects.push(expect(id, version));
    match app.store().submit(command).await? {
        Outcome::Applied => Ok(Some(StatusCode::NO_CONTENT)),
        Outcome::Stale { .. } => Ok(None),
        other => Err(Refused::Fault(format!("a voucher stayed: {other:?}"))),
    }
}

/// Put money on a gift card, or take some off.
#[utoipa::path(post, path = "/v1/vouchers/{code}/balance", request_body = BalanceChange,
    responses((status = 200, body = BalanceView)))]
async fn balance(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(code): Path<String>,
    (mut headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let sent: BalanceChange = parse(&body)?;
    let source = sent.source_id.as_deref();
    if let Some(source) = source.and_then(|source| source.parse().ok()) {
        headers.entry("idempotency-key").or_insert(source);
    }
    let call = format!("POST /v1/vouchers/{code}/balance");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let compiled = app.compiled(caller.project).await?;
    let (issued, version) = find(&app, caller.project, &code).await?;
    let (campaign, _) = standing(&compiled, &issued)?;
    let voucher = &issued.thing.voucher;
    if !matches!(voucher.kind, VoucherKind::GiftCard { .. }) {
        return Err(refuse(Key::InvalidVoucher, "it is not a gift card"));
    }
    let amount = sent.amount.unsigned_abs();
    if amount > wire::voucherify::MAX_MINOR {
        return Err(refuse(Key::InvalidPayload, "/amount: too large"));
    }
    let card = card(voucher, campaign);
    let happening = if sent.amount < 0 {
        Happening::GiftWithdrawn {
            card: &card,
            amount,
        }
    } else {
        Happening::GiftLoaded {
            card: &card,
            amount,
        }
    };
    let booking = book(&happening, app.next_id());
    let counts = counts(&app, caller.project, (&issued, campaign)).await?;
    let after = |before: u64| before.saturating_add_signed(sent.amount);
    let id = ids::format(Tag::Voucher, voucher.id.0);
    let view = BalanceView::new(id, sent.amount, after(counts.loaded), after(counts.balance));
    let answer = Answer::ok(&view)?;
    let command = Command {
        now: caller.now,
        once: once.map(|key| key.once(&answer)),
        expects: vec![expect(voucher.id.0, version)],
        openings: booking.openings,
        chain: booking.chain,
        ..crate::setup::writes(caller.project, Vec::new())
    };
    match answer.after(app.store().submit(command).await?)? {
        Ok(answer) => Ok(answer),
        Err(Outcome::Rejected { .. }) => Err(refuse(Key::GiftAmountExceeded, code)),
        Err(Outcome::Stale { .. }) => Err(Refused::Busy),
        Err(other) => Err(Refused::Fault(format!("a card was not loaded: {other:?}"))),
    }
}
