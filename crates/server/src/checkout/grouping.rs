//! In which category does a redeemable stand? Its own, or its campaign's.

use std::collections::BTreeMap;

use offers::{Category, CategoryId};
use serde_json::Value;
use store::{Index, Kind};
use wire::{
    ids::{self, Tag},
    voucherify::Category as Kept,
};

use super::{Found, Till};
use crate::{
    configuration::{Stored, read},
    problem::Refused,
};

impl Till<'_> {
    /// Finds the category of whatever was put forward; one that is gone is none.
    pub(super) async fn group(&mut self) -> Result<(), Refused> {
        let found = self.offered.iter().map(|one| one.found.as_ref());
        let names: Vec<Option<String>> = found
            .map(|found| self.category_named_by(found?).map(str::to_owned))
            .collect();
        let known = self.categories(&names).await?;
        for (one, name) in self.offered.iter_mut().zip(&names) {
            if let (Some(found), Some(name)) = (&mut one.found, name) {
                found.category = known.get(name.as_str()).copied();
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

    /// Each category by the name or id that it was asked for with.
    async fn categories<'n>(
        &mut self,
        names: &'n [Option<String>],
    ) -> Result<BTreeMap<&'n str, Category>, Refused> {
        let names: Vec<&str> = names.iter().flatten().map(String::as_str).collect();
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        let view = self.people.view();
        let keys: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
        let by_name = view.find_each(Index::CategoryName, &keys).await?;
        let number = |(name, found): (&&str, Option<u64>)| {
            ids::parse(Tag::Category, name).ok().or(found).unwrap_or(0)
        };
        let numbers: Vec<u64> = names.iter().zip(by_name).map(number).collect();
        let records = view.get_many(Kind::Category, &numbers).await?;
        let mut categories = BTreeMap::new();
        for (name, record) in names.into_iter().zip(records) {
            if let Some(record) = record {
                let kept: Stored<Kept> = read(&record.body)?;
                categories.insert(name, category(record.id, &kept.thing));
            }
        }
        Ok(categories)
    }
}

/// The category that a body names, by its id or else by its name.
fn named(extra: &Value) -> Option<&str> {
    let member = |name| extra.get(name).and_then(Value::as_str);
    member("category_id").or_else(|| member("category"))
}

fn category(id: u64, kept: &Kept) -> Category {
    let hierarchy = kept.hierarchy.unwrap_or_default();
    Category {
        id: CategoryId(id),
        hierarchy: u16::try_from(hierarchy).unwrap_or(u16::MAX),
    }
}
