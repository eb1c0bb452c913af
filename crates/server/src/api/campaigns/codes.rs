//! How does a campaign get more codes?

use super::*;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(add_codes))
        .routes(routes!(add_code))
}

/// Add codes: one is answered itself; of more, by which action they are made. Up to 1 000 are made
/// at once, and up to a million in the background.
#[utoipa::path(post, path = "/v1/campaigns/{id}/vouchers",
    request_body = CampaignVouchersCreate, responses(
        (status = 200, body = VoucherView), (status = 202, body = AsyncActionStarted)))]
async fn add_codes(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    (Path(name), asked): (Path<String>, Asked),
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = format!("POST /v1/campaigns/{name}/vouchers");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let input: CampaignVouchersCreate = parse_optional(&body)?;
    let count = u64::from(asked.number("vouchers_count")?.unwrap_or(1));
    if !(1..=MAX_CODES).contains(&count) {
        let details = format!("vouchers_count is from 1 to {MAX_CODES}");
        return Err(refuse(Key::InvalidQueryParams, details));
    }
    let at = At::of(&app, &caller);
    retry(|| codes_added(at, (&name, once), (&input, count))).await
}

/// Add one code of your choice.
#[utoipa::path(post, path = "/v1/campaigns/{id}/vouchers/{code}",
    request_body = CampaignVouchersCreate, responses((status = 200, body = VoucherView)))]
async fn add_code(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((name, code)): Path<(String, String)>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = format!("POST /v1/campaigns/{name}/vouchers/{code}");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let mut input: CampaignVouchersCreate = parse_optional(&body)?;
    input.code = Some(code);
    let at = At::of(&app, &caller);
    retry(|| codes_added(at, (&name, once), (&input, 1))).await
}

/// One attempt to add codes; `None` where somebody else was faster.
///
/// # Errors
/// When the campaign has none, or they cannot be so.
pub async fn codes_added(
    at: At<'_>,
    (name, once): (&str, Option<once::Key>),
    (input, count): (&CampaignVouchersCreate, u64),
) -> Result<Option<Answer>, Refused> {
    let compiled = at.app.compiled(at.project).await?;
    let campaign = find(at.app, (at.project, &compiled), name).await?;
    let offer = offers_of(&compiled, campaign.thing.id).find(|offer| !offer.thing.is_tier);
    let Some(offer) = offer else {
        let details = format!("campaign {name} has tiers, not codes");
        return Err(refuse(Key::InvalidVoucher, details));
    };
    compiled
        .schemas
        .check_new("voucher", input.metadata.as_ref())?;
    let asked = Codes {
        campaign: &campaign.thing,
        offer: &offer.thing,
        config: &voucher_config(&campaign)?,
        sent: input,
        count,
    };
    let mut command = crate::setup::writes(at.project, Vec::new());
    command.now = at.now;
    let made = asked.made(at)?;
    command.writes = made.writes;
    command.openings = made.booking.openings;
    command.chain = made.booking.chain;
    let told = added((&campaign.thing, count));
    for event in events(count) {
        let told = webhooks::told(at, &compiled, (*event, &told))?;
        command.writes.extend(told);
    }
    let answer = match (made.first, made.action) {
        (Some(stored), _) if count == 1 => {
            let standing = (&campaign.thing, &offer.thing);
            let mut view = vouchers::new_view(&stored, standing);
            view.categories = compiled.categories.listed(&stored.extra);
            let told = webhooks::tell(at, Event::VoucherCreated, &view).await?;
            command.writes.extend(told);
            Answer::ok(&view)?
        }
        (_, Some(id)) => actions::started(id, StatusCode::ACCEPTED)?,
        (_, None) => return Err(Refused::Fault("codes without an action".into())),
    };
    command.once = once.map(|key| key.once(&answer));
    match answer.after(at.app.submit(command).await?)? {
        Ok(answer) => Ok(Some(answer)),
        Err(Outcome::Stale { .. }) if asked.is_fixed() => Err(duplicate("voucher", "this code")),
        Err(Outcome::Stale { .. }) => Ok(None),
        Err(other) => Err(unexpected(&other)),
    }
}

/// What is told of a campaign that so many codes are added to.
#[must_use]
pub fn added((campaign, count): (&Campaign, u64)) -> serde_json::Value {
    serde_json::json!({
        "id": ids::format(Tag::Campaign, campaign.id.0),
        "name": campaign.name,
        "vouchers_count": count,
        "object": "campaign"
    })
}

/// What is told when so many codes are asked for. One is no generation; those that are made in the
/// background are told of when they are there.
pub(super) fn events(count: u64) -> &'static [Event] {
    match count {
        0 => &[],
        1 => &[Event::CodesAdded],
        2..=AT_ONCE => &[Event::CodesStarted, Event::CodesAdded, Event::CodesMade],
        _ => &[Event::CodesStarted],
    }
}

/// Codes that are asked for.
pub(super) struct Codes<'a> {
    pub campaign: &'a Campaign,
    pub offer: &'a Offer,
    pub config: &'a VoucherConfig,
    /// What overrules the campaign.
    pub sent: &'a CampaignVouchersCreate,
    pub count: u64,
}

/// What makes them: some at once, or an action.
#[derive(Default)]
pub(super) struct MadeCodes {
    pub first: Option<Stored<Issued>>,
    /// Of more than one.
    pub action: Option<u64>,
    pub writes: Vec<Write>,
    pub booking: Booking,
}

impl Codes<'_> {
    fn is_fixed(&self) -> bool {
        let config = vouchers::config_of(self.config, self.sent);
        self.sent.code.is_some() || vouchers::is_fixed(config)
    }

    /// # Errors
    /// When so many cannot look as they are to.
    pub fn made(&self, at: At<'_>) -> Result<MadeCodes, Refused> {
        let space = vouchers::space_of(vouchers::config_of(self.config, self.sent))?;
        vouchers::check_room(&space, self.count)?;
        if self.sent.code.is_some() && self.count > 1 {
            let details = "/code: one code is not many; leave it out, or vouchers_count";
            return Err(refuse(Key::InvalidPayload, details));
        }
        let mut made = MadeCodes::default();
        if self.count <= AT_ONCE {
            self.add_all(at, &mut made)?;
        }
        if self.count > 1 {
            let id = at.app.next_id()?;
            made.writes.extend(self.action(at).begin(id)?);
            made.action = Some(id);
        }
        Ok(made)
    }

    fn add_all(&self, at: At<'_>, made: &mut MadeCodes) -> Result<(), Refused> {
        let new = New {
            campaign: self.campaign,
            offer: self.offer.id,
            now: at.now,
            refers: self.config.is_referral_code == Some(true),
        };
        for _ in 0..self.count {
            let one = vouchers::of_campaign(at.app, &new, (self.config, self.sent))?;
            made.writes.extend(one.writes);
            made.booking.openings.extend(one.booking.openings);
            made.booking.chain.extend(one.booking.chain);
            made.first.get_or_insert(one.stored);
        }
        Ok(())
    }

    fn action(&self, at: At<'_>) -> Action {
        let work = Work::Generate(Box::new(Generating {
            campaign: self.campaign.id.0,
            offer: self.offer.id.0,
            count: self.count,
            sent: self.sent.clone(),
        }));
        let kind = ActionType::CampaignVouchersGenerate;
        let action = Action::new(kind, (work, self.count), at.now);
        match self.count <= AT_ONCE {
            true => action.at_once(),
            false => action,
        }
    }
}
