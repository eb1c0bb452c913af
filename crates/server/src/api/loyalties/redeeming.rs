//! Points buy a reward: a code of another campaign, a product, or money off an order.

use std::sync::Arc;

use ledger::Minor;
use offers::{
    CampaignId, Gave, GiftCard, Happening, Offer, Priced, Redeemable, Refusal, Rewarded, Spent,
    VoucherKind, book, chart, draw,
};
use serde_json::Value;
use store::{Command, Expect, Outcome};
use wire::{
    ids::{self, Tag},
    voucherify::{
        CampaignVouchersCreate, CustomerInput, ErrorBody, Inapplicable, Key, OrderInput,
        RedeemableInput, RedeemableKind, RedemptionRequest, RedemptionView, RewardRedemption,
        RewardType,
    },
};

use super::*;
use crate::{
    activity,
    api::{
        dialect::{self, refuse},
        redemptions, told,
        vouchers::{self, Made, New},
    },
    auth::Redeem,
    catalogue::offers_of,
    checkout::{self, Counts, For, Redemption, RedemptionState, Sale, Till, Used, UsedCard},
    compact::Compact,
    loyalty::{self, Offered},
    telemetry::request_id,
    vouchers::Issued,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(of_member_in))
        .routes(routes!(of_member))
}

/// Spend points of a member's card on a reward.
#[utoipa::path(post, path = "/v1/loyalties/{id}/members/{member}/redemption",
    request_body = RewardRedemption, responses((status = 200, body = RedemptionView)))]
async fn of_member_in(
    State(app): State<App>,
    caller: Caller<Redeem>,
    Path((campaign, member)): Path<(String, String)>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    bought(&app, &caller, (Some(&campaign), &member), (&headers, &body)).await
}

/// Spend points of a member's card on a reward.
#[utoipa::path(post, path = "/v1/loyalties/members/{member}/redemption",
    request_body = RewardRedemption, responses((status = 200, body = RedemptionView)))]
async fn of_member(
    State(app): State<App>,
    caller: Caller<Redeem>,
    Path(member): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    bought(&app, &caller, (None, &member), (&headers, &body)).await
}

async fn bought(
    app: &App,
    caller: &Caller<Redeem>,
    which: (Option<&str>, &str),
    (headers, body): (&HeaderMap, &Bytes),
) -> Result<Answer, Refused> {
    let call = format!("POST /v1/loyalties/members/{}/redemption", which.1);
    let once = once::Key::of(headers, caller.project, (&call, body))?;
    let request: RewardRedemption = parse(body)?;
    let at = At::of(app, caller);
    let bought = async {
        let (issued, _) = super::members::find(at, which).await?;
        let offered = named(at, &issued.thing, &request).await?;
        if offered.reward.stored.thing.kind() == RewardType::Coin {
            return money_off(app, caller, (&issued, &request), once).await;
        }
        retry(|| attempt(app, caller, which, (&request, once))).await
    };
    match bought.await {
        Err(refusal @ Refused::Dialect(..)) => {
            once::refused(At::of(app, caller), (once, refusal)).await
        }
        other => other,
    }
}

/// The reward that is asked for.
async fn named(
    at: At<'_>,
    issued: &Issued,
    request: &RewardRedemption,
) -> Result<Offered, Refused> {
    let name = request
        .reward
        .as_ref()
        .and_then(|reward| reward.id.as_deref());
    let missing = || refuse(Key::MissingReward, "/reward/id: is required");
    let name = name.ok_or_else(missing)?;
    let mut view = at.app.store().view(at.project)?;
    let found = loyalty::offered(&mut view, (issued.campaign, name)).await?;
    found.ok_or_else(|| not_found("reward", name))
}

/// A coin is used as it is at the till: on an order.
async fn money_off(
    app: &App,
    caller: &Caller<Redeem>,
    (issued, request): (&Stored<Issued>, &RewardRedemption),
    once: Option<once::Key>,
) -> Result<Answer, Refused> {
    let asked = RedemptionRequest {
        redeemables: vec![as_put_forward(&issued.thing, request)],
        order: request.order.clone(),
        customer: holder_of(&issued.thing),
        metadata: request.metadata.clone(),
        ..RedemptionRequest::default()
    };
    if asked.order.is_none() {
        return Err(refuse(Key::MissingOrder, "a coin takes money off an order"));
    }
    let answer = redemptions::use_all(app, caller, (&asked, once)).await?;
    let body = answer.view()?;
    let first = body.get("redemptions").and_then(|all| all.get(0));
    match first.cloned() {
        Some(first) => answer.showing(&first),
        None => Ok(answer),
    }
}

/// What a reward costs on a card with so many points; `None` of one that says so itself.
#[must_use]
pub fn price(
    compiled: &Compiled,
    (programme, balance): (CampaignId, Minor),
    offered: &Offered,
) -> Option<Minor> {
    let price = offered.stored.thing.price()?;
    let programme = compiled.loyalty.programme(programme);
    let tier = programme.and_then(|programme| offers::tier_of(&programme.tiers, balance));
    let mapping = tier.and_then(|tier| tier.prices.get(&offered.id));
    Some(mapping.map_or(price, |mapping| mapping.of(price)))
}

async fn attempt(
    app: &App,
    caller: &Caller<Redeem>,
    which: (Option<&str>, &str),
    (request, once): (&RewardRedemption, Option<once::Key>),
) -> Result<Option<Answer>, Refused> {
    let at = At::of(app, caller);
    let compiled = at.app.compiled(at.project).await?;
    let (issued, version) = super::members::find(at, which).await?;
    let offered = named(at, &issued.thing, request).await?;
    let (campaign, offer) = vouchers::standing(&compiled, &issued)?;
    let Some(card) = issued.thing.card() else {
        return Err(not_found("voucher", which.1));
    };
    let mut view = at.app.store().view(at.project)?;
    let today = compiled.day(at.now);
    let before = loyalty::counts(&mut view, (at.project, card, today)).await?;
    let lots = loyalty::balance_of(&mut view, (at.project, card.card)).await?;
    drop(view);
    let price = price(&compiled, (card.programme, before.balance), &offered).unwrap_or(0);
    permitted(app, caller, (&issued.thing, request), price).await?;
    let lots = draw(&lots, price, today);
    let few = || refuse(Key::LoyaltyCardPointsExceeded, &*issued.thing.voucher.code);
    let reward = &offered.reward;
    let stock = match reward.stored.thing.stock {
        Some(stock) => Some(crate::api::rewards::stock(at, (reward.id, stock)).await?),
        None => None,
    };
    let given = match reward.stored.thing.kind() {
        RewardType::Campaign => Some(code(at, &compiled, (&offered, &issued.thing)).await?),
        RewardType::Material | RewardType::Coin => None,
    };
    let buying = Buying {
        at,
        request,
        issued: &issued,
        standing: (&campaign, &offer),
        price,
        offered: &offered,
        given,
        before,
    };
    let rewarded = Rewarded {
        spent: Spent {
            card,
            lots: &lots.ok_or_else(few)?,
            points: price,
        },
        reward: reward.id,
        stock: stock.as_ref(),
        gift: buying.given.as_ref().and_then(|given| given.gift),
    };
    buying.submit(&rewarded, (version, once)).await
}

fn expect(kind: Kind, id: u64, version: u64) -> Expect {
    Expect { kind, id, version }
}

/// None are left of the reward; or the points were spent in between, and the next attempt finds
/// what is left.
fn refused_or_again<T>(
    rejection: &ledger::Rejection,
    issued: &Stored<Issued>,
) -> Result<Option<T>, Refused> {
    let refusal = match rejection {
        ledger::Rejection::LimitReached(account) => chart::refusal(*account),
        _ => None,
    };
    match refusal {
        Some(Refusal::UsedUp) => {
            let code = &*issued.thing.voucher.code;
            Err(refuse(
                Key::QuantityExceeded,
                format!("{code}: none are left of it"),
            ))
        }
        _ => Ok(None),
    }
}

/// Whether the card may be used for the reward now, by its holder: what is asked at the till is
/// asked here, too, of the order and the metadata that the call brings.
async fn permitted(
    app: &App,
    caller: &Caller<Redeem>,
    (issued, request): (&Issued, &RewardRedemption),
    price: Minor,
) -> Result<(), Refused> {
    let holder = holder_of(issued);
    let call = checkout::Call {
        project: caller.project,
        key: caller.key,
        now: caller.now,
        customer: holder.as_ref(),
        order: request.order.as_ref(),
        metadata: request.metadata.as_ref(),
        session: None,
        purpose: For::Looking,
    };
    let mut till = Till::open(app, &call).await?;
    let card = [as_put_forward(issued, request)];
    till.put_forward(&card).await?;
    let found = till.offered.first_mut().and_then(|one| one.found.as_mut());
    found.into_iter().for_each(|found| found.tell_points(price));
    let found = till.offered.first().and_then(|one| one.found.as_ref());
    let barred = match found {
        Some(found) => till.barred(found),
        None => Some(Refusal::NotFound),
    };
    let said = barred.map(|refusal| Inapplicable::of(&refusal, &card[0], &request_id()));
    match said {
        Some(Inapplicable::Error(body)) => {
            let mut body = of_card(*body);
            told::tell(&mut till, (0, &mut body)).await?;
            Err(dialect::dialect(&body))
        }
        Some(Inapplicable::Skipped(_)) | None => Ok(()),
    }
}

/// What is said of a card as of any code, as those who pay with points know it.
fn of_card(body: ErrorBody) -> ErrorBody {
    let off = [
        Key::VoucherDisabled,
        Key::VoucherNotActive,
        Key::VoucherExpired,
    ];
    if !off.iter().any(|key| key.wire().1 == body.key) {
        return body;
    }
    let (code, key, message) = Key::LoyaltyCardNotActive.wire();
    ErrorBody {
        code,
        key: key.into(),
        message: message.into(),
        ..body
    }
}

/// Whoever holds a card, as a call names them.
pub(super) fn holder_of(issued: &Issued) -> Option<CustomerInput> {
    let holder = issued.voucher.holder?;
    Some(CustomerInput {
        id: Some(ids::format(Tag::Customer, holder)),
        ..CustomerInput::default()
    })
}

/// A card, put forward for the reward that is asked for.
fn as_put_forward(issued: &Issued, request: &RewardRedemption) -> RedeemableInput {
    RedeemableInput {
        object: RedeemableKind::Voucher,
        id: ids::format(Tag::Voucher, issued.voucher.id.0),
        gift: None,
        reward: request.reward.clone(),
    }
}

/// A code of the campaign that the reward names, for whoever holds the card.
async fn code(
    at: At<'_>,
    compiled: &Arc<Compiled>,
    (offered, issued): (&Offered, &Issued),
) -> Result<Given, Refused> {
    let parameters = offered.reward.stored.thing.parameters.campaign.as_ref();
    let name = parameters
        .and_then(|one| one.id.as_deref())
        .unwrap_or_default();
    let campaign = campaigns::find(at.app, (at.project, compiled), name).await?;
    let offer = offers_of(compiled, campaign.thing.id).find(|offer| !offer.thing.is_tier);
    let no_codes = || {
        refuse(
            Key::InvalidVoucher,
            "the campaign of the reward has no codes",
        )
    };
    let offer = offer.ok_or_else(no_codes)?;
    let mut config = campaigns::input_of(&campaign)?.voucher.unwrap_or_default();
    let balance = parameters.and_then(|one| one.balance);
    if let (Some(balance), Some(gift)) = (balance, config.gift.as_mut()) {
        gift.amount = balance;
    }
    let new = New {
        campaign: &campaign.thing,
        offer: offer.thing.id,
        now: at.now,
        refers: false,
    };
    let made = vouchers::of_campaign(at.app, &new, (&config, &CampaignVouchersCreate::default()));
    let made = match issued.voucher.holder {
        Some(holder) => made?.held_by(holder, compiled)?,
        None => made?,
    };
    let standing = (&campaign.thing, &offer.thing);
    let told = serde_json::to_value(vouchers::new_view(&made.stored, standing));
    let voucher = &made.stored.thing.voucher;
    let gift = match voucher.kind {
        VoucherKind::GiftCard { amount } => {
            let card = GiftCard {
                campaign: campaign.thing.id,
                voucher: voucher.id,
                currency: campaign.thing.currency,
            };
            Some((card, amount))
        }
        VoucherKind::Discount => None,
        VoucherKind::LoyaltyCard { .. } => {
            return Err(refuse(
                Key::InvalidVoucher,
                "a reward gives no loyalty card",
            ));
        }
    };
    Ok(Given {
        told: told.map_err(|error| Refused::Fault(error.to_string()))?,
        made,
        gift,
    })
}

/// A code that a reward gives. What is put on a gift card is part of the chain that spends the
/// points, so that it is taken off again where the reward is given back.
struct Given {
    made: Made,
    gift: Option<(GiftCard, Minor)>,
    /// As it is shown.
    told: Value,
}

impl Given {
    fn number(&self) -> u64 {
        self.made.stored.thing.voucher.id.0
    }
}

/// A reward on its way to a member.
struct Buying<'a> {
    at: At<'a>,
    request: &'a RewardRedemption,
    issued: &'a Stored<Issued>,
    standing: (&'a Campaign, &'a Offer),
    price: Minor,
    offered: &'a Offered,
    given: Option<Given>,
    /// What was on the card.
    before: loyalty::CardCounts,
}

impl Buying<'_> {
    async fn submit(
        &self,
        rewarded: &Rewarded<'_>,
        (version, once): (u64, Option<once::Key>),
    ) -> Result<Option<Answer>, Refused> {
        let at = self.at;
        let id = at.app.next_id()?;
        let redemption = self.redemption(id)?;
        let booking = book(&Happening::Rewarded { reward: rewarded }, id);
        let answer = Answer::ok(&redemptions::shown_alone(&redemption)?)?;
        let mut writes = redemption.writes(Some(self.standing.0.id))?;
        writes.extend(activity::of(redemption.customer, id));
        let given = self.given.iter().flat_map(|given| &given.made.writes);
        writes.extend(given.cloned());
        let reward = &self.offered.reward;
        let command = Command {
            now: at.now,
            once: once.map(|key| key.once(&answer)),
            expects: vec![
                expect(Kind::Voucher, self.issued.thing.voucher.id.0, version),
                expect(Kind::Reward, reward.id, reward.version),
            ],
            openings: booking.openings,
            chain: booking.chain,
            ..crate::setup::writes(at.project, writes)
        };
        match answer.after(at.app.submit(command).await?)? {
            Ok(answer) => Ok(Some(answer)),
            Err(Outcome::Rejected { rejection, .. }) => refused_or_again(&rejection, self.issued),
            Err(Outcome::Stale { .. }) => Ok(None),
            Err(other) => Err(Refused::Fault(format!(
                "a reward was not bought: {other:?}"
            ))),
        }
    }

    fn redemption(&self, id: u64) -> Result<Redemption, Refused> {
        let used = vouchers::as_used(self.issued, self.standing, Counts::default())?;
        let reward = &self.offered.reward;
        let assignment = Some(self.offered.id);
        let mut told = reward
            .stored
            .thing
            .rewarded(reward.id, assignment, self.at.now);
        told.voucher = self.given.as_ref().map(|given| given.told.clone());
        let voucher = &self.issued.thing.voucher;
        Ok(Redemption {
            id,
            parent: None,
            children: Vec::new(),
            order: None,
            customer: voucher.holder,
            redeemable: Some(Redeemable::Voucher(voucher.id)),
            decision: None,
            gave: Gave {
                rest: self.price,
                ..Gave::default()
            },
            state: RedemptionState::Succeeded,
            rollbacks: Vec::new(),
            used: Used::Card(Box::new(UsedCard {
                used,
                counts: loyalty::CardCounts {
                    balance: self.before.balance.saturating_sub(self.price),
                    spent: self.before.spent.saturating_add(self.price),
                    ..self.before
                },
                points: self.price,
                reward: Compact::of(&told)?,
                gave: self.given.as_ref().map(Given::number),
            })),
            sale: Some(Box::new(self.sale()?)),
        })
    }

    /// No goods are sold.
    fn sale(&self) -> Result<Sale, Refused> {
        Ok(Sale {
            input: Compact::of(&OrderInput::default())?,
            priced: Priced {
                amount: 0,
                lines: Vec::new(),
                discounts: Vec::new(),
                on_order: 0,
                shipping: 0,
                total: 0,
            },
            date: self.at.now,
            tracking_id: None,
            metadata: Compact::of(&self.request.metadata)?,
            session: None,
            created_at: None,
            earlier: Vec::new(),
            skipped: Compact::default(),
            inapplicable: Compact::default(),
        })
    }
}
