//! Which promotion tiers go together under one name, and in which order?

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Grouped, bounds};
use crate::{
    Malformed,
    ids::{self, Tag},
    time::{self, Timestamp},
};

/// Tiers of one stack.
pub const MAX_STACKED: usize = 30;

/// A stack as it is sent and kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PromotionStack {
    pub name: Option<String>,
    pub tiers: Option<StackTiers>,
    pub category_id: Option<String>,
    /// Its campaign, which stands in the path of a call.
    #[schema(ignore)]
    pub campaign_id: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct StackTiers {
    /// In the order in which they apply. At most 30.
    pub ids: Vec<String>,
    pub hierarchy_mode: HierarchyMode,
}

/// Always `MANUAL`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum HierarchyMode {
    #[default]
    Manual,
}

/// A stack in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PromotionStackView {
    pub id: String,
    pub name: String,
    pub tiers: StackTiers,
    pub campaign_id: String,
    pub category_id: Option<String>,
    pub categories: Vec<Grouped>,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    pub object: &'static str,
}

impl PromotionStack {
    /// # Errors
    /// Where it cannot be kept so.
    pub fn check(&self) -> Result<(), Malformed> {
        bounds::required(self.name.as_deref(), "/name")?;
        let ids = self.tiers.as_ref().map_or(&[][..], |tiers| &tiers.ids);
        if ids.is_empty() {
            return Err(Malformed::at("/tiers/ids", "at least one"));
        }
        bounds::count(ids, ("/tiers/ids", MAX_STACKED))?;
        let mut seen = BTreeSet::new();
        for (place, id) in ids.iter().enumerate() {
            if !seen.insert(id) {
                let place = format!("/tiers/ids/{place}");
                return Err(Malformed::at(place, "stands here twice"));
            }
        }
        Ok(())
    }

    /// The names of its tiers, in order.
    #[must_use]
    pub fn ids(&self) -> &[String] {
        self.tiers.as_ref().map_or(&[][..], |tiers| &tiers.ids)
    }

    /// The number of its campaign.
    #[must_use]
    pub fn campaign(&self) -> Option<u64> {
        ids::parse(Tag::Campaign, self.campaign_id.as_deref()?).ok()
    }

    /// `times`: made and, where it was, changed.
    #[must_use]
    pub fn view(&self, id: u64, times: (Timestamp, Option<Timestamp>)) -> PromotionStackView {
        PromotionStackView {
            id: ids::format(Tag::PromotionStack, id),
            name: self.name.clone().unwrap_or_default(),
            tiers: self.tiers.clone().unwrap_or_default(),
            campaign_id: self.campaign_id.clone().unwrap_or_default(),
            category_id: self.category_id.clone(),
            categories: Vec::new(),
            created_at: times.0,
            updated_at: times.1,
            object: "promotion_stack",
        }
    }
}
