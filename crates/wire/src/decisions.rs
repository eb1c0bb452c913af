//! How are decisions asked for and told? Our own shapes: decisions, traces, wallets, profiles,
//! readouts, statements.
//!
//! A shopper's answer never tells the arm, the policy, or anything of another offer.

mod books;
mod trace;
mod wallet;

use decision::{Bar, Decision, Fate};
use offers::{Benefit, Currency, Offer, Refusal, Scope, Spread};
use rules::{Facts, Reads, Telling};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Malformed, decimal,
    time::{self, Timestamp},
    voucherify::{Discount, OrderInput, PointsBack, RedeemableKind, Unread, unread_facts},
};

pub use offers::money;

pub use books::{
    ContrastView, EffectView, IncrementView, LineView, PostedView, ReadoutView, SampleRatioView,
    StatementView, UnitsView,
};
pub use trace::{AuditLineView, CandidateView, ExplanationView, TraceView};
pub use wallet::{
    ChoiceView, ConsentView, GiftCardView, GrantStateView, GrantView, PointsView, ProfileView,
    WalletView,
};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DecisionRequest {
    pub customer: CustomerKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderInput>,
    /// What else is known of the moment: read by rules as `context.…`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub context: Unread,
    /// Where the offer may be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
}

/// One of the two; `id` counts where both are sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CustomerKey {
    /// `cust_…`
    #[serde(
        deserialize_with = "crate::voucherify::lenient::name",
        skip_serializing_if = "Option::is_none"
    )]
    pub id: Option<String>,
    /// The shop's own id.
    #[serde(
        deserialize_with = "crate::voucherify::lenient::name",
        skip_serializing_if = "Option::is_none"
    )]
    pub source_id: Option<String>,
}

impl DecisionRequest {
    /// Whoever it is for.
    ///
    /// # Errors
    /// When neither id is sent.
    pub fn customer_key(&self) -> Result<&str, Malformed> {
        let CustomerKey { id, source_id } = &self.customer;
        let key = id.as_deref().or(source_id.as_deref());
        key.ok_or_else(|| Malformed::at("/customer", "needs an id or a source_id"))
    }

    /// What somebody reads of `context.*`, with the placement.
    #[must_use]
    pub fn context_facts(&self, reads: &Reads) -> Facts {
        let mut telling = Telling::to(reads);
        unread_facts("context.", &self.context, &mut telling);
        telling.find("context.placement", || self.placement.as_deref());
        telling.done()
    }
}

/// What the shopper's page is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DecisionResponse {
    pub id: String,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub decided_at: Timestamp,
    pub offer: Option<OfferView>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_none: Option<WhyNone>,
}

/// An offer that was granted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OfferView {
    /// What to present in validations and redemptions.
    pub redeemable: RedeemableRef,
    pub campaign_id: String,
    pub name: String,
    /// Where it needs one.
    pub code: Option<String>,
    pub benefit: BenefitView,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub expires_at: Timestamp,
    /// At most three plain sentences for the shopper.
    pub explanation: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RedeemableRef {
    pub object: RedeemableKind,
    pub id: String,
}

/// What the customer gets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BenefitView {
    /// `percent_off`, `amount_off`, `fixed_price`, `shipping_free`, `unit_free`, `credit`,
    /// `points_back`.
    pub kind: String,
    /// As people read it: `10 % off, at most 8.00 EUR`.
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Discount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_back: Option<PointsBack>,
}

impl BenefitView {
    #[must_use]
    pub fn of(offer: &Offer, currency: Currency) -> Self {
        let points_back = match offer.benefit {
            Benefit::PointsBack { per, points } => Some(PointsBack { per, points }),
            _ => None,
        };
        Self {
            kind: kind_of(&offer.benefit).into(),
            text: text_of(&offer.benefit, &offer.scope, currency),
            discount: Discount::of(&offer.benefit, offer.formula.as_ref(), &offer.scope),
            points_back,
        }
    }
}

fn kind_of(benefit: &Benefit) -> &'static str {
    match benefit {
        Benefit::PercentOff { .. } => "percent_off",
        Benefit::AmountOff { .. } => "amount_off",
        Benefit::FixedPrice { .. } => "fixed_price",
        Benefit::ShippingFree { .. } => "shipping_free",
        Benefit::UnitsFree(_) => "unit_free",
        Benefit::SameFree { .. } => "same_free",
        Benefit::Exchange { .. } => "exchange",
        Benefit::Credit => "credit",
        Benefit::PointsBack { .. } => "points_back",
    }
}

fn text_of(benefit: &Benefit, scope: &Scope, currency: Currency) -> String {
    let money = |minor: u64| money(minor, currency);
    let on = match scope {
        Scope::Order => "",
        Scope::Lines(_) => " selected goods",
    };
    let most = |ceiling: &Option<u64>| {
        ceiling
            .map(|most| format!(", at most {}", money(most)))
            .unwrap_or_default()
    };
    match benefit {
        Benefit::PercentOff { rate, ceiling } => {
            let percent = decimal::text(u64::from(*rate), 4);
            format!("{percent} % off{on}{}", most(ceiling))
        }
        Benefit::AmountOff { amount, spread } => {
            let each = match spread {
                Spread::EachLine => " for each line",
                Spread::EachUnit => " for each unit",
                Spread::Order | Spread::ByAmount | Spread::ByQuantity => "",
            };
            format!("{} off{on}{each}", money(*amount))
        }
        Benefit::FixedPrice { price } => match scope {
            Scope::Order => format!("the order for {}", money(*price)),
            Scope::Lines(_) => format!("selected goods for {} each", money(*price)),
        },
        Benefit::ShippingFree { ceiling } => format!("free shipping{}", most(ceiling)),
        Benefit::UnitsFree(units) => {
            let units = units.iter();
            let units = units.map(|one| format!("{} × {}", one.quantity, one.sku.0));
            format!("{} free", units.collect::<Vec<_>>().join(" and "))
        }
        Benefit::SameFree { quantity } => format!("{quantity} more of the same free"),
        Benefit::Exchange { sku, quantity } => {
            format!("{quantity} × {} instead, at no more", sku.0)
        }
        Benefit::Credit => "credit".into(),
        Benefit::PointsBack { per, points } => {
            format!("{points} points for every {}", money(*per))
        }
    }
}

/// Why there is no offer: never the arm, for that would tell the shopper of the experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhyNone {
    /// `no_consent`, `nothing_now` or `all_gone`.
    pub code: String,
    pub sentence: String,
}

impl WhyNone {
    /// `None` where an offer was chosen. A hold that was lost afterwards is [`WhyNone::all_gone`].
    #[must_use]
    pub fn of(decision: &Decision) -> Option<Self> {
        let fates = || decision.considered.iter().map(|(_, fate)| fate);
        let gone = |fate: &Fate| {
            matches!(
                fate,
                Fate::Barred(Bar::Exhausted | Bar::Refused(Refusal::BudgetSpent))
            )
        };
        if fates().any(|fate| matches!(fate, Fate::Chosen { .. })) {
            return None;
        }
        if fates().any(|fate| matches!(fate, Fate::Barred(Bar::NoConsent))) {
            let sentence = "Offers are made only to customers who allow it.";
            return Some(Self {
                code: "no_consent".into(),
                sentence: sentence.into(),
            });
        }
        if !decision.considered.is_empty() && fates().all(gone) {
            return Some(Self::all_gone());
        }
        let sentence = "There is no offer right now.";
        Some(Self {
            code: "nothing_now".into(),
            sentence: sentence.into(),
        })
    }

    /// The offer was chosen, and somebody else took the last of it.
    #[must_use]
    pub fn all_gone() -> Self {
        Self {
            code: "all_gone".into(),
            sentence: "All of these have gone.".into(),
        }
    }
}
