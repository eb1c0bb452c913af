//! What do the terms of a story come to, in the words of the core?

use decision::{Guardrail, Policy};
use offers::{
    Benefit, Campaign, CampaignId, Cap, CapUnit, Commitment, Formula, Happening, Joining, Lending,
    Offer, OfferId, Period, Reach, Scope, Sku, Spread, Stacking, UnitFree, Validity, Voucher,
    VoucherId, VoucherKind, Zone,
};
use rules::{Condition, Schema, Type};

use super::{EUR, Memory, fault, rejected};
use crate::story::world::{
    self, Answer, CampaignTerms, CapOf, CodeTerms, GuardrailTerms, Minor, NeedsCode, PolicyTerms,
    Remainder, Timestamp, Trouble, Unit,
};

/// The campaign that all gift cards belong to.
const GIFT_CARDS: &str = "GIFT-CARDS";

impl Memory {
    pub(super) fn set_up(&mut self, terms: &CampaignTerms) -> Answer<()> {
        let rule = condition(terms.condition.as_deref().unwrap_or("true"))?;
        let scope = match &terms.category {
            Some(category) => {
                let of = condition(&format!("line.category == \"{category}\""))?;
                Scope::Lines(of.into())
            }
            None => Scope::Order,
        };
        let id = self.next_id();
        self.setup.campaigns.push(Campaign {
            id: CampaignId(id),
            name: terms.name.as_str().into(),
            active: true,
            validity: Validity::default(),
            rule,
            stacking: stacking(terms.stacking),
            priority: terms.priority,
            commitment: commitment(terms.commitment),
            currency: EUR,
            caps: caps(terms),
            after: Condition::Always,
            zone: Zone::UTC,
            lending: Lending::Off,
        });
        self.setup.offers.push(Offer {
            id: OfferId(id),
            campaign: CampaignId(id),
            name: terms.name.as_str().into(),
            active: true,
            validity: Validity::default(),
            rule: Condition::Always,
            benefit: benefit(terms),
            formula: formula(terms)?,
            scope,
            is_tier: terms.needs_code == NeedsCode::No,
            priority: 0,
            after: Condition::Always,
            bundle: None,
            grant_ms: terms.grant_ms,
        });
        Ok(())
    }

    pub(super) fn make_code(&mut self, terms: &CodeTerms) -> Answer<()> {
        let offer = self.offer_named(&terms.campaign)?.id;
        let holder = terms.holder.as_ref().map(|who| self.customer(who).0);
        let id = VoucherId(self.next_id());
        self.vouchers.push(Voucher {
            id,
            code: terms.code.as_str().into(),
            offer,
            kind: VoucherKind::Discount,
            active: true,
            validity: Validity::default(),
            quantity: terms.uses,
            holder,
        });
        Ok(())
    }

    pub(super) fn sell(&mut self, code: &str, amount: Minor, until: Timestamp) -> Answer<()> {
        if self.offer_named(GIFT_CARDS).is_err() {
            self.set_up_gift_cards();
        }
        let offer = self.offer_named(GIFT_CARDS)?;
        let (offer, campaign) = (offer.id, offer.campaign);
        let voucher = VoucherId(self.next_id());
        self.vouchers.push(Voucher {
            id: voucher,
            code: code.into(),
            offer,
            kind: VoucherKind::GiftCard { amount },
            active: true,
            validity: Validity::between(Some(self.now), Some(until - 1)),
            quantity: None,
            holder: None,
        });
        let card = offers::GiftCard {
            campaign,
            voucher,
            currency: EUR,
        };
        let loaded = Happening::GiftLoaded {
            card: &card,
            amount,
        };
        let booking = offers::book(&loaded, self.next_id());
        self.apply(&booking).map_err(rejected)
    }

    /// A gift card pays last, and beside everything.
    fn set_up_gift_cards(&mut self) {
        let id = self.next_id();
        self.setup.campaigns.push(Campaign {
            id: CampaignId(id),
            name: GIFT_CARDS.into(),
            active: true,
            validity: Validity::default(),
            rule: Condition::Always,
            stacking: Stacking::Always,
            priority: u16::MAX,
            commitment: Commitment::WhileBudgetLasts,
            currency: EUR,
            caps: Vec::new(),
            after: Condition::Always,
            zone: Zone::UTC,
            lending: Lending::Off,
        });
        self.setup.offers.push(Offer {
            id: OfferId(id),
            campaign: CampaignId(id),
            name: GIFT_CARDS.into(),
            active: true,
            validity: Validity::default(),
            rule: Condition::Always,
            benefit: Benefit::Credit,
            formula: None,
            scope: Scope::Order,
            is_tier: false,
            priority: 0,
            after: Condition::Always,
            bundle: None,
            grant_ms: 0,
        });
    }

    pub(super) fn adopt(&mut self, policy: &PolicyTerms) -> Answer<()> {
        let ids = |names: &[String]| -> Answer<Vec<OfferId>> {
            let named = names.iter().map(|name| self.offer_named(name));
            named.map(|offer| offer.map(|offer| offer.id)).collect()
        };
        self.setup.policy = match policy {
            PolicyTerms::Ranked(names) => Policy::Ranked(ids(names)?),
            PolicyTerms::Ladder(names) => Policy::Ladder(ids(names)?),
        };
        Ok(())
    }
}

/// CEL over what can be known of a customer, the order, its lines and the moment.
fn condition(text: &str) -> Answer<Condition> {
    let order = ["initial_amount", "amount", "discount", "shipping", "units"];
    let schema: Schema = order
        .into_iter()
        .fold(profiles::schema(), |schema, name| {
            schema.fact(format!("order.{name}"), Type::Int)
        })
        .fact("order.items.count", Type::Int)
        .fact("now", Type::Time)
        .open("line.");
    schema.parse(text).map_err(|refusals| {
        let told: Vec<String> = refusals.into_iter().map(|one| one.message).collect();
        fault(told.join(" "))
    })
}

fn formula(terms: &CampaignTerms) -> Answer<Option<Formula>> {
    let formula = terms.formula.as_deref().map(Formula::parse).transpose();
    formula.map_err(|wrong| fault(wrong.to_string()))
}

fn benefit(terms: &CampaignTerms) -> Benefit {
    let ceiling = terms.ceiling;
    match &terms.benefit {
        world::Benefit::PercentOff(rate) => Benefit::PercentOff {
            rate: *rate,
            ceiling,
        },
        world::Benefit::AmountOff(amount) => Benefit::AmountOff {
            amount: *amount,
            spread: Spread::Order,
        },
        world::Benefit::AmountOffEach { amount, each } => Benefit::AmountOff {
            amount: *amount,
            spread: match each {
                world::Each::Line => Spread::EachLine,
                world::Each::Unit => Spread::EachUnit,
            },
        },
        world::Benefit::FixedPrice(price) => Benefit::FixedPrice { price: *price },
        world::Benefit::ShippingFree => Benefit::ShippingFree { ceiling },
        world::Benefit::UnitFree { sku, quantity } => {
            Benefit::unit_free(Sku(sku.as_str().into()), *quantity)
        }
        world::Benefit::UnitExtra { sku, quantity } => Benefit::UnitsFree(vec![UnitFree {
            sku: Sku(sku.as_str().into()),
            quantity: *quantity,
            formula: None,
            joining: Joining::Always,
        }]),
        world::Benefit::SameFree { quantity } => Benefit::SameFree {
            quantity: *quantity,
        },
        world::Benefit::PointsBack { per, points } => Benefit::PointsBack {
            per: *per,
            points: *points,
        },
    }
}

fn stacking(stacking: world::Stacking) -> Stacking {
    match stacking {
        world::Stacking::Alone => Stacking::Alone,
        world::Stacking::Together => Stacking::Together,
        world::Stacking::Always => Stacking::Always,
    }
}

fn commitment(commitment: world::Commitment) -> Commitment {
    match commitment {
        world::Commitment::Guaranteed => Commitment::Guaranteed,
        world::Commitment::WhileBudgetLasts => Commitment::WhileBudgetLasts,
    }
}

fn caps(terms: &CampaignTerms) -> Vec<Cap> {
    let budget = terms.budget.map(|limit| Cap {
        reach: Reach::Campaign,
        period: Period::Ever,
        unit: CapUnit::Money,
        limit,
        grant_remainder: terms.remainder == Remainder::Granted,
    });
    let counted = terms.caps.iter().map(|cap| {
        let (reach, period) = match cap.of {
            CapOf::Customer => (Reach::Customer, Period::Ever),
            CapOf::CustomerWeek => (Reach::Customer, Period::Week),
            CapOf::Everybody => (Reach::Campaign, Period::Ever),
        };
        Cap {
            reach,
            period,
            unit: cap_unit(cap.unit),
            limit: cap.limit,
            grant_remainder: false,
        }
    });
    budget.into_iter().chain(counted).collect()
}

pub(super) fn cap_unit(unit: Unit) -> CapUnit {
    match unit {
        Unit::Uses => CapUnit::Uses,
        Unit::Touches => CapUnit::Touches,
    }
}

pub(super) fn guardrail(guardrail: &GuardrailTerms) -> Guardrail {
    match guardrail {
        GuardrailTerms::MarginAtLeast(share) => Guardrail::MarginAtLeast(*share),
        GuardrailTerms::DepthAtMost(share) => Guardrail::DepthAtMost(*share),
        GuardrailTerms::NotOnReduced => Guardrail::NotOnDiscounted,
        GuardrailTerms::QuietDays(days) => Guardrail::QuietDays(*days),
    }
}

impl From<offers::Refusal> for Trouble {
    fn from(refusal: offers::Refusal) -> Self {
        Self::Refused(refusal.code().to_owned())
    }
}
