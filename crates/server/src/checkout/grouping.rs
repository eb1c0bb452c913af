//! In which category does a redeemable stand? Its own, or its campaign's.

use std::collections::BTreeMap;

use offers::{Category, CategoryId, StackingRules};
use store::{Index, Kind, View};
use wire::{
    ids::{self, Tag},
    voucherify::{Category as Kept, Grouped, StackingRulesType},
};

use super::{Found, Till};
use crate::{
    configuration::{Stored, read},
    grouping::named,
    problem::Refused,
};

/// A category as the core reads it, and as answers tell it.
pub type Group = (Category, Grouped);

impl Till<'_> {
    /// Finds the category of whatever was put forward; one that is gone is none.
    pub(super) async fn group(&mut self) -> Result<(), Refused> {
        let found = self.offered.iter().map(|one| one.found.as_ref());
        let names: Vec<Option<String>> = found
            .map(|found| self.category_named_by(found?).map(str::to_owned))
            .collect();
        let rules = &self.compiled.stacking.rules;
        let known = grouped(self.people.view(), &names, rules).await?;
        for (one, name) in self.offered.iter_mut().zip(&names) {
            if let (Some(found), Some(name)) = (&mut one.found, name) {
                found.group = known.get(name.as_str()).cloned();
            }
        }
        Ok(())
    }

    fn category_named_by<'f>(&'f self, found: &'f Found) -> Option<&'f str> {
        let voucher = found.issued.as_ref().map(|(issued, _)| &issued.extra);
        let tier = self.compiled.offers.get(&found.offer.id);
        let tier = tier.map(|tier| &tier.extra).filter(|_| found.offer.is_tier);
        let campaign = self.compiled.campaigns.get(&found.campaign.id);
        let campaign = campaign.map(|campaign| &campaign.extra);
        [voucher, tier, campaign]
            .into_iter()
            .flatten()
            .find_map(named)
    }
}

/// Each category by the name or id that it was asked for with.
///
/// # Errors
/// When the store cannot be read.
pub async fn grouped<'n>(
    view: &mut View,
    names: &'n [Option<String>],
    rules: &StackingRules,
) -> Result<BTreeMap<&'n str, Group>, Refused> {
    let names: Vec<&str> = names.iter().flatten().map(String::as_str).collect();
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let keys: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
    let by_name = view.find_each(Index::CategoryName, &keys).await?;
    let number = |(name, found): (&&str, Option<u64>)| {
        ids::parse(Tag::Category, name).ok().or(found).unwrap_or(0)
    };
    let numbers: Vec<u64> = names.iter().zip(by_name).map(number).collect();
    let records = view.get_many(Kind::Category, &numbers).await?;
    let mut groups = BTreeMap::new();
    for (name, record) in names.into_iter().zip(records) {
        if let Some(record) = record {
            let kept: Stored<Kept> = read(&record.body)?;
            groups.insert(name, group((record.id, &kept), rules));
        }
    }
    Ok(groups)
}

fn group((id, kept): (u64, &Stored<Kept>), rules: &StackingRules) -> Group {
    let hierarchy = kept.thing.hierarchy.unwrap_or_default();
    let category = Category {
        id: CategoryId(id),
        hierarchy: u16::try_from(hierarchy).unwrap_or(u16::MAX),
    };
    let is_exclusive = rules.exclusive.contains(&category.id);
    let is_joint = rules.joint.contains(&category.id);
    let stacking_rules_type = match (is_exclusive, is_joint) {
        (true, _) => Some(StackingRulesType::Exclusive),
        (false, true) => Some(StackingRulesType::Joint),
        (false, false) => None,
    };
    let told = Grouped {
        category: kept.thing.view(id, (kept.created_at, kept.updated_at)),
        stacking_rules_type,
    };
    (category, told)
}
