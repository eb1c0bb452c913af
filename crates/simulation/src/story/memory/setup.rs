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
    self, Answer, CampaignTerms, CapOf, CodeTerms, GiftTerms, GuardrailTerms, NeedsCode,
    PolicyTerms, Remainder, Trouble, Unit,
};

/// The campaign of the gift cards that pay for whole orders; that of others bears the name of the
/// category that they pay for.
const GIFT_CARDS: &str = "GIFT-CARDS";

impl Memory {
    pub(super) fn set_up(&mut self, terms: &CampaignTerms) -> Answer<()> {
        let rule = condition(terms.condition.as_deref().unwrap_or("true"))?;
        let scope = lines_of(terms.category.as_deref())?;
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

    pub(super) fn sell(&mut self, terms: &GiftTerms) -> Answer<()> {
        let name = terms.category.as_deref().unwrap_or(GIFT_CARDS);
        if self.offer_named(name).is_err() {
            self.set_up_gift_cards(name, lines_of(terms.category.as_deref())?);
        }
        let offer = self.offer_named(name)?;
        let (offer, campaign) = (offer.id, offer.campaign);
        let voucher = VoucherId(self.next_id());
        let amount = terms.amount;
        self.vouchers.push(Voucher {
            id: voucher,
            code: terms.code.as_str().into(),
            offer,
            kind: VoucherKind::GiftCard { amount },
            active: true,
            validity: Validity::between(Some(self.now), Some(terms.until - 1)),
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
    fn set_up_gift_cards(&mut self, name: &str, scope: Scope) {
        let id = self.next_id();
        self.setup.campaigns.push(Campaign {
            id: CampaignId(id),
            name: name.into(),
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
            name: name.into(),
            active: true,
            validity: Validity::default(),
            rule: Condition::Always,
            benefit: Benefit::Credit,
            formula: None,
            scope,
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

/// The lines of a category, or the order as one amount.
fn lines_of(category: Option<&str>) -> Answer<Scope> {
    let Some(category) = category else {
        return Ok(Scope::Order);
    };
    let of = condition(&format!("line.category == \"{category}\""))?;
    Ok(Scope::Lines(of.into()))
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
        world::Benefit::AmountOff { amount, spread } => Benefit::AmountOff {
            amount: *amount,
            spread: match spread {
                world::Spread::Order => Spread::Order,
                world::Spread::EachLine => Spread::EachLine,
                world::Spread::EachUnit => Spread::EachUnit,
                world::Spread::ByAmount => Spread::ByAmount,
                world::Spread::ByQuantity => Spread::ByQuantity,
            },
        },
        world::Benefit::FixedPrice(price) => Benefit::FixedPrice { price: *price },
        world::Benefit::ShippingFree => Benefit::ShippingFree { ceiling },
        world::Benefit::UnitsFree(units) => {
            Benefit::UnitsFree(units.iter().map(units_free).collect())
        }
        world::Benefit::SameFree { quantity } => Benefit::SameFree {
            quantity: *quantity,
        },
        world::Benefit::Exchange { sku, quantity } => Benefit::Exchange {
            sku: Sku(sku.as_str().into()),
            quantity: *quantity,
        },
        world::Benefit::PointsBack { per, points } => Benefit::PointsBack {
            per: *per,
            points: *points,
        },
    }
}

fn units_free(units: &world::UnitsFree) -> UnitFree {
    UnitFree {
        sku: Sku(units.sku.as_str().into()),
        quantity: units.quantity,
        formula: None,
        joining: match units.joining {
            world::Joining::Missing => Joining::Missing,
            world::Joining::Always => Joining::Always,
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
