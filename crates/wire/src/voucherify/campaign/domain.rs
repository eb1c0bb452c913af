//! What does a campaign's body say in our types?

use offers::{
    Benefit, Campaign, CampaignId, Cap, CapUnit, Currency, Lines, Offer, OfferId, Period, Reach,
    Scope, Stacking, Voucher, VoucherId, VoucherKind, Zone,
};
use rules::Condition;

use super::{CampaignCreate, CampaignType, PointsBack, ProfferSettings, ProfferTier};
use crate::{
    Malformed, time,
    voucherify::{
        Discount, Effect, Gift, LoyaltyCard, MAX_MINOR, Terms, TierInput, Translated,
        VoucherCreate, VoucherType, calendar::Said, currency_of,
    },
};

/// How long a grant lives when nobody says.
pub const DEFAULT_GRANT_DAYS: u32 = 7;
const DAY_MS: i64 = 86_400_000;
const MAX_NAME_BYTES: usize = 200;
const MAX_CAPS: usize = 16;

/// What a validation rule and the project say beside the body.
#[derive(Clone, Debug)]
pub struct Beside {
    /// The assigned validation rule; the default where there is none.
    pub rule: Translated,
    /// The project's currency.
    pub currency: Currency,
    /// The project's clock.
    pub zone: Zone,
}

/// What a body says of when it is valid: bodies share these members, and no type.
macro_rules! said {
    ($body:expr) => {
        Said {
            from: $body.start_date,
            until: $body.expiration_date,
            timeframe: &$body.validity_timeframe,
            days: &$body.validity_day_of_week,
            hours: &$body.validity_hours,
        }
    };
}

impl CampaignCreate {
    /// Sent, or inferred from the vouchers or tiers.
    ///
    /// # Errors
    /// When it cannot be told, or is not supported yet.
    pub fn inferred_type(&self) -> Result<CampaignType, Malformed> {
        let of_voucher = self.voucher.as_ref().and_then(|voucher| voucher.kind);
        let inferred = match of_voucher {
            _ if self.referral_program.is_some() => Some(CampaignType::ReferralProgram),
            Some(VoucherType::DiscountVoucher) => Some(CampaignType::DiscountCoupons),
            Some(VoucherType::GiftVoucher) => Some(CampaignType::GiftVouchers),
            Some(VoucherType::LoyaltyCard) => Some(CampaignType::LoyaltyProgram),
            None => self.promotion.is_some().then_some(CampaignType::Promotion),
        };
        match self.campaign_type.or(inferred) {
            None => Err(Malformed::at("/campaign_type", "is required")),
            Some(found) => Ok(found),
        }
    }

    /// The campaign under a number of its own.
    ///
    /// # Errors
    /// With a pointer within the body.
    pub fn to_campaign(&self, id: CampaignId, beside: &Beside) -> Result<Campaign, Malformed> {
        let name = self.checked_name()?;
        self.refuse_unsupported()?;
        let is_of_tiers = self.inferred_type()? == CampaignType::Promotion;
        if is_of_tiers && beside.rule.bundle.is_some() {
            let detail = "a bundle is what one tier asks for: assign the rule to the tier";
            return Err(Malformed::at("/validation_rules/0", detail));
        }
        let settings = self.proffer.clone().unwrap_or_default();
        let within = |wrong: Malformed| wrong.under("proffer");
        let own = expression(settings.rule.as_deref(), "/rule").map_err(within)?;
        Ok(Campaign {
            id,
            name: name.into(),
            active: self.active.unwrap_or(true),
            validity: said!(self).validity()?,
            rule: Condition::all(beside.rule.condition.clone().into_iter().chain(own)),
            stacking: settings.stacking.map_or(Stacking::Together, Into::into),
            priority: settings.priority.unwrap_or(100),
            commitment: settings
                .commitment
                .map_or(offers::Commitment::WhileBudgetLasts, Into::into),
            currency: currency_of(settings.currency.as_deref())
                .map_err(within)?
                .unwrap_or(beside.currency),
            caps: settings.all_caps(&beside.rule.caps).map_err(within)?,
            after: beside.rule.after.clone().unwrap_or(Condition::Always),
            zone: beside.zone.clone(),
            lending: settings.lending.map_or(offers::Lending::Off, Into::into),
        })
    }

    fn checked_name(&self) -> Result<&str, Malformed> {
        let name = self.name.as_deref().map(str::trim).unwrap_or_default();
        if name.is_empty() {
            return Err(Malformed::at("/name", "is required"));
        }
        if name.len() > MAX_NAME_BYTES {
            return Err(Malformed::at(
                "/name",
                format!("longer than {MAX_NAME_BYTES} bytes"),
            ));
        }
        Ok(name)
    }

    fn refuse_unsupported(&self) -> Result<(), Malformed> {
        let rules = self.validation_rules.as_ref().map_or(0, Vec::len);
        if rules > 1 {
            return Err(Malformed::at("/validation_rules/1", "one rule at most"));
        }
        let tiers = self.loyalty_tiers_expiration.as_ref();
        let by = tiers.and_then(|tiers| tiers.get("qualification_type"));
        if by.is_some_and(|by| !by.is_null() && by != "BALANCE") {
            return Err(not_yet("/loyalty_tiers_expiration/qualification_type"));
        }
        if let Some(program) = &self.referral_program {
            program
                .check()
                .map_err(|wrong| wrong.under("referral_program"))?;
        }
        self.life_of_published().map(|_| ())
    }

    /// How long a code lives once somebody was given it; `None` where that ends nothing.
    ///
    /// # Errors
    /// When it is no duration.
    pub fn life_of_published(&self) -> Result<Option<time::Duration>, Malformed> {
        let Some(text) = &self.activity_duration_after_publishing else {
            return Ok(None);
        };
        let wrong = || {
            let detail = "is an ISO 8601 duration of a century at most: P7D, P1M, PT12H";
            Malformed::at("/activity_duration_after_publishing", detail)
        };
        time::Duration::parse(text).map(Some).ok_or_else(wrong)
    }

    /// Whether codes refer others.
    #[must_use]
    pub fn refers(&self) -> bool {
        let config = self.voucher.as_ref();
        self.campaign_type == Some(CampaignType::ReferralProgram)
            || config.is_some_and(|config| config.is_referral_code == Some(true))
    }

    /// The offer that every code of the campaign carries.
    ///
    /// # Errors
    /// With a pointer within the body.
    pub fn to_code_offer(
        &self,
        of: &Campaign,
        id: OfferId,
        beside: &Beside,
    ) -> Result<Offer, Malformed> {
        let config = self.voucher.clone().unwrap_or_default();
        let within = |wrong: Malformed| wrong.under("voucher");
        let settings = self.proffer.clone().unwrap_or_default();
        let card = self.loyalty_card().map_err(within)?;
        let parts = Parts {
            discount: config.discount.as_ref(),
            gift: config.gift.as_ref(),
            card,
            points: settings.points_back,
            lines: lines(beside, settings.lines.as_deref())
                .map_err(|wrong| wrong.under("proffer"))?,
        };
        let terms = parts.terms().map_err(within)?;
        Ok(Offer {
            id,
            campaign: of.id,
            name: of.name.clone(),
            active: true,
            validity: said!(config).validity().map_err(within)?,
            rule: Condition::Always,
            after: Condition::Always,
            bundle: beside.rule.bundle.clone(),
            benefit: terms.benefit,
            formula: terms.formula,
            scope: terms.scope,
            is_tier: false,
            priority: 0,
            grant_ms: grant_ms(settings.grant_days),
        })
    }
}

impl CampaignCreate {
    /// What every card of the programme begins with; none where it is no programme.
    ///
    /// # Errors
    /// With a pointer within the voucher.
    fn loyalty_card(&self) -> Result<Option<LoyaltyCard>, Malformed> {
        let config = self.voucher.as_ref();
        let card = config.and_then(|config| config.loyalty_card);
        let is_programme = self.inferred_type() == Ok(CampaignType::LoyaltyProgram);
        let is_card = config.and_then(|config| config.kind) == Some(VoucherType::LoyaltyCard);
        if is_programme && !is_card {
            let detail = "is LOYALTY_CARD in a LOYALTY_PROGRAM";
            return Err(Malformed::at("/type", detail));
        }
        match (card, is_programme) {
            (None, true) => Ok(Some(LoyaltyCard::default())),
            (Some(card), true) => {
                card.lapse().map_err(|wrong| wrong.under("loyalty_card"))?;
                Ok(Some(card))
            }
            (None, false) => Ok(None),
            (Some(_), false) => {
                let detail = "only a LOYALTY_PROGRAM has cards";
                Err(Malformed::at("/loyalty_card", detail))
            }
        }
    }

    /// How long points of the programme's cards are good where nothing else is said.
    #[must_use]
    pub fn lapse(&self) -> Option<offers::Lapse> {
        self.loyalty_card().ok().flatten()?.lapse().ok().flatten()
    }
}

impl TierInput {
    /// The offer of a tier. `beside.rule` is the tier's own validation rule.
    ///
    /// # Errors
    /// With a pointer within the tier.
    pub fn to_offer(
        &self,
        of: &Campaign,
        id: OfferId,
        beside: &Beside,
    ) -> Result<Offer, Malformed> {
        let name = self.name.as_deref().map(str::trim).unwrap_or_default();
        if name.is_empty() {
            return Err(Malformed::at("/name", "is required"));
        }
        let ProfferTier {
            rule,
            lines,
            grant_days,
            points_back,
        } = self.proffer.clone().unwrap_or_default();
        let within = |wrong: Malformed| wrong.under("proffer");
        let own = expression(rule.as_deref(), "/rule").map_err(within)?;
        let parts = Parts {
            discount: self
                .action
                .as_ref()
                .and_then(|action| action.discount.as_ref()),
            gift: None,
            card: None,
            points: points_back,
            lines: self::lines(beside, lines.as_deref()).map_err(within)?,
        };
        let terms = parts.terms().map_err(|wrong| wrong.under("action"))?;
        Ok(Offer {
            id,
            campaign: of.id,
            name: name.into(),
            active: self.active.unwrap_or(true),
            validity: said!(self).validity()?,
            rule: Condition::all(beside.rule.condition.clone().into_iter().chain(own)),
            after: beside.rule.after.clone().unwrap_or(Condition::Always),
            bundle: beside.rule.bundle.clone(),
            benefit: terms.benefit,
            formula: terms.formula,
            scope: terms.scope,
            is_tier: true,
            priority: self.hierarchy.unwrap_or(1),
            grant_ms: grant_ms(grant_days),
        })
    }
}

/// What a body gives: exactly one of a discount, a gift, a card or points.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    pub discount: Option<&'a Discount>,
    pub gift: Option<&'a Gift>,
    pub card: Option<LoyaltyCard>,
    pub points: Option<PointsBack>,
    /// The lines that the discount touches, where a rule says so.
    pub lines: Option<Lines>,
}

impl Parts<'_> {
    /// # Errors
    /// When there is none or more than one, or the one there is does not fit.
    pub fn terms(&self) -> Result<Terms, Malformed> {
        let terms = self.uncapped()?;
        let is_capped = self.lines.as_ref().is_some_and(Lines::is_capped);
        let is_counted = matches!(
            terms.benefit,
            Benefit::PercentOff { .. }
                | Benefit::AmountOff { .. }
                | Benefit::FixedPrice { .. }
                | Benefit::Credit
        );
        if is_capped && !(is_counted && matches!(terms.scope, Scope::Lines(_))) {
            let detail =
                "limits on units of a product count what is taken off items: not with this";
            return Err(Malformed::at("/effect", detail).under(self.name()));
        }
        Ok(terms)
    }

    fn name(&self) -> &'static str {
        match (self.gift, self.points) {
            (Some(_), _) => "gift",
            (None, Some(_)) => "points_back",
            (None, None) => "discount",
        }
    }

    fn uncapped(&self) -> Result<Terms, Malformed> {
        if self.card.is_some() && self.discount.is_none() && self.gift.is_none() {
            return Ok((Benefit::Credit, Scope::Order).into());
        }
        match (self.discount, self.gift, self.points) {
            (Some(discount), None, None) if self.card.is_none() => {
                let found = discount.to_domain(self.lines.as_ref());
                found.map_err(|wrong| wrong.under("discount"))
            }
            (None, Some(gift), None) => {
                if gift.amount > MAX_MINOR {
                    let detail = format!("more than {MAX_MINOR}");
                    return Err(Malformed::at("/gift/amount", detail));
                }
                let on_lines = || {
                    self.lines
                        .clone()
                        .unwrap_or_else(|| Condition::Always.into())
                };
                let scope = match gift.effect {
                    None | Some(Effect::ApplyToOrder) => Scope::Order,
                    Some(Effect::ApplyToItems) => Scope::Lines(on_lines()),
                    Some(_) => {
                        let detail = "is APPLY_TO_ORDER or APPLY_TO_ITEMS";
                        return Err(Malformed::at("/gift/effect", detail));
                    }
                };
                Ok((Benefit::Credit, scope).into())
            }
            (None, None, Some(PointsBack { per: 0, .. })) => {
                Err(Malformed::at("/points_back/per", "must be above zero"))
            }
            (None, None, Some(PointsBack { per, points })) => {
                Ok((Benefit::PointsBack { per, points }, Scope::Order).into())
            }
            (None, None, None) => Err(Malformed::at("/discount", "is required")),
            _ => Err(Malformed::at(
                "",
                "needs one of discount, gift, card and points, not several",
            )),
        }
    }
}

impl VoucherCreate {
    /// The voucher of an offer, its code made beforehand.
    ///
    /// # Errors
    /// With a pointer within the body.
    pub fn to_voucher(
        &self,
        id: VoucherId,
        offer: OfferId,
        code: &str,
    ) -> Result<Voucher, Malformed> {
        let kind = match (self.kind, &self.gift) {
            (Some(VoucherType::LoyaltyCard), _) => {
                let card = self.loyalty_card.unwrap_or_default();
                card.lapse().map_err(|wrong| wrong.under("loyalty_card"))?;
                VoucherKind::LoyaltyCard {
                    points: card.points,
                }
            }
            (Some(VoucherType::GiftVoucher), None) => {
                return Err(Malformed::at("/gift", "is required"));
            }
            (_, Some(gift)) => VoucherKind::GiftCard {
                amount: gift.amount,
            },
            (_, None) => VoucherKind::Discount,
        };
        Ok(Voucher {
            id,
            code: code.into(),
            offer,
            kind,
            active: self.active.unwrap_or(true),
            validity: said!(self).validity()?,
            quantity: self.redemption.and_then(|redemption| redemption.quantity),
            holder: None,
        })
    }
}

impl ProfferSettings {
    /// The budget, our caps and those of the validation rule.
    fn all_caps(&self, of_rule: &[Cap]) -> Result<Vec<Cap>, Malformed> {
        let budget = self.budget.map(|limit| Cap {
            reach: Reach::Campaign,
            period: Period::Ever,
            unit: CapUnit::Money,
            limit,
            grant_remainder: self.grant_remainder.unwrap_or(false),
        });
        let own = self.caps.iter().map(|cap| Cap::from(*cap));
        let caps: Vec<Cap> = budget
            .into_iter()
            .chain(own)
            .chain(of_rule.iter().copied())
            .collect();
        let key = |cap: &Cap| (cap.reach, cap.period, cap.unit);
        for (index, cap) in caps.iter().enumerate() {
            if caps
                .iter()
                .take(index)
                .any(|before| key(before) == key(cap))
            {
                let place = index.saturating_sub(usize::from(self.budget.is_some()));
                let detail = "two limits of the same reach, period and unit";
                return Err(Malformed::at(format!("/caps/{place}"), detail));
            }
        }
        if caps.len() > MAX_CAPS {
            return Err(Malformed::at("/caps", format!("more than {MAX_CAPS}")));
        }
        Ok(caps)
    }

    /// What the campaign says of itself in our members; its rule is told as it was written.
    #[must_use]
    pub fn of(campaign: &Campaign, rule: Option<String>) -> Self {
        let is_budget = |cap: &&Cap| {
            (cap.reach, cap.period, cap.unit) == (Reach::Campaign, Period::Ever, CapUnit::Money)
        };
        let budget = campaign.caps.iter().find(is_budget);
        let caps = campaign.caps.iter().filter(|cap| !is_budget(cap));
        Self {
            rule,
            priority: Some(campaign.priority),
            stacking: Some(campaign.stacking.into()),
            commitment: Some(campaign.commitment.into()),
            budget: budget.map(|cap| cap.limit),
            grant_remainder: budget.map(|cap| cap.grant_remainder),
            caps: caps.map(|cap| (*cap).into()).collect(),
            lending: Some(campaign.lending.into()),
            lines: None,
            grant_days: None,
            currency: Some(String::from_utf8_lossy(&campaign.currency.0).into_owned()),
            points_back: None,
        }
    }
}

/// The lines that both the validation rule and our own member choose; `None` where neither does.
fn lines(beside: &Beside, own: Option<&str>) -> Result<Option<Lines>, Malformed> {
    let own = expression(own, "/lines")?.map(Lines::from);
    Ok(beside
        .rule
        .lines
        .clone()
        .into_iter()
        .chain(own)
        .reduce(Lines::and))
}

/// Reads our CEL members.
pub(crate) fn expression(
    text: Option<&str>,
    pointer: &str,
) -> Result<Option<Condition>, Malformed> {
    let Some(text) = text else { return Ok(None) };
    let told = |found: Vec<rules::Diagnostic>| {
        let lines = found
            .iter()
            .map(|one| format!("at byte {}: {}", one.at, one.message));
        Malformed::at(pointer, lines.collect::<Vec<_>>().join(" "))
    };
    rules::parse(text).map(Some).map_err(told)
}

fn not_yet(pointer: &str) -> Malformed {
    Malformed::at(pointer, "not supported yet")
}

fn grant_ms(days: Option<u32>) -> i64 {
    i64::from(days.unwrap_or(DEFAULT_GRANT_DAYS)).saturating_mul(DAY_MS)
}
