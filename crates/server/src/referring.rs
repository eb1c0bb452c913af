//! Who was referred by whom, when does it count, and what is the referee given for it?

use offers::{
    Booking, Campaign, CardMove, GiftCard, Happening, Lot, OfferId, Refusal, VoucherKind, book,
};
use profiles::CustomerId;
use store::{Expect, Index, Kind, Page, Write};
use wire::voucherify::{
    CampaignType, ConversionEvent, Event, Gift, HolderRole, LoyaltyCard, RefereeReward,
    ReferralProgram, VoucherType,
};

use crate::{
    api::{
        At, campaigns,
        vouchers::{self, New},
    },
    catalogue::offers_of,
    compact::Compact,
    configuration::{Compiled, Stored},
    holding::{self, Holder, numbers, referee},
    jobs,
    loyalty::{self, Note},
    people::People,
    problem::Refused,
    publishing::hand_over,
    vouchers::{Issued, key, read},
    webhooks,
};

/// Codes of one customer that are looked through for a card.
const CARDS: Page = Page {
    after: 0,
    limit: 200,
    newest_first: false,
};

/// What stands between a customer and a code that refers.
#[derive(Clone, Debug, Default)]
pub struct Referral {
    pub barred: Option<Refusal>,
    /// As whom they joined before, by this code, and the version of the record.
    pub joined: Option<(Holder, u64)>,
}

/// Whether a customer may be referred by a code.
///
/// # Errors
/// When the store cannot be read.
pub async fn of_customer(
    people: &mut People<'_>,
    (customer, issued): (Option<CustomerId>, &Issued),
) -> Result<Referral, Refused> {
    let barred = |refusal| Referral {
        barred: Some(refusal),
        joined: None,
    };
    let Some(person) = customer.and_then(|id| people.person(id)).cloned() else {
        return Ok(match customer {
            // Somebody new, whom nobody referred.
            Some(_) => Referral::default(),
            None => barred(Refusal::SignInRequired),
        });
    };
    if issued
        .holder()
        .is_some_and(|holder| person.answers_to(holder))
    {
        return Ok(barred(Refusal::OwnReferral));
    }
    let joined = referee(people.view(), issued.campaign, &person).await?;
    Ok(match joined {
        Some((holder, _)) if holder.voucher != issued.voucher.id => barred(Refusal::ReferredBefore),
        joined => Referral {
            barred: None,
            joined,
        },
    })
}

/// What makes a referral count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign<'a> {
    /// Nothing yet: the customer only joins.
    Joining,
    Redemption,
    /// The shop says that something of its own happened.
    Event(&'a str),
}

impl Sign<'_> {
    /// Whether a programme waits for it.
    fn is_of(self, program: &ReferralProgram) -> bool {
        match (self, program.conversion_event_type) {
            (Self::Redemption, ConversionEvent::Redemption) => true,
            (Self::Event(name), ConversionEvent::CustomEvent) => {
                let event = program.custom_event.as_ref();
                event.and_then(|event| event.name.as_deref()) == Some(name)
            }
            _ => false,
        }
    }
}

/// What a referral writes and moves, and what must still be so for it.
#[derive(Default)]
pub struct Referred {
    pub expects: Vec<Expect>,
    pub writes: Vec<Write>,
    pub booking: Booking,
    /// The referee, as they are now.
    pub holder: Option<Holder>,
}

impl Referred {
    /// Adds what another referral writes and moves.
    pub fn take(&mut self, other: Self) {
        self.expects.extend(other.expects);
        self.writes.extend(other.writes);
        self.booking = std::mem::take(&mut self.booking).then(other.booking);
    }
}

/// By which code a customer is referred, and as what the shop knows that.
pub struct By<'a> {
    pub customer: u64,
    pub issued: &'a Issued,
    pub campaign: &'a Stored<Campaign>,
    pub joined: Option<(Holder, u64)>,
    pub metadata: Compact,
}

/// Has a customer join a code, and gives them their reward where that makes the referral count.
///
/// # Errors
/// When the store cannot be read.
pub async fn refer(
    at: At<'_>,
    people: &mut People<'_>,
    (by, sign): (By<'_>, Sign<'_>),
) -> Result<Referred, Refused> {
    let input = campaigns::input_of(by.campaign)?;
    let program = input.referral_program.clone().unwrap_or_default();
    let mut referred = Referred::default();
    let (mut holder, version) = match by.joined {
        Some(known) => known,
        None => {
            let as_referee = (by.customer, HolderRole::Referee);
            let of = (by.issued, input.campaign_type);
            let mut new = Holder::new(at.app.next_id()?, as_referee, of, at.now);
            new.metadata = by.metadata;
            (new, 0)
        }
    };
    let counts = holder.converted_at.is_none() && sign.is_of(&program);
    if counts {
        holder.converted_at = Some(at.now);
        if let Some(reward) = &program.referee_reward {
            let customer = CustomerId(by.customer);
            referred = rewarded(at, people, (customer, reward)).await?;
            let told = told(at, (by.customer, reward), &referred).await?;
            referred.writes.extend(told);
        }
    }
    if version == 0 {
        referred.writes.extend(holder.writes()?);
    } else if counts {
        referred.writes.push(holder.put()?);
    }
    referred.expects.push(holding::expect(holder.id, version));
    referred.holder = Some(holder);
    Ok(referred)
}

/// Money or points put on the card that the referee holds of the reward's campaign, or on a new
/// one. Where the campaign has gone there is nothing to put them on.
async fn rewarded(
    at: At<'_>,
    people: &mut People<'_>,
    (customer, reward): (CustomerId, &RefereeReward),
) -> Result<Referred, Refused> {
    let nothing = Referred::default();
    let compiled = at.app.compiled(at.project).await?;
    let name = reward.campaign().unwrap_or_default();
    let campaign = match campaigns::find(at.app, (at.project, &compiled), name).await {
        Ok(campaign) => campaign,
        Err(Refused::Dialect(..)) => return Ok(nothing),
        Err(other) => return Err(other),
    };
    let kind = match reward.kind {
        Some(VoucherType::LoyaltyCard) => CampaignType::LoyaltyProgram,
        _ => CampaignType::GiftVouchers,
    };
    if campaigns::kind_of(&campaign)? != kind {
        return Ok(nothing);
    }
    if let Some(known) = card_of(people, customer, (&campaign, at.now)).await? {
        return onto(at, (&compiled, &campaign), (&known, reward.amount));
    }
    let offer = offers_of(&compiled, campaign.thing.id).next();
    let offer = offer.map(|offer| offer.thing.id);
    match offer {
        Some(offer) => new_card(at, (&compiled, customer, reward), (&campaign, offer)),
        None => Ok(nothing),
    }
}

/// What tells that a customer was given a reward, where there was a card to put it on.
async fn told(
    at: At<'_>,
    (customer, reward): (u64, &RefereeReward),
    referred: &Referred,
) -> Result<Vec<Write>, Refused> {
    if referred.booking.chain.is_empty() {
        return Ok(Vec::new());
    }
    let mut shown = webhooks::customer(customer);
    if let Some(members) = shown.as_object_mut() {
        let given = serde_json::json!({"type": reward.kind, "amount": reward.amount});
        members.insert("reward".into(), given);
    }
    let mut writes = webhooks::tell(at, Event::CustomerRewarded, &shown).await?;
    if reward.kind == Some(VoucherType::LoyaltyCard) {
        writes.extend(webhooks::tell(at, Event::CustomerRewardedPoints, &shown).await?);
    }
    Ok(writes)
}

/// So much more on a card that is there.
fn onto(
    at: At<'_>,
    (compiled, campaign): (&Compiled, &Stored<Campaign>),
    ((card, version), amount): (&(Issued, u64), u64),
) -> Result<Referred, Refused> {
    let chain = at.app.next_id()?;
    let mut referred = Referred {
        expects: vec![Expect {
            kind: Kind::Voucher,
            id: card.voucher.id.0,
            version: *version,
        }],
        ..Referred::default()
    };
    let Some(points) = card.card() else {
        let card = GiftCard {
            campaign: campaign.thing.id,
            voucher: card.voucher.id,
            currency: campaign.thing.currency,
        };
        let happening = Happening::GiftLoaded {
            card: &card,
            amount,
        };
        referred.booking = book(&happening, chain);
        return Ok(referred);
    };
    let programme = compiled.loyalty.programme(campaign.thing.id);
    let lapse = programme.and_then(|programme| programme.lapse);
    let lot = Lot {
        day: lapse.map_or(offers::NEVER, |lapse| {
            lapse.last_day(at.now, &compiled.settings.zone)
        }),
        points: amount,
    };
    let happening = Happening::PointsMoved {
        card: &points,
        lots: &[lot],
        way: CardMove::Added,
    };
    referred.booking = book(&happening, chain);
    let reason = Some("referral".to_owned());
    let note = Note {
        reason,
        ..Note::default()
    };
    referred.writes.push(note.put(chain)?);
    let expiring = loyalty::expiring(lot.day, points.card);
    referred.writes.extend(expiring);
    Ok(referred)
}

/// A card with the reward on it, beside what all cards of its campaign begin with.
fn new_card(
    at: At<'_>,
    (compiled, customer, reward): (&Compiled, CustomerId, &RefereeReward),
    (campaign, offer): (&Stored<Campaign>, OfferId),
) -> Result<Referred, Refused> {
    let input = campaigns::input_of(campaign)?;
    let mut config = input.voucher.clone().unwrap_or_default();
    if reward.kind == Some(VoucherType::LoyaltyCard) {
        let card = config.loyalty_card.unwrap_or_default();
        config.loyalty_card = Some(LoyaltyCard {
            points: card.points.saturating_add(reward.amount),
            ..card
        });
    } else {
        let gift = config.gift.unwrap_or_default();
        config.gift = Some(Gift {
            amount: gift.amount.saturating_add(reward.amount),
            ..gift
        });
    }
    let new = New {
        campaign: &campaign.thing,
        offer,
        now: at.now,
        refers: false,
    };
    let mut made = vouchers::of_campaign(at.app, &new, (&config, &Default::default()))?;
    let to = (customer.0, Some(&input), compiled);
    let handed = hand_over(at, (&mut made.stored, 0), to)?;
    let expiring = made.expiring.into_iter();
    Ok(Referred {
        expects: handed.expects,
        writes: handed.writes.into_iter().chain(expiring).collect(),
        booking: made.booking,
        holder: None,
    })
}

/// The oldest card of a campaign that a customer holds and that can still be used.
async fn card_of(
    people: &mut People<'_>,
    customer: CustomerId,
    (campaign, now): (&Stored<Campaign>, i64),
) -> Result<Option<(Issued, u64)>, Refused> {
    let Some(person) = people.person(customer).cloned() else {
        return Ok(None);
    };
    for number in numbers(&person) {
        let view = people.view();
        let number = key(number.0);
        let found = view.find(Index::VouchersOfCustomer, &number, CARDS).await?;
        for record in view.get_many(Kind::Voucher, &found).await?.iter().flatten() {
            let issued = read(&record.body)?.thing;
            let is_card = !matches!(issued.voucher.kind, VoucherKind::Discount);
            let is_of = issued.campaign == campaign.thing.id && issued.own.is_none();
            if is_card && is_of && issued.voucher.active && !jobs::is_over(&issued, now) {
                return Ok(Some((issued, record.version)));
            }
        }
    }
    Ok(None)
}
