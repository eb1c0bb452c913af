//! What is in force? Campaigns, offers, policy, guardrails, design and segments of one project,
//! read from the store, compiled to a snapshot and looked up by id.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use decision::{Configuration, Guardrail, Invalid, Policy, Snapshot, SnapshotId};
use measurement::{Arm, Design};
use offers::{Campaign, CampaignId, Currency, Offer, OfferId, Zone, places};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::{Kind, Page, ProjectId, Store, View};
use wire::voucherify::{StackingRules, StackingRulesView};

use crate::{
    browsers::is_origin,
    editions::Editions,
    grouping::Categories,
    loyalty::Loyalty,
    problem::Refused,
    schemas::Schemas,
    segments::Segments,
    setting::{CONFIGURATION, DECISIONING, SETTINGS, STACKING},
    versioned,
    webhooks::Webhooks,
};

/// What holds for a whole project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// What amounts are in where nothing else is said.
    pub currency: Currency,
    /// Decimal places of its minor unit: 2 for EUR.
    pub places: u8,
    /// By whose clock days, hours and periods are told.
    pub zone: Zone,
    /// Web pages that may call from a browser: `https://shop.example`. None by default.
    pub origins: Vec<String>,
    /// Whether browsers may redeem.
    pub client_redeem_enabled: bool,
    /// Whether browsers may have codes given to customers.
    pub client_publish_enabled: bool,
}

impl Settings {
    /// What amounts and hours are in where nothing else is said.
    #[must_use]
    pub fn standards(&self) -> (Currency, &Zone) {
        (self.currency, &self.zone)
    }

    /// The same, counted in another currency.
    ///
    /// # Errors
    /// When it is not three letters.
    pub fn in_currency(mut self, name: &str) -> Result<Self, Refused> {
        let letters: Option<[u8; 3]> = name.as_bytes().try_into().ok();
        let letters = letters.filter(|letters| letters.iter().all(u8::is_ascii_uppercase));
        let wrong = || Refused::Invalid {
            code: "not_a_currency",
            pointer: "/currency".into(),
            detail: "Write three capital letters, as EUR.".into(),
        };
        self.currency = Currency(letters.ok_or_else(wrong)?);
        self.places = places(self.currency);
        Ok(self)
    }
}

impl Settings {
    /// The same, with other pages.
    ///
    /// # Errors
    /// When one is no origin as browsers send it.
    pub fn with_origins(mut self, origins: &[String]) -> Result<Self, Refused> {
        let wrong = origins.iter().position(|origin| !is_origin(origin));
        if let Some(place) = wrong {
            return Err(Refused::Invalid {
                code: "not_an_origin",
                pointer: format!("/origins/{place}"),
                detail: "Write an origin as browsers send it: https://shop.example, in lower \
                         case, without a path and without *."
                    .into(),
            });
        }
        self.origins = origins.to_vec();
        Ok(self)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            currency: Currency(*b"EUR"),
            places: 2,
            zone: Zone::UTC,
            origins: Vec::new(),
            client_redeem_enabled: false,
            client_publish_enabled: false,
        }
    }
}

/// A thing of ours beside the fields that only a protocol knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stored<T> {
    pub thing: T,
    /// Members the caller sent that mean nothing to the core: description, metadata, ….
    pub extra: serde_json::Value,
    pub created_at: ledger::Timestamp,
    pub updated_at: Option<ledger::Timestamp>,
}

/// How decisions are made in a project.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Decisioning {
    pub policy: Policy,
    pub guardrails: Vec<Guardrail>,
    pub design: Design,
}

impl Default for Decisioning {
    /// Nobody gets anything until a marketer says so; one customer in ten is held out.
    fn default() -> Self {
        let design = Design {
            salt: *b"proffer.holdout.",
            holdout: 100_000,
            weights: vec![(Arm::Treatment(0), 1_000_000)],
            level: 950_000,
        };
        Self {
            policy: Policy::Ranked(Vec::new()),
            guardrails: Vec::new(),
            design,
        }
    }
}

/// How redeemables are combined.
pub struct Combining {
    /// As somebody set it.
    pub kept: Option<StackingRulesView>,
    /// As answers repeat it.
    pub said: StackingRules,
    /// As it is done.
    pub rules: offers::StackingRules,
}

impl Combining {
    fn of(kept: Option<StackingRulesView>) -> Result<Self, Refused> {
        let said = kept.as_ref().map(|kept| kept.rules.clone());
        let said = said.unwrap_or_default();
        let rules = said.to_domain();
        let rules = rules.map_err(|wrong| Refused::Fault(wrong.to_string()))?;
        Ok(Self { kept, said, rules })
    }
}

/// A project's configuration, frozen and numbered.
pub struct Compiled {
    pub snapshot: Snapshot,
    pub decisioning: Decisioning,
    pub settings: Settings,
    pub stacking: Combining,
    pub segments: Segments,
    pub schemas: Schemas,
    pub categories: Categories,
    pub loyalty: Loyalty,
    pub webhooks: Webhooks,
    pub campaigns: BTreeMap<CampaignId, Arc<Stored<Campaign>>>,
    pub offers: BTreeMap<OfferId, Arc<Stored<Offer>>>,
    pub editions: Editions,
    configuration: Configuration,
    kept: AtomicBool,
}

impl Compiled {
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.kept.load(Ordering::Acquire)
    }

    pub fn mark_kept(&self) {
        self.kept.store(true, Ordering::Release);
    }

    /// The day that a moment lies in where the shop is, from 1970.
    #[must_use]
    pub fn day(&self, at: ledger::Timestamp) -> u32 {
        offers::day_of(at, &self.settings.zone)
    }

    /// An offer with its campaign, also where one is paused.
    #[must_use]
    pub fn of(&self, offer: OfferId) -> Option<(&Offer, &Campaign)> {
        let offer = &self.offers.get(&offer)?.thing;
        let campaign = &self.campaigns.get(&offer.campaign)?.thing;
        Some((offer, campaign))
    }

    /// Whether it matters what customers belong to: it is kept who is in some segment, or there are
    /// tiers.
    #[must_use]
    pub fn has_memberships(&self) -> bool {
        !self.segments.kept.is_empty() || self.loyalty.has_tiers()
    }

    /// What it was compiled from.
    #[must_use]
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// # Errors
    /// When it cannot be written down, which would be a fault.
    pub fn serialised(&self) -> Result<Vec<u8>, Refused> {
        versioned::write(&self.configuration)
    }
}

/// The number of what is in force: it rises with every change. One short read.
///
/// # Errors
/// When the store cannot be read.
pub async fn number(store: &Store, project: ProjectId) -> Result<u64, Refused> {
    let record = store.get(project, Kind::Setting, CONFIGURATION).await?;
    Ok(record.map_or(0, |record| record.version))
}

/// Reads and compiles what is in force.
///
/// # Errors
/// When the store cannot be read, or a rule that was accepted no longer compiles.
pub async fn load(store: &Store, project: ProjectId) -> Result<Compiled, Refused> {
    // One view, or a change in between would leave halves of two configurations.
    let mut view = store.view(project)?;
    let version = view.get(Kind::Setting, CONFIGURATION).await?;
    let mut campaigns = all::<Campaign>(&mut view, Kind::Campaign).await?;
    let offers = all::<Offer>(&mut view, Kind::Offer).await?;
    let decisioning: Decisioning = setting(&mut view, DECISIONING).await?;
    let settings: Settings = setting(&mut view, SETTINGS).await?;
    for campaign in &mut campaigns {
        // As it is now, not as it was when the campaign was made.
        campaign.thing.zone = settings.zone.clone();
    }
    let stacking = Combining::of(setting(&mut view, STACKING).await?)?;
    let segments = numbered(&mut view, Kind::Segment).await?;
    let segments = Segments::of(&segments, &settings.zone)?;
    let schemas = Schemas::of(numbered(&mut view, Kind::MetadataSchema).await?);
    let categories = Categories::of(numbered(&mut view, Kind::Category).await?);
    let loyalty = Loyalty::load(&mut view, &campaigns).await?;
    let editions = Editions::load(&mut view).await?;
    let webhooks = Webhooks::of(numbered(&mut view, Kind::Webhook).await?);
    drop(view);
    let configuration = Configuration {
        campaigns: campaigns
            .iter()
            .map(|stored| stored.thing.clone())
            .collect(),
        offers: offers.iter().map(|stored| stored.thing.clone()).collect(),
        guardrails: decisioning.guardrails.clone(),
        policy: decisioning.policy.clone(),
        design: decisioning.design.clone(),
        protected: Vec::new(),
    };
    let id = SnapshotId(version.map_or(0, |record| record.version));
    Ok(Compiled {
        snapshot: compile_aside(id, configuration.clone()).await?,
        decisioning,
        settings,
        stacking,
        segments,
        schemas,
        categories,
        loyalty,
        webhooks,
        campaigns: campaigns
            .into_iter()
            .map(|one| (one.thing.id, Arc::new(one)))
            .collect(),
        offers: offers
            .into_iter()
            .map(|one| (one.thing.id, Arc::new(one)))
            .collect(),
        editions,
        configuration,
        kept: AtomicBool::new(false),
    })
}

/// The configuration a decision was made with.
///
/// # Errors
/// When it was never kept, or cannot be read.
pub async fn kept(store: &Store, project: ProjectId, id: SnapshotId) -> Result<Snapshot, Refused> {
    let record = store.get(project, Kind::Snapshot, id.0).await?;
    let record = record.ok_or_else(|| Refused::NotFound {
        what: "snapshot",
        id: id.0.to_string(),
    })?;
    compile(id, versioned::read(&record.body)?)
}

/// Whether what is in force would still fit together with other decisioning.
///
/// # Errors
/// The first thing that does not fit, naming the campaign it is about.
pub fn check(compiled: &Compiled, decisioning: &Decisioning) -> Result<(), Refused> {
    let configuration = Configuration {
        guardrails: decisioning.guardrails.clone(),
        policy: decisioning.policy.clone(),
        design: decisioning.design.clone(),
        ..compiled.configuration.clone()
    };
    let Err(faults) = Snapshot::compile(compiled.snapshot.id, configuration) else {
        return Ok(());
    };
    let first = faults.first().map(|fault| complaint(compiled, fault));
    let (pointer, detail) = first.unwrap_or_default();
    Err(Refused::Invalid {
        code: "does_not_fit",
        pointer: pointer.to_owned(),
        detail,
    })
}

/// Where in a policy something does not fit, and what, in a sentence.
fn complaint(compiled: &Compiled, fault: &Invalid) -> (&'static str, String) {
    let name = |campaign: &CampaignId| {
        let found = compiled.campaigns.get(campaign);
        found.map_or("?", |stored| stored.thing.name.as_ref())
    };
    match fault {
        Invalid::ReadsProtected { name, path, .. } => (
            "/guardrails/never_reads",
            format!("The campaign {name} reads {path}, which no rule may."),
        ),
        Invalid::CampaignTwice(id) => ("", format!("There are two campaigns {}.", name(id))),
        Invalid::OfferTwice(id) => ("", format!("There are two offers {}.", id.0)),
        Invalid::CampaignMissing { offer, .. } => {
            ("", format!("The offer {} has no campaign.", offer.0))
        }
        Invalid::PromiseUnbounded { name, offer, .. } => (
            "",
            format!(
                "The campaign {name} guarantees its grants within a cap in money, and nothing \
                 bounds what its offer {} costs.",
                offer.0
            ),
        ),
        Invalid::ShareTooHigh(_) => ("/guardrails", "A share is more than the whole.".into()),
        Invalid::PolicyTooLong { offers, limit } => (
            "/policy/offers",
            format!("{offers} offers are more than {limit}."),
        ),
        Invalid::PolicyNamesTwice(id) => ("/policy/offers", named(compiled, *id, "named twice")),
        Invalid::PolicyNamesUnknown(id) => ("/policy/offers", named(compiled, *id, "unknown")),
        Invalid::FloorTooHigh { floor, arms } => (
            "/policy/floor_ppm",
            format!("{arms} offers cannot each have {floor} ppm."),
        ),
        Invalid::Design(why) => ("/holdout_ppm", format!("The arms do not add up: {why:?}.")),
    }
}

fn named(compiled: &Compiled, offer: OfferId, what: &str) -> String {
    match compiled.of(offer) {
        Some((offer, campaign)) => format!(
            "The offer {} of the campaign {} is {what}.",
            offer.name, campaign.name
        ),
        None => format!("The offer {} is {what}.", offer.0),
    }
}

fn compile(id: SnapshotId, configuration: Configuration) -> Result<Snapshot, Refused> {
    Snapshot::compile(id, configuration).map_err(|invalid| Refused::Fault(format!("{invalid:?}")))
}

/// Compiles where no request waits for it.
async fn compile_aside(id: SnapshotId, configuration: Configuration) -> Result<Snapshot, Refused> {
    let compiled = tokio::task::spawn_blocking(move || compile(id, configuration)).await;
    compiled.map_err(|error| Refused::Fault(error.to_string()))?
}

async fn setting<T: DeserializeOwned + Default>(view: &mut View, id: u64) -> Result<T, Refused> {
    match view.get(Kind::Setting, id).await? {
        Some(record) => read(&record.body),
        None => Ok(T::default()),
    }
}

async fn all<T: DeserializeOwned>(view: &mut View, kind: Kind) -> Result<Vec<Stored<T>>, Refused> {
    let all = numbered(view, kind).await?.into_iter();
    Ok(all.map(|(_, stored)| stored).collect())
}

/// The things of a kind by their numbers, oldest first.
///
/// # Errors
/// When the store cannot be read.
pub async fn numbered<T: DeserializeOwned>(
    view: &mut View,
    kind: Kind,
) -> Result<Vec<(u64, T)>, Refused> {
    const LIMIT: u32 = 1_000;
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let page = Page {
            after,
            limit: LIMIT,
            newest_first: false,
        };
        let records = view.list(kind, page).await?;
        let full = records.len() == LIMIT as usize;
        for record in records {
            after = record.id;
            all.push((record.id, read(&record.body)?));
        }
        if !full {
            return Ok(all);
        }
    }
}

/// What a record's body says.
///
/// # Errors
/// When it was written by something else: a fault, not a refusal.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused::Fault(error.to_string()))
}

/// The body of a record.
///
/// # Errors
/// Never for the types that are stored; a fault if it happens.
pub fn write<T: Serialize>(thing: &T) -> Result<Vec<u8>, Refused> {
    serde_json::to_vec(thing).map_err(|error| Refused::Fault(error.to_string()))
}
