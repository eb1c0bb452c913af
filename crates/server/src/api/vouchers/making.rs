//! How is a code made? Drawn or chosen, with the money that a card begins with.

use super::*;

/// For which offer a code is made.
pub struct New<'a> {
    pub campaign: &'a Campaign,
    pub offer: OfferId,
    pub now: Timestamp,
    /// Whether it is to refer others.
    pub refers: bool,
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
    make(app, new, (&input, VoucherId(app.next_id()?)), None)
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

pub(super) type Own = Option<Box<(Campaign, Offer)>>;

pub(super) fn make(
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
            published: None,
            refers: new.refers,
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
    Ok(book(&happening, app.next_id()?))
}

pub(super) fn card(voucher: &Voucher, campaign: &Campaign) -> offers::GiftCard {
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
