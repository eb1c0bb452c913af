//! How does a campaign get more codes?

use super::*;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(add_codes))
        .routes(routes!(add_code))
}

/// Add codes: one is answered itself; of more, at most 1 000, that they were made.
#[utoipa::path(post, path = "/v1/campaigns/{id}/vouchers",
    request_body = CampaignVouchersCreate, responses(
        (status = 200, body = VoucherView), (status = 202, description = "They were made.")))]
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
    retry(|| codes_added(&app, &caller, (&name, once), (&input, count))).await
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
    retry(|| codes_added(&app, &caller, (&name, once), (&input, 1))).await
}

async fn codes_added(
    app: &App,
    caller: &Caller<CampaignsWrite>,
    (name, once): (&str, Option<once::Key>),
    (input, count): (&CampaignVouchersCreate, u64),
) -> Result<Option<Answer>, Refused> {
    let (project, now) = (caller.project, caller.now);
    let compiled = app.compiled(project).await?;
    let campaign = find(app, (project, &compiled), name).await?;
    let sent = input_of(&campaign)?;
    let offer = offers_of(&compiled, campaign.thing.id).find(|offer| !offer.thing.is_tier);
    let Some(offer) = offer else {
        let details = format!("campaign {name} has tiers, not codes");
        return Err(refuse(Key::InvalidVoucher, details));
    };
    let config: VoucherConfig = sent.voucher.clone().unwrap_or_default();
    let new = New {
        campaign: &campaign.thing,
        offer: offer.thing.id,
        now,
    };
    let mut command = crate::setup::writes(project, Vec::new());
    command.now = now;
    let mut first = None;
    for _ in 0..count {
        let issued = vouchers::of_campaign(app, &new, (&config, input))?;
        command.writes.extend(issued.writes);
        command.openings.extend(issued.booking.openings);
        command.chain.extend(issued.booking.chain);
        first.get_or_insert(issued.stored);
    }
    let at = At::of(app, caller);
    let answer = match first.filter(|_| count == 1) {
        Some(stored) => {
            let view = vouchers::new_view(&stored, (&campaign.thing, &offer.thing));
            let told = webhooks::tell(at, Event::VoucherCreated, &view).await?;
            command.writes.extend(told);
            Answer::ok(&view)?
        }
        None => {
            let told = serde_json::json!({
                "id": ids::format(Tag::Campaign, campaign.thing.id.0),
                "name": campaign.thing.name,
                "vouchers_count": count,
                "object": "campaign"
            });
            let told = webhooks::tell(at, Event::CodesMade, &told).await?;
            command.writes.extend(told);
            let id = ids::format(Tag::Transaction, app.next_id()?);
            let done = serde_json::json!({"async_action_id": id, "vouchers_count": count});
            Answer::new(StatusCode::ACCEPTED, &done)?
        }
    };
    command.once = once.map(|key| key.once(&answer));
    let is_fixed = input.code.is_some() || vouchers::is_fixed(vouchers::config_of(&config, input));
    match answer.after(app.store().submit(command).await?)? {
        Ok(answer) => Ok(Some(answer)),
        Err(Outcome::Stale { .. }) if is_fixed => Err(duplicate("voucher", "this code")),
        Err(Outcome::Stale { .. }) => Ok(None),
        Err(other) => Err(unexpected(&other)),
    }
}
