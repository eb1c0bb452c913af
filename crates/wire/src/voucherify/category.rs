//! What is a category? A name and a rank, by which campaigns are grouped.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bounds;
use crate::{
    Malformed,
    ids::{self, Tag},
    time::{self, Timestamp},
};

/// A category as it is sent and kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Category {
    /// No two have the same.
    pub name: Option<String>,
    /// 0 is the strongest.
    pub hierarchy: Option<u32>,
}

/// A category in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CategoryView {
    pub id: String,
    pub name: String,
    pub hierarchy: u32,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    pub object: &'static str,
}

/// How a thing names its category: by its name, by its id.
pub type CategoryNames = (Option<String>, Option<String>);

/// What a change makes of it. Either name takes the place of both, so that they never name two.
#[must_use]
pub fn regrouped(
    before: CategoryNames,
    sent: (Option<Option<String>>, Option<Option<String>>),
) -> CategoryNames {
    match sent {
        (None, None) => before,
        (name, id) => (name.flatten(), id.flatten()),
    }
}

/// A category beside what is grouped by it, with how it is stacked.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Grouped {
    #[serde(flatten)]
    pub category: CategoryView,
    /// Absent where it is stacked as all others are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stacking_rules_type: Option<StackingRulesType>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum StackingRulesType {
    Joint,
    Exclusive,
}

impl Category {
    /// # Errors
    /// Where it cannot be kept so.
    pub fn check(&self) -> Result<(), Malformed> {
        bounds::required(self.name.as_deref(), "/name")?;
        let rank = self.hierarchy.map(|_| ());
        rank.ok_or_else(|| Malformed::at("/hierarchy", "is required"))
    }

    /// `times`: made and, where it was, changed.
    #[must_use]
    pub fn view(&self, id: u64, times: (Timestamp, Option<Timestamp>)) -> CategoryView {
        CategoryView {
            id: ids::format(Tag::Category, id),
            name: self.name.clone().unwrap_or_default(),
            hierarchy: self.hierarchy.unwrap_or_default(),
            created_at: times.0,
            updated_at: times.1,
            object: "category",
        }
    }
}
