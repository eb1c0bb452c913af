//! In which category does a thing stand? Categories are part of what is in force, so that whoever
//! shows a campaign, a voucher or a tier tells it without asking the store.

use std::collections::BTreeMap;

use serde_json::Value;
use wire::{
    ids::{self, Tag},
    voucherify::{Category, CategoryView},
};

use crate::configuration::Stored;

/// The categories of a project.
#[derive(Default)]
pub struct Categories(BTreeMap<u64, CategoryView>);

impl Categories {
    #[must_use]
    pub fn of(kept: Vec<(u64, Stored<Category>)>) -> Self {
        let view = |(id, stored): (u64, Stored<Category>)| {
            let times = (stored.created_at, stored.updated_at);
            (id, stored.thing.view(id, times))
        };
        Self(kept.into_iter().map(view).collect())
    }

    /// That of a thing of which this was sent; none where it is gone.
    #[must_use]
    pub fn named_by(&self, extra: &Value) -> Option<&CategoryView> {
        let name = named(extra)?;
        match ids::parse(Tag::Category, name) {
            Ok(id) => self.0.get(&id),
            Err(_) => self.0.values().find(|category| category.name == name),
        }
    }

    /// The same, as answers list it.
    #[must_use]
    pub fn listed(&self, extra: &Value) -> Vec<CategoryView> {
        self.named_by(extra).cloned().into_iter().collect()
    }
}

/// The category that a body names, by its id or else by its name.
#[must_use]
pub fn named(extra: &Value) -> Option<&str> {
    let member = |name| extra.get(name).and_then(Value::as_str);
    member("category_id").or_else(|| member("category"))
}
