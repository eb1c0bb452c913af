//! Does metadata look as its schema says? Schemas are part of what is in force, so that whoever
//! writes metadata holds it against them without asking the store.

use std::collections::BTreeMap;

use wire::voucherify::{Metadata, MetadataSchema, OrderInput, Unread};

use crate::{api::dialect::metadata_refused, configuration::Stored, problem::Refused};

/// The schemas of a project, by what they are of.
#[derive(Default)]
pub struct Schemas(BTreeMap<String, MetadataSchema>);

impl Schemas {
    #[must_use]
    pub fn of(kept: Vec<(u64, Stored<MetadataSchema>)>) -> Self {
        let schemas = kept.into_iter().map(|(_, stored)| stored.thing);
        let named = schemas.filter_map(|schema| Some((schema.related_object.clone()?, schema)));
        Self(named.collect())
    }

    /// Holds the metadata of a thing against the schema of its kind (`voucher`, `campaign`, …).
    ///
    /// # Errors
    /// What it breaches.
    pub fn check(&self, of: &str, metadata: &Metadata) -> Result<(), Refused> {
        refused_if_any(self.breaches((of, ""), metadata))
    }

    /// As [`Schemas::check`], where there may be none: then what must be present is missing.
    ///
    /// # Errors
    /// What it breaches.
    pub fn check_new(&self, of: &str, metadata: Option<&Metadata>) -> Result<(), Refused> {
        match metadata {
            Some(metadata) => self.check(of, metadata),
            None => self.check(of, &Metadata::new()),
        }
    }

    /// Holds what comes with an order at the till against the schemas: of the redemption, the
    /// order and its items, as far as each brings metadata.
    ///
    /// # Errors
    /// What it breaches.
    pub fn check_sale(
        &self,
        redemption: Option<&Metadata>,
        order: Option<&OrderInput>,
    ) -> Result<(), Refused> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut breaches = Vec::new();
        if let Some(metadata) = redemption {
            breaches.extend(self.breaches(("redemption", ""), metadata));
        }
        let of_order = order.map(|order| self.breaches_of(order, "order."));
        breaches.extend(of_order.into_iter().flatten());
        refused_if_any(breaches)
    }

    /// Holds an order that is told and its items against the schemas, as far as they bring
    /// metadata.
    ///
    /// # Errors
    /// What it breaches.
    pub fn check_order(&self, order: &OrderInput) -> Result<(), Refused> {
        if self.0.is_empty() {
            return Ok(());
        }
        refused_if_any(self.breaches_of(order, ""))
    }

    fn breaches_of(&self, order: &OrderInput, within: &str) -> Vec<String> {
        let mut breaches = Vec::new();
        if let Some(metadata) = order.metadata.as_ref().map(Unread::read) {
            breaches.extend(self.breaches(("order", within), &metadata));
        }
        for (place, item) in order.items.iter().flatten().enumerate() {
            if let Some(metadata) = item.metadata.as_ref().map(Unread::read) {
                let within = format!("{within}items[{place}].");
                breaches.extend(self.breaches(("order_item", &within), &metadata));
            }
        }
        breaches
    }

    fn breaches(&self, (of, within): (&str, &str), metadata: &Metadata) -> Vec<String> {
        let Some(schema) = self.0.get(of) else {
            return Vec::new();
        };
        let breaches = schema.breaches(metadata, &|name| self.0.get(name));
        let told = breaches
            .into_iter()
            .map(|breach| format!("{within}{breach}"));
        told.collect()
    }
}

fn refused_if_any(breaches: Vec<String>) -> Result<(), Refused> {
    match breaches.is_empty() {
        true => Ok(()),
        false => Err(metadata_refused(breaches)),
    }
}
