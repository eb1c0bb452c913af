//! How is a code made? Drawn or chosen, with the money that a card begins with.

use std::collections::HashSet;

use offers::{
    CardMove, Lot, PointsCard,
    codes::{self, Share, Space, Unfit},
};
use serde_json::Value;

use super::*;
use crate::{loyalty, vouchers::Asks};

/// Codes are drawn so often for each that is wanted, until others say that there is none free.
const MAX_DRAWS: usize = 64;

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
    /// Where its points are found when they lapse.
    pub expiring: Option<Write>,
}

impl Made {
    /// The same, asking more than its campaign does.
    ///
    /// # Errors
    /// Never for what is stored; a fault if it happens.
    pub fn asking(mut self, asks: Option<Box<Asks>>) -> Result<Self, Refused> {
        self.stored.thing.asks = asks;
        self.again()
    }

    /// The same, held by a customer.
    ///
    /// # Errors
    /// Never for what is stored; a fault if it happens.
    pub fn held_by(mut self, customer: u64, compiled: &Compiled) -> Result<Self, Refused> {
        self.stored.thing.keep_edition(compiled);
        self.stored.thing.voucher.holder = Some(customer);
        self.again()
    }

    fn again(mut self) -> Result<Self, Refused> {
        self.writes = issue(&self.stored)?;
        self.writes.extend(self.expiring.clone());
        Ok(self)
    }
}

/// Codes of a campaign that differ in nothing but the code.
pub struct Alike {
    input: VoucherCreate,
    extra: Value,
}

impl Alike {
    /// As the campaign configures them and the request overrules.
    ///
    /// # Errors
    /// Never for what was sent; a fault if it happens.
    pub fn of(config: &VoucherConfig, sent: &CampaignVouchersCreate) -> Result<Self, Refused> {
        let told = VoucherCreate {
            category: sent.category.clone(),
            additional_info: sent.additional_info.clone(),
            metadata: sent.metadata.clone(),
            ..VoucherCreate::default()
        };
        Ok(Self {
            // What the voucher says itself is not kept beside it.
            extra: extra_of(&told)?,
            input: VoucherCreate {
                kind: config.kind,
                gift: config.gift,
                loyalty_card: config.loyalty_card,
                redemption: sent.redemption.or(config.redemption),
                start_date: sent.start_date,
                expiration_date: sent.expiration_date,
                ..told
            },
        })
    }

    /// One of them.
    ///
    /// # Errors
    /// When the code or the voucher does not fit.
    pub fn made(&self, app: &App, (new, code): (&New<'_>, &str)) -> Result<Made, Refused> {
        let id = VoucherId(app.next_id()?);
        let named = (code, self.extra.clone());
        put_together(app, new, (&self.input, id), (named, None))
    }
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
    let code = chosen_or_drawn(sent.code.as_deref(), config_of(config, sent))?;
    Alike::of(config, sent)?.made(app, (new, &code))
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
    space_of(config).is_ok_and(|space| space.size() == 1)
}

/// The codes that look as they are to.
///
/// # Errors
/// When none can look so.
pub fn space_of(config: Option<&CodeConfig>) -> Result<Space, Refused> {
    let wrong = |Unfit(detail)| wrong_config(&detail);
    let Some(config) = config else {
        return Space::standard(["", ""]).map_err(wrong);
    };
    let around = [&config.prefix, &config.postfix].map(|part| part.as_deref().unwrap_or_default());
    let charset = config.charset.as_deref();
    let space = match (config.pattern.as_deref(), config.length) {
        (Some(pattern), _) => Space::of_pattern(pattern, charset),
        (None, None) if charset.is_none() => Space::standard(around),
        (None, length) => Space::of_length(length.unwrap_or(8), charset, around),
    };
    space.map_err(wrong)
}

/// Whether so many codes can be drawn: as many again must stay free, so that a free one is soon
/// found, and a code is not easily guessed.
///
/// # Errors
/// When there are too few.
pub fn check_room(space: &Space, count: u64) -> Result<(), Refused> {
    let size = space.size();
    if count > 1 && size / 2 < u128::from(count) {
        let details = format!("{size} codes can look so: too few to draw {count} of them");
        return Err(wrong_config(&details));
    }
    Ok(())
}

/// So many different codes of a share.
///
/// # Errors
/// When there are hardly any others left.
pub fn drawn(
    space: &Space,
    (share, count): (Share, usize),
    taken: &HashSet<String>,
) -> Result<HashSet<String>, Refused> {
    let mut codes = HashSet::new();
    for _ in 0..MAX_DRAWS {
        let missing = count - codes.len();
        let random = numbers(missing * space.draws())?;
        let new = random.chunks(space.draws().max(1));
        let new = new.map(|random| space.code(share, random));
        codes.extend(new.filter(|code| !taken.contains(code)));
        if codes.len() >= count {
            return Ok(codes);
        }
    }
    Err(wrong_config("nearly all codes that look so are taken"))
}

/// Numbers that nobody can guess.
fn numbers(count: usize) -> Result<Vec<u64>, Refused> {
    let mut bytes = vec![0; count * size_of::<u64>()];
    getrandom::fill(&mut bytes).map_err(|error| Refused::Fault(error.to_string()))?;
    let (numbers, _) = bytes.as_chunks();
    Ok(numbers.iter().copied().map(u64::from_le_bytes).collect())
}

fn wrong_config(details: &str) -> Refused {
    refuse(Key::InvalidCodeConfig, format!("/code_config: {details}"))
}

pub(super) type Own = Option<Box<(Campaign, Offer)>>;

pub(super) fn make(
    app: &App,
    new: &New<'_>,
    of: (&VoucherCreate, VoucherId),
    own: Own,
) -> Result<Made, Refused> {
    let input = of.0;
    let code = chosen_or_drawn(input.code.as_deref(), input.code_config.as_ref())?;
    let named = (code.as_str(), extra_of(input)?);
    put_together(app, new, of, (named, own))
}

fn chosen_or_drawn(chosen: Option<&str>, config: Option<&CodeConfig>) -> Result<String, Refused> {
    let code = match chosen {
        Some(code) => codes::normalise(code),
        None => {
            let space = space_of(config)?;
            space.code(Share::WHOLE, &numbers(space.draws())?)
        }
    };
    if code.is_empty() || code.len() > codes::MAX_BYTES {
        let most = codes::MAX_BYTES;
        let details = format!("/code: from 1 to {most} bytes");
        return Err(refuse(Key::InvalidPayload, details));
    }
    Ok(code)
}

/// A voucher under a code that fits, with what is kept beside it.
fn put_together(
    app: &App,
    new: &New<'_>,
    (input, id): (&VoucherCreate, VoucherId),
    ((code, extra), own): ((&str, Value), Own),
) -> Result<Made, Refused> {
    let voucher = input.to_voucher(id, new.offer, code);
    let voucher = voucher.map_err(|wrong| impossible(&wrong))?;
    let booking = match voucher.kind {
        VoucherKind::GiftCard { amount } => loaded(app, (&voucher, new.campaign), amount)?,
        VoucherKind::LoyaltyCard { points } => {
            let lot = Lot {
                day: last_day(input, new),
                points,
            };
            added(app, (&voucher, new.campaign), lot)?
        }
        VoucherKind::Discount => Booking::default(),
    };
    let expiring = match voucher.kind {
        VoucherKind::LoyaltyCard { points: 1.. } => {
            loyalty::expiring(last_day(input, new), voucher.id)
        }
        _ => None,
    };
    let stored = Stored {
        thing: Issued {
            voucher,
            campaign: new.campaign.id,
            own,
            decision: None,
            published: None,
            refers: new.refers,
            edition: None,
            value: None,
            asks: None,
        },
        extra,
        created_at: new.now,
        updated_at: None,
    };
    let mut writes = issue(&stored)?;
    writes.extend(expiring.clone());
    Ok(Made {
        stored,
        writes,
        booking,
        expiring,
    })
}

/// What is kept of an input beside the voucher: what was sent, and nothing where nothing was.
fn extra_of(input: &VoucherCreate) -> Result<Value, Refused> {
    let extra = serde_json::to_value(input).map_err(|error| Refused::Fault(error.to_string()))?;
    let Value::Object(mut members) = extra else {
        return Ok(Value::Null);
    };
    members.retain(|_, member| !member.is_null());
    Ok(match members.is_empty() {
        true => Value::Null,
        false => Value::Object(members),
    })
}

/// The last day of the points that a card begins with.
fn last_day(input: &VoucherCreate, new: &New<'_>) -> u32 {
    let lapse = input
        .loyalty_card
        .and_then(|card| card.lapse().ok().flatten());
    lapse.map_or(offers::NEVER, |lapse| {
        lapse.last_day(new.now, &new.campaign.zone)
    })
}

fn added(
    app: &App,
    (voucher, campaign): (&Voucher, &Campaign),
    lot: Lot,
) -> Result<Booking, Refused> {
    let card = PointsCard {
        programme: campaign.id,
        card: voucher.id,
    };
    let happening = Happening::PointsMoved {
        card: &card,
        lots: &[lot],
        way: CardMove::Added,
    };
    Ok(book(&happening, app.next_id()?))
}

fn loaded(
    app: &App,
    (voucher, campaign): (&Voucher, &Campaign),
    amount: u64,
) -> Result<Booking, Refused> {
    if amount > wire::voucherify::MAX_MINOR {
        return Err(refuse(Key::InvalidGift, "/gift/amount: too large"));
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
