//! How does what can be redeemed change? Campaigns and offers are put or removed, the whole is
//! checked as it would be in force, and then saved in one command with the money that moves.

use std::sync::Arc;

use decision::{Configuration, Snapshot};
use offers::{Booking, Campaign, CampaignId, Offer, OfferId};
use serde::Serialize;
use store::{Command, Expect, Index, Kind, Once, Outcome, ProjectId, Write};
use wire::voucherify::{Event, Key};

use crate::{
    api::{dialect::refuse, resources::At},
    app::App,
    configuration::{Compiled, Stored, write},
    funding::fund_units,
    problem::Refused,
    setting::CONFIGURATION,
    vouchers::key,
    webhooks,
};

/// A change of the configuration on its way.
pub struct Change<'a> {
    app: &'a App,
    project: ProjectId,
    now: ledger::Timestamp,
    compiled: Arc<Compiled>,
    campaigns: Vec<Campaign>,
    offers: Vec<Offer>,
    removed: Vec<u64>,
    writes: Vec<Write>,
    expects: Vec<Expect>,
    booking: Booking,
}

impl<'a> Change<'a> {
    /// # Errors
    /// When the store cannot be read.
    pub async fn begin(
        app: &'a App,
        project: ProjectId,
        now: ledger::Timestamp,
    ) -> Result<Self, Refused> {
        Ok(Self {
            app,
            project,
            now,
            compiled: app.compiled(project).await?,
            campaigns: Vec::new(),
            offers: Vec::new(),
            removed: Vec::new(),
            writes: Vec::new(),
            expects: Vec::new(),
            booking: Booking::default(),
        })
    }

    /// What is in force before the change.
    #[must_use]
    pub fn compiled(&self) -> &Arc<Compiled> {
        &self.compiled
    }

    #[must_use]
    pub fn project(&self) -> ProjectId {
        self.project
    }

    #[must_use]
    pub fn now(&self) -> ledger::Timestamp {
        self.now
    }

    /// Nothing of it happens where somebody changed this record first.
    pub fn expect(&mut self, expect: Expect) {
        self.expects.push(expect);
    }

    pub fn write(&mut self, writes: impl IntoIterator<Item = Write>) {
        self.writes.extend(writes);
    }

    /// Tells the webhooks that asked what comes of it.
    ///
    /// # Errors
    /// When there is no number left for it.
    pub fn tell<T: Serialize>(&mut self, event: Event, shown: &T) -> Result<(), Refused> {
        let at = At {
            app: self.app,
            project: self.project,
            now: self.now,
        };
        let told = webhooks::told(at, &self.compiled, (event, shown))?;
        self.writes.extend(told);
        Ok(())
    }

    pub fn book(&mut self, booking: Booking) {
        let before = std::mem::take(&mut self.booking);
        self.booking = before.then(booking);
    }

    /// # Errors
    /// Never for what is stored here; a fault if it happens.
    pub fn put_campaign(&mut self, stored: &Stored<Campaign>) -> Result<(), Refused> {
        let id = stored.thing.id.0;
        if !self.compiled.campaigns.contains_key(&stored.thing.id) {
            self.writes.push(Write::Link {
                index: Index::CampaignName,
                key: name_key(&stored.thing.name),
                id,
            });
        }
        self.writes.push(Write::Put {
            kind: Kind::Campaign,
            id,
            body: write(stored)?,
        });
        self.campaigns.push(stored.thing.clone());
        Ok(())
    }

    /// # Errors
    /// Never for what is stored here; a fault if it happens.
    pub fn put_offer(&mut self, stored: &Stored<Offer>) -> Result<(), Refused> {
        let id = stored.thing.id.0;
        self.writes.push(Write::Put {
            kind: Kind::Offer,
            id,
            body: write(stored)?,
        });
        self.writes.push(Write::Link {
            index: Index::OffersOfCampaign,
            key: key(stored.thing.campaign.0),
            id,
        });
        self.offers.push(stored.thing.clone());
        Ok(())
    }

    /// Takes away an offer; what it gave stays in the books.
    pub fn remove_offer(&mut self, offer: &Offer) {
        let id = offer.id.0;
        self.writes.push(Write::Delete {
            kind: Kind::Offer,
            id,
        });
        self.writes.push(Write::Unlink {
            index: Index::OffersOfCampaign,
            key: key(offer.campaign.0),
            id,
        });
        self.removed.push(id);
    }

    /// Takes away a campaign with its offers.
    pub fn remove_campaign(&mut self, campaign: &Campaign) {
        let compiled = self.compiled.clone();
        for offer in offers_of(&compiled, campaign.id) {
            self.remove_offer(&offer.thing);
        }
        let id = campaign.id.0;
        self.writes.push(Write::Delete {
            kind: Kind::Campaign,
            id,
        });
        self.writes.push(Write::Unlink {
            index: Index::CampaignName,
            key: name_key(&campaign.name),
            id,
        });
        self.writes.push(Write::Delete {
            kind: Kind::Editions,
            id,
        });
        self.removed.push(id);
    }

    /// Checks the whole and saves it. Stale where the configuration has changed since.
    ///
    /// # Errors
    /// When what would be in force contradicts itself, or the store fails.
    pub async fn submit(mut self, once: Option<Once>) -> Result<Outcome, Refused> {
        self.check()?;
        let offers = std::mem::take(&mut self.offers);
        let before = |id| self.compiled.offers.get(&id).map(|before| &before.thing);
        let changed: Vec<(Option<&Offer>, &Offer)> = offers
            .iter()
            .map(|after| (before(after.id), after))
            .collect();
        let funded = fund_units(self.app, self.project, &changed).await?;
        self.book(funded);
        let id = self.compiled.snapshot.id;
        self.expects.push(Expect {
            kind: Kind::Setting,
            id: CONFIGURATION,
            version: id.0,
        });
        let command = Command {
            project: self.project,
            now: self.now,
            once,
            expects: self.expects,
            openings: self.booking.openings,
            chain: self.booking.chain,
            writes: self.writes,
        };
        self.app.reconfigure(command).await
    }

    /// What is saved must compile, or nothing would be in force from then on.
    fn check(&self) -> Result<(), Refused> {
        let compiled = &self.compiled;
        let is_kept = |id: u64| !self.removed.contains(&id);
        let campaigns = compiled.campaigns.values().map(|one| &one.thing);
        let offers = compiled.offers.values().map(|one| &one.thing);
        let replaced = |id: CampaignId| self.campaigns.iter().any(|one| one.id == id);
        let replaced_offer = |id: OfferId| self.offers.iter().any(|one| one.id == id);
        let configuration = Configuration {
            campaigns: campaigns
                .filter(|one| is_kept(one.id.0) && !replaced(one.id))
                .chain(&self.campaigns)
                .cloned()
                .collect(),
            offers: offers
                .filter(|one| is_kept(one.id.0) && !replaced_offer(one.id))
                .chain(&self.offers)
                .cloned()
                .collect(),
            guardrails: compiled.decisioning.guardrails.clone(),
            policy: compiled.decisioning.policy.clone(),
            design: compiled.decisioning.design.clone(),
            protected: Vec::new(),
        };
        let compiles = Snapshot::compile(compiled.snapshot.id, configuration);
        compiles.map(|_| ()).map_err(|invalid| {
            let in_use = invalid
                .iter()
                .any(|one| matches!(one, decision::Invalid::PolicyNamesUnknown(_)));
            let key = if in_use {
                Key::ResourceInUse
            } else {
                Key::InvalidPayload
            };
            refuse(key, format!("This cannot be in force: {invalid:?}"))
        })
    }
}

/// The offers of a campaign, in the order they were made.
pub fn offers_of(
    compiled: &Compiled,
    campaign: CampaignId,
) -> impl Iterator<Item = &Arc<Stored<Offer>>> {
    let of = move |one: &&Arc<Stored<Offer>>| one.thing.campaign == campaign;
    compiled.offers.values().filter(of)
}

/// The key under which a campaign's name is found.
#[must_use]
pub fn name_key(name: &str) -> Vec<u8> {
    name.as_bytes().to_vec()
}
