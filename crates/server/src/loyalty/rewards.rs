//! What do points of a programme buy?

use std::collections::BTreeMap;

use offers::CampaignId;
use rules::Condition;
use store::{Index, Kind, Page, View};
use wire::{
    ids::{self, Tag},
    voucherify::{Reward, RewardAssignment, RuleInput},
};

use super::Asks;
use crate::{
    configuration::{Stored, read},
    problem::Refused,
    vouchers::key,
};

/// Rewards that one programme offers.
pub const MAX_OFFERED: u32 = 100;

/// A reward and the version of its record.
pub struct RewardKept {
    pub id: u64,
    pub version: u64,
    pub stored: Stored<Reward>,
}

/// A reward that a programme offers.
pub struct Offered {
    pub id: u64,
    pub stored: Stored<RewardAssignment>,
    pub reward: RewardKept,
    /// The validation rule that it names, where there is one.
    rule: Option<RuleInput>,
}

impl Offered {
    /// What its validation rule asks; nothing where it names none.
    #[must_use]
    pub fn asks(&self) -> Asks {
        match self.stored.thing.names_rule() {
            Some(_) => super::asks(self.rule.as_ref()),
            None => Asks {
                before: Condition::Always,
                after: Condition::Always,
            },
        }
    }
}

/// All that a programme offers, oldest first.
///
/// # Errors
/// When the store cannot be read.
pub async fn of_programme(view: &mut View, programme: CampaignId) -> Result<Vec<Offered>, Refused> {
    let page = Page {
        after: 0,
        limit: MAX_OFFERED,
        newest_first: false,
    };
    let found = view
        .find(Index::RewardsOfCampaign, &key(programme.0), page)
        .await?;
    let records = view.get_many(Kind::RewardAssignment, &found).await?;
    let mut assignments = Vec::new();
    for record in records.iter().flatten() {
        let stored: Stored<RewardAssignment> = read(&record.body)?;
        assignments.push((record.id, stored));
    }
    let rewards: Vec<u64> = assignments
        .iter()
        .map(|(_, one)| one.thing.rewarding)
        .collect();
    let rewards = view.get_many(Kind::Reward, &rewards).await?;
    let ruled = assignments.iter().filter_map(|(_, one)| one.thing.rule());
    let ruled: Vec<u64> = ruled.collect();
    let mut rules = BTreeMap::new();
    let found = view.get_many(Kind::ValidationRule, &ruled).await?;
    for record in found.into_iter().flatten() {
        rules.insert(record.id, read::<Stored<RuleInput>>(&record.body)?.thing);
    }
    let mut offered = Vec::new();
    for ((id, stored), reward) in assignments.into_iter().zip(rewards) {
        if let Some(record) = reward {
            let reward = RewardKept {
                id: record.id,
                version: record.version,
                stored: read(&record.body)?,
            };
            let rule = stored.thing.rule().and_then(|id| rules.get(&id).cloned());
            offered.push(Offered {
                id,
                stored,
                reward,
                rule,
            });
        }
    }
    Ok(offered)
}

/// The reward that a call names, by its own id or by where it is offered.
///
/// # Errors
/// When the store cannot be read.
pub async fn offered(
    view: &mut View,
    (programme, name): (CampaignId, &str),
) -> Result<Option<Offered>, Refused> {
    let is_meant = |one: &Offered| {
        ids::parse(Tag::Reward, name) == Ok(one.reward.id)
            || ids::parse(Tag::RewardAssignment, name) == Ok(one.id)
    };
    let all = of_programme(view, programme).await?;
    Ok(all.into_iter().find(is_meant))
}
