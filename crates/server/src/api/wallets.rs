//! What does a customer hold?

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use axum::extract::{Path, State};
use decision::GrantState;
use ledger::Timestamp;
use offers::{
    Benefit, Campaign, Offer, VoucherId, VoucherKind,
    chart::{self, Occasion, counters},
};
use profiles::CustomerId;
use store::{Kind, Page, View};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    decisions::{
        BenefitView, GiftCardView, GrantStateView, GrantView, PointsView, RedeemableRef, WalletView,
    },
    ids::{self, Tag},
    voucherify::RedeemableKind,
};

use crate::{
    api::vouchers::standing,
    app::App,
    auth::{Caller, CustomersRead},
    configuration::{Compiled, Stored},
    once::Answer,
    people::{Granted, People, Person},
    problem::Refused,
    vouchers::{self, Issued, OF_HOLDER, under_both},
};

/// Vouchers of one customer that a wallet shows.
const MAX_HELD: u32 = 200;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(wallet))
}

/// Open grants with their codes, codes assigned by hand, gift cards and points.
#[utoipa::path(get, path = "/v1/wallets/{customer}", params(("customer" = String, Path)),
    responses(
        (status = 200, description = "The wallet.", body = WalletView),
        (status = 404, description = "There is no such customer.")
    )
)]
async fn wallet(
    State(app): State<App>,
    caller: Caller<CustomersRead>,
    Path(id): Path<String>,
) -> Result<Answer, Refused> {
    let compiled = app.compiled(caller.project).await?;
    let mut people = People::open(&app, caller.project)?;
    let found = people.named(&id).await?;
    let customer = found.ok_or_else(|| Refused::NotFound {
        what: "customer",
        id: id.clone(),
    })?;
    let person = people.person(customer).cloned().unwrap_or_default();
    let mut wallet = Wallet {
        compiled: &compiled,
        person: &person,
        now: caller.now,
        processes: app.processes(),
        view: people.view(),
    };
    Answer::ok(&wallet.show(customer).await?)
}

struct Wallet<'a> {
    compiled: &'a Compiled,
    person: &'a Person,
    now: Timestamp,
    /// Whose slices of what is lent are looked at.
    processes: Arc<Vec<u64>>,
    view: &'a mut View,
}

impl Wallet<'_> {
    async fn show(&mut self, customer: CustomerId) -> Result<WalletView, Refused> {
        let mut grants = Vec::new();
        let mut shown = BTreeSet::new();
        let person = self.person;
        let open = person.grants.iter().filter(|granted| {
            granted.grant.state == GrantState::Open && granted.grant.until > self.now
        });
        for granted in open.copied().collect::<Vec<_>>() {
            shown.insert(granted.voucher);
            grants.extend(self.granted(granted).await?);
        }
        let mut gift_cards = Vec::new();
        for held in self.held().await? {
            let voucher = &held.thing.voucher;
            match voucher.kind {
                VoucherKind::GiftCard { .. } => gift_cards.extend(self.gift_card(&held).await?),
                VoucherKind::Discount if !shown.contains(&voucher.id) => {
                    grants.extend(self.assigned(&held).await?);
                }
                VoucherKind::Discount | VoucherKind::LoyaltyCard { .. } => {}
            }
        }
        Ok(WalletView {
            customer_id: ids::format(Tag::Customer, customer.0),
            grants,
            gift_cards,
            points: self.points().await?,
        })
    }

    fn ids(&self) -> impl Iterator<Item = u64> + use<'_> {
        let former = self.person.former.iter().copied();
        former.chain([self.person.id]).map(|id| id.0)
    }

    async fn held(&mut self) -> Result<Vec<Stored<Issued>>, Refused> {
        let page = Page {
            after: 0,
            limit: MAX_HELD,
            newest_first: true,
        };
        let mut found = Vec::new();
        for holder in self.ids().collect::<Vec<_>>() {
            found.extend(under_both(self.view, OF_HOLDER, (holder, page)).await?);
        }
        let mut held = Vec::with_capacity(found.len());
        for id in found {
            held.extend(self.issued(id).await?);
        }
        let now = self.now;
        held.retain(|one| is_open(&one.thing, now));
        Ok(held)
    }

    async fn issued(&mut self, id: u64) -> Result<Option<Stored<Issued>>, Refused> {
        let record = self.view.get(Kind::Voucher, id).await?;
        record
            .map(|record| vouchers::read(&record.body))
            .transpose()
    }

    /// What a decision granted.
    async fn granted(&mut self, granted: Granted) -> Result<Option<GrantView>, Refused> {
        let Granted {
            grant,
            voucher,
            decision,
            ..
        } = granted;
        let issued = match voucher {
            VoucherId(0) => None,
            VoucherId(id) => self.issued(id).await?,
        };
        let of_tier = self.compiled.of(grant.offer);
        let standing = match &issued {
            Some(issued) => standing(self.compiled, issued).ok(),
            None => {
                of_tier.map(|(offer, campaign)| (Cow::Borrowed(campaign), Cow::Borrowed(offer)))
            }
        };
        let Some((campaign, offer)) = standing else {
            return Ok(None);
        };
        let shown = Shown {
            id: ids::format(Tag::Grant, decision),
            code: issued
                .as_ref()
                .map(|issued| issued.thing.voucher.code.to_string()),
            at: grant.at,
            until: grant.until,
        };
        Ok(Some(shown.view(&offer, &campaign)))
    }

    /// A code that somebody put in the wallet by hand.
    async fn assigned(&mut self, held: &Stored<Issued>) -> Result<Option<GrantView>, Refused> {
        let voucher = &held.thing.voucher;
        let Ok((campaign, offer)) = standing(self.compiled, held) else {
            return Ok(None);
        };
        let occasion = Occasion {
            customer: Some(self.person.id.0),
            at: self.now,
            ..Occasion::default()
        };
        for counter in counters(&campaign, Some(voucher), &occasion) {
            let parts = match counter.lender {
                None => vec![counter.account.id],
                Some(_) => counter.parts(&self.processes),
            };
            let parts = self.view.accounts(&parts).await?;
            if counter.left_of(&parts) == 0 {
                return Ok(None);
            }
        }
        let shown = Shown {
            id: ids::format(Tag::Voucher, voucher.id.0),
            code: Some(voucher.code.to_string()),
            at: held.created_at,
            // Told as null: it has no end.
            until: voucher.validity.until.unwrap_or(Timestamp::MAX),
        };
        Ok(Some(shown.view(&offer, &campaign)))
    }

    async fn gift_card(&mut self, held: &Stored<Issued>) -> Result<Option<GiftCardView>, Refused> {
        let Issued {
            voucher,
            own,
            campaign,
            ..
        } = &held.thing;
        let of_campaign = self.compiled.campaigns.get(campaign);
        let campaign = own.as_deref().map(|own| &own.0);
        let currency = campaign.or(of_campaign.map(|stored| &stored.thing));
        let Some(currency) = currency.map(|campaign| campaign.currency) else {
            return Ok(None);
        };
        let account = self.view.account(chart::gift_balance(voucher.id)).await?;
        Ok(Some(GiftCardView {
            code: voucher.code.to_string(),
            balance: account.and_then(|one| one.available()).unwrap_or(0),
            currency: String::from_utf8_lossy(&currency.0).into_owned(),
            expires_at: voucher.validity.until,
        }))
    }

    /// Of every campaign that gives points, under the campaign's number.
    async fn points(&mut self) -> Result<Vec<PointsView>, Refused> {
        let offers = self.compiled.offers.values().map(|stored| &stored.thing);
        let programmes: BTreeSet<u64> = offers
            .filter(|offer| matches!(offer.benefit, Benefit::PointsBack { .. }))
            .map(|offer| offer.campaign.0)
            .collect();
        let mut points = Vec::new();
        for programme in programmes {
            let mut balance: u64 = 0;
            for id in self.ids().collect::<Vec<_>>() {
                let account = self.view.account(chart::points(programme, id)).await?;
                let owed = account.and_then(|one| one.available()).unwrap_or(0);
                balance = balance.saturating_add(owed);
            }
            points.push(PointsView {
                programme: ids::format(Tag::Campaign, programme),
                balance,
            });
        }
        Ok(points)
    }
}

fn is_open(issued: &Issued, now: Timestamp) -> bool {
    let voucher = &issued.voucher;
    let is_in_time = voucher.validity.until.is_none_or(|until| until >= now);
    voucher.active && is_in_time
}

struct Shown {
    id: String,
    code: Option<String>,
    at: Timestamp,
    until: Timestamp,
}

impl Shown {
    fn view(self, offer: &Offer, campaign: &Campaign) -> GrantView {
        let redeemable = match &self.code {
            Some(code) => RedeemableRef {
                object: RedeemableKind::Voucher,
                id: code.clone(),
            },
            None => RedeemableRef {
                object: RedeemableKind::PromotionTier,
                id: ids::format(Tag::Tier, offer.id.0),
            },
        };
        GrantView {
            id: self.id,
            redeemable,
            campaign_id: ids::format(Tag::Campaign, campaign.id.0),
            name: offer.name.to_string(),
            code: self.code,
            benefit: BenefitView::of(offer, campaign.currency),
            state: GrantStateView::Open,
            granted_at: self.at,
            expires_at: self.until,
        }
    }
}
