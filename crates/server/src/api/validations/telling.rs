//! What is told of a redeemable beside what it does?

use offers::Campaign;
use wire::{
    ids::{self, Tag},
    voucherify::{Grouped, Metadata, RedeemableKind, TierView, ValidationRow},
};

use crate::{
    api::promotions,
    checkout::{Found, Offered, Till},
};

/// What stands in the rows of answers.
#[derive(Default)]
pub struct Told {
    pub name: Option<String>,
    pub banner: Option<String>,
    pub metadata: Option<Metadata>,
    pub campaign_name: Option<String>,
    pub campaign_id: Option<String>,
}

/// What the shop said of it.
#[must_use]
pub fn told(till: &Till<'_>, offered: &Offered) -> Told {
    let Some(found) = &offered.found else {
        return Told::default();
    };
    let issued = found.issued.as_ref().map(|(issued, _)| issued);
    let stands_alone = issued.is_some_and(|issued| issued.thing.own.is_some());
    let campaign = Some(&found.campaign).filter(|_| !stands_alone);
    let tier = tier_of(till, (offered, found));
    let metadata = issued.map(|issued| metadata_of(&issued.extra));
    Told {
        metadata: tier.as_ref().map(|tier| tier.metadata.clone()).or(metadata),
        banner: tier.as_ref().and_then(|tier| tier.banner.clone()),
        name: tier.map(|tier| tier.name),
        campaign_name: campaign.map(|campaign| campaign.name.to_string()),
        campaign_id: campaign.map(campaign_id),
    }
}

fn tier_of(till: &Till<'_>, (offered, found): (&Offered, &Found)) -> Option<TierView> {
    let is_tier = offered.input.object == RedeemableKind::PromotionTier;
    let tier = till
        .compiled
        .offers
        .get(&found.offer.id)
        .filter(|_| is_tier)?;
    promotions::bare_view(&found.campaign, tier).ok()
}

fn campaign_id(campaign: &Campaign) -> String {
    ids::format(Tag::Campaign, campaign.id.0)
}

fn metadata_of(extra: &serde_json::Value) -> Metadata {
    let metadata = extra.get("metadata").cloned();
    let read = metadata.and_then(|metadata| serde_json::from_value(metadata).ok());
    read.unwrap_or_default()
}

/// The category in which it is stacked.
#[must_use]
pub fn categories(found: Option<&Found>) -> Vec<Grouped> {
    let group = found.and_then(|found| found.group.as_ref());
    group.map(|(_, told)| told.clone()).into_iter().collect()
}

/// Tells in a row what the redeemable is.
pub fn expand(row: &mut ValidationRow, (till, offered): (&Till<'_>, &Offered)) {
    if offered.found.is_none() {
        return;
    }
    let told = told(till, offered);
    row.name = told.name;
    row.campaign_name = told.campaign_name;
    row.campaign_id = told.campaign_id;
    row.metadata = told.metadata.or(row.metadata.take());
}
