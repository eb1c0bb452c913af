//! Which loyalty programmes are in force, and what is on a card?

mod cards;
mod earning;
mod lapsing;
mod rewards;

use std::collections::BTreeMap;

use offers::{Campaign, CampaignId, Programme, Trigger};
use rules::Condition;
use store::{Kind, View};
use wire::{
    ids::{self, Tag},
    voucherify::{CampaignCreate, CampaignType, EarningRule, LoyaltyTier, RuleInput, translate},
};

pub use cards::{
    CardCounts, Note, balance_of, cards_of, counts, date_of, lapsing_of, left_on, lots, standing_on,
};
pub use earning::{Changes, Happened, Paid, earn, earned_by, unearn};
pub use lapsing::{expiring, lapse};
pub use rewards::{Offered, RewardKept, of_programme, offered};

use crate::{
    configuration::{Stored, numbered, read},
    problem::Refused,
};

/// Earning rules and tiers of one programme.
pub const MAX_RULES: u64 = 100;

/// The programmes of a project.
#[derive(Default)]
pub struct Loyalty(BTreeMap<CampaignId, Programme>);

impl Loyalty {
    /// # Errors
    /// When the store cannot be read, or what was accepted can be read no more.
    pub async fn load(view: &mut View, campaigns: &[Stored<Campaign>]) -> Result<Self, Refused> {
        let mut programmes = BTreeMap::new();
        for campaign in campaigns {
            let lapse = lapse_of(&campaign.extra)?;
            programmes.extend(lapse.map(|lapse| {
                let programme = Programme {
                    lapse,
                    ..Programme::default()
                };
                (campaign.thing.id, programme)
            }));
        }
        if programmes.is_empty() {
            return Ok(Self::default());
        }
        let fault = |wrong: wire::Malformed| Refused::Fault(wrong.to_string());
        for (id, rule) in numbered::<Stored<EarningRule>>(view, Kind::EarningRule).await? {
            let condition = condition_of(view, rule.thing.validation_rule_id.as_deref()).await?;
            let rule = (rule.thing.campaign, rule.thing.to_domain(id, condition));
            if let Some(programme) = programmes.get_mut(&CampaignId(rule.0)) {
                programme.rules.push(rule.1.map_err(fault)?);
            }
        }
        for (id, tier) in numbered::<Stored<LoyaltyTier>>(view, Kind::LoyaltyTier).await? {
            let of = CampaignId(tier.thing.campaign);
            if let Some(programme) = programmes.get_mut(&of) {
                programme
                    .tiers
                    .push(tier.thing.to_domain(id).map_err(fault)?);
            }
        }
        Ok(Self(programmes))
    }

    #[must_use]
    pub fn programme(&self, campaign: CampaignId) -> Option<&Programme> {
        self.0.get(&campaign)
    }

    /// Whether anything is earned by it at all.
    #[must_use]
    pub fn is_earned_by(&self, trigger: &Trigger) -> bool {
        self.on(trigger).any(|rule| rule.active)
    }

    /// What is earned by it, also what is switched off.
    pub fn on(&self, trigger: &Trigger) -> impl Iterator<Item = &offers::EarningRule> {
        self.rules().filter(move |rule| rule.on == *trigger)
    }

    /// Whether cards of any programme are in tiers.
    #[must_use]
    pub fn has_tiers(&self) -> bool {
        let mut programmes = self.0.values();
        programmes.any(|programme| !programme.tiers.is_empty())
    }

    fn rules(&self) -> impl Iterator<Item = &offers::EarningRule> {
        self.0.values().flat_map(|programme| &programme.rules)
    }
}

/// How long points of a programme are good; `None` of a campaign that is none.
fn lapse_of(extra: &serde_json::Value) -> Result<Option<Option<offers::Lapse>>, Refused> {
    let kind = extra.get("campaign_type");
    let is_programme = kind.is_some_and(|kind| {
        serde_json::to_value(CampaignType::LoyaltyProgram).is_ok_and(|of| of == *kind)
    });
    if !is_programme {
        return Ok(None);
    }
    let input = serde_json::from_value::<CampaignCreate>(extra.clone());
    let input = input.map_err(|error| Refused::Fault(error.to_string()))?;
    Ok(Some(input.lapse()))
}

/// What a validation rule asks of who earns; one that is gone is never met.
async fn condition_of(view: &mut View, name: Option<&str>) -> Result<Condition, Refused> {
    let Some(name) = name else {
        return Ok(Condition::Always);
    };
    let record = match ids::parse(Tag::ValidationRule, name) {
        Ok(id) => view.get(Kind::ValidationRule, id).await?,
        Err(_) => None,
    };
    let rule = record.map(|record| read::<Stored<RuleInput>>(&record.body));
    let asks = asks(rule.transpose()?.as_ref().map(|rule| &rule.thing));
    Ok(Condition::all([asks.before, asks.after]))
}

/// What a rule asks: before anything is taken off the order, and of what it comes to.
pub struct Asks {
    pub before: Condition,
    pub after: Condition,
}

/// What a rule asks that something names; one that is gone is never met.
fn asks(rule: Option<&RuleInput>) -> Asks {
    match rule.map(translate) {
        Some(Ok(said)) => Asks {
            before: said.condition.unwrap_or(Condition::Always),
            after: said.after.unwrap_or(Condition::Always),
        },
        _ => Asks {
            before: Condition::never(),
            after: Condition::Always,
        },
    }
}
