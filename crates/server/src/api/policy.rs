//! Who gets which? The policy, the guardrails and the share held out; and what the policy learns.

use axum::{body::Bytes, extract::State};
use decision::{Guardrail, Policy};
use learning::Evidence;
use offers::{OfferId, Zone};
use serde::{Deserialize, Serialize};
use store::{Command, Expect, Kind, Outcome, Write};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::ids::{self, Tag};

use crate::{
    app::App,
    auth::{Caller, CampaignsRead, CampaignsWrite},
    configuration::{self, Compiled, Decisioning, Settings},
    learn,
    once::Answer,
    problem::Refused,
    setting::{CONFIGURATION, DECISIONING, SETTINGS},
    setup::writes,
};

const MAX_ATTEMPTS: usize = 20;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get, put))
        .routes(routes!(learn_now))
        .routes(routes!(get_settings, put_settings))
}

/// How offers are decided. What is left out of a PUT is as it was before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<PolicyChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guardrails: Option<Guardrails>,
    /// Share of all customers that receive nothing, in ppm. Changing it moves customers between
    /// arms, and those moved no longer count in any.
    #[serde(skip_serializing_if = "Option::is_none")]
    holdout_ppm: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyChoice {
    kind: PolicyKind,
    /// `promo_…`, in order.
    #[serde(default)]
    offers: Vec<String>,
    /// `camp_…` or names: all offers of each, in order, after those named themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    campaigns: Vec<String>,
    /// Of a bandit: the least share of each offer, in ppm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    floor_ppm: Option<u32>,
    /// Of a bandit: what was seen of each offer. Never read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<EvidenceView>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyKind {
    /// The first of the list that is allowed.
    Ranked,
    /// Rising strength: the next only after the last one lapsed.
    Ladder,
    /// Learns which earns most, and goes on trying the others.
    Bandit,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EvidenceView {
    offer_id: String,
    /// Grants that have ended.
    n: u64,
    /// Contribution of each, in minor units.
    mean: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Guardrails {
    #[serde(skip_serializing_if = "Option::is_none")]
    margin_at_least_ppm: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    depth_at_most_ppm: Option<u32>,
    not_on_discounted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    quiet_days: Option<u16>,
    /// Facts that no rule may read, nor what lies under them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    never_reads: Vec<String>,
}

const DEFAULT_FLOOR: u32 = 20_000;

/// What is in force.
#[utoipa::path(get, path = "/v1/policy", responses(
    (status = 200, description = "The policy.", body = PolicyBody)
))]
async fn get(State(app): State<App>, caller: Caller<CampaignsRead>) -> Result<Answer, Refused> {
    let compiled = app.compiled(caller.project).await?;
    Answer::ok(&view(&compiled.decisioning))
}

/// Changes it; whatever does not fit together with the campaigns changes nothing.
#[utoipa::path(put, path = "/v1/policy", request_body = PolicyBody, responses(
    (status = 200, description = "The policy.", body = PolicyBody),
    (status = 422, description = "It does not fit: which campaign or offer, and why.")
))]
async fn put(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let input: PolicyBody = wire::parse(&body)?;
    for _ in 0..MAX_ATTEMPTS {
        let compiled = app.compiled(caller.project).await?;
        let decisioning = changed(&compiled, &input)?;
        configuration::check(&compiled, &decisioning)?;
        let put = Write::Put {
            kind: Kind::Setting,
            id: DECISIONING,
            body: configuration::write(&decisioning)?,
        };
        if is_applied(&app, (&caller, &compiled), put).await? {
            return Answer::ok(&view(&decisioning));
        }
    }
    Err(Refused::Busy)
}

/// Saves what was checked against a configuration, if it still is the one in force: every change
/// of campaigns, offers, policy and settings gives it a new number.
///
/// # Errors
/// When the store fails.
pub(super) async fn is_applied(
    app: &App,
    (caller, compiled): (&Caller<CampaignsWrite>, &Compiled),
    change: Write,
) -> Result<bool, Refused> {
    let command = Command {
        now: caller.now,
        expects: vec![Expect {
            kind: Kind::Setting,
            id: CONFIGURATION,
            version: compiled.snapshot.id.0,
        }],
        ..writes(caller.project, vec![change])
    };
    match app.reconfigure(command).await? {
        Outcome::Applied => Ok(true),
        Outcome::Stale { .. } => Ok(false),
        other => Err(Refused::Fault(format!("the configuration: {other:?}"))),
    }
}

/// Reads what became of the offers granted, and shifts a bandit's shares; the daily job does the
/// same.
#[utoipa::path(post, path = "/v1/policy/learn", responses(
    (status = 200, description = "The policy after learning.", body = PolicyBody)
))]
async fn learn_now(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
) -> Result<Answer, Refused> {
    learn::learn(&app, caller.project, caller.now).await?;
    let compiled = app.compiled(caller.project).await?;
    Answer::ok(&view(&compiled.decisioning))
}

fn changed(compiled: &Compiled, input: &PolicyBody) -> Result<Decisioning, Refused> {
    let mut decisioning = compiled.decisioning.clone();
    if let Some(choice) = &input.policy {
        decisioning.policy = policy(compiled, choice)?;
    }
    if let Some(guardrails) = &input.guardrails {
        decisioning.guardrails = guardrails.read();
    }
    if let Some(holdout) = input.holdout_ppm {
        decisioning.design.holdout = holdout;
    }
    Ok(decisioning)
}

fn policy(compiled: &Compiled, choice: &PolicyChoice) -> Result<Policy, Refused> {
    let offers = offers(compiled, choice)?;
    Ok(match choice.kind {
        PolicyKind::Ranked => Policy::Ranked(offers),
        PolicyKind::Ladder => Policy::Ladder(offers),
        PolicyKind::Bandit => {
            // What was learnt of an offer that stays is kept.
            let seen = |offer: &OfferId| match &compiled.decisioning.policy {
                Policy::Bandit { arms, .. } => arms.iter().find(|(known, _)| known == offer),
                Policy::Ranked(_) | Policy::Ladder(_) => None,
            };
            let arm = |offer| (offer, seen(&offer).map_or(Evidence::default(), |arm| arm.1));
            Policy::Bandit {
                arms: offers.into_iter().map(arm).collect(),
                floor: choice.floor_ppm.unwrap_or(DEFAULT_FLOOR),
            }
        }
    })
}

fn offers(compiled: &Compiled, choice: &PolicyChoice) -> Result<Vec<OfferId>, Refused> {
    let mut all = Vec::new();
    for (place, text) in choice.offers.iter().enumerate() {
        let id = ids::parse(Tag::Tier, text).ok().map(OfferId);
        let known = id.filter(|id| compiled.offers.contains_key(id));
        all.push(known.ok_or_else(|| unknown("offer", (format!("/policy/offers/{place}"), text)))?);
    }
    for (place, text) in choice.campaigns.iter().enumerate() {
        let id = ids::parse(Tag::Campaign, text).ok();
        let known = compiled.campaigns.values().find(|stored| {
            id == Some(stored.thing.id.0) || stored.thing.name.as_ref() == text.as_str()
        });
        let pointer = format!("/policy/campaigns/{place}");
        let campaign = known.ok_or_else(|| unknown("campaign", (pointer, text)))?;
        let of_campaign = compiled.offers.values().map(|stored| &stored.thing);
        let mut of_campaign: Vec<_> = of_campaign
            .filter(|offer| offer.campaign == campaign.thing.id)
            .collect();
        of_campaign.sort_by_key(|offer| (offer.priority, offer.id));
        all.extend(of_campaign.iter().map(|offer| offer.id));
    }
    Ok(all)
}

fn unknown(what: &str, (pointer, name): (String, &str)) -> Refused {
    Refused::Invalid {
        code: "unknown_offer",
        pointer,
        detail: format!("There is no {what} {name}."),
    }
}

impl Guardrails {
    fn read(&self) -> Vec<Guardrail> {
        let margin = self.margin_at_least_ppm.map(Guardrail::MarginAtLeast);
        let depth = self.depth_at_most_ppm.map(Guardrail::DepthAtMost);
        let discounted = self.not_on_discounted.then_some(Guardrail::NotOnDiscounted);
        let quiet = self.quiet_days.map(Guardrail::QuietDays);
        let never = self.never_reads.iter();
        let never = never.map(|path| Guardrail::NeverReads(path.as_str().into()));
        let looks = [margin, depth, discounted, quiet].into_iter().flatten();
        looks.chain(never).collect()
    }

    fn of(guardrails: &[Guardrail]) -> Self {
        let mut all = Self::default();
        for guardrail in guardrails {
            match guardrail {
                Guardrail::MarginAtLeast(share) => all.margin_at_least_ppm = Some(*share),
                Guardrail::DepthAtMost(share) => all.depth_at_most_ppm = Some(*share),
                Guardrail::NotOnDiscounted => all.not_on_discounted = true,
                Guardrail::QuietDays(days) => all.quiet_days = Some(*days),
                Guardrail::NeverReads(path) => all.never_reads.push(path.as_str().into()),
            }
        }
        all
    }
}

fn view(decisioning: &Decisioning) -> PolicyBody {
    let name = |offer: &OfferId| ids::format(Tag::Tier, offer.0);
    let mut choice = PolicyChoice {
        kind: PolicyKind::Ranked,
        offers: decisioning.policy.offers().iter().map(name).collect(),
        campaigns: Vec::new(),
        floor_ppm: None,
        evidence: Vec::new(),
    };
    match &decisioning.policy {
        Policy::Ranked(_) => {}
        Policy::Ladder(_) => choice.kind = PolicyKind::Ladder,
        Policy::Bandit { arms, floor } => {
            choice.kind = PolicyKind::Bandit;
            choice.floor_ppm = Some(*floor);
            let evidence = arms.iter().map(|(offer, seen)| EvidenceView {
                offer_id: name(offer),
                n: seen.n,
                mean: seen.mean,
            });
            choice.evidence = evidence.collect();
        }
    }
    PolicyBody {
        policy: Some(choice),
        guardrails: Some(Guardrails::of(&decisioning.guardrails)),
        holdout_ppm: Some(decisioning.design.holdout),
    }
}

/// What holds for the whole project.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SettingsBody {
    /// ISO 4217: what amounts are in where nothing else is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    /// IANA: by whose clock days of the week, hours of the day and periods are told. UTC where
    /// nobody says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<String>,
    /// Web pages that may send events from a browser, as `https://shop.example`.
    #[serde(skip_serializing_if = "Option::is_none")]
    origins: Option<Vec<String>>,
}

impl SettingsBody {
    fn of(settings: &Settings) -> Self {
        Self {
            currency: Some(String::from_utf8_lossy(&settings.currency.0).into_owned()),
            timezone: Some(settings.zone.name().to_owned()),
            origins: Some(settings.origins.clone()),
        }
    }
}

/// What holds for the whole project.
#[utoipa::path(get, path = "/v1/settings", responses(
    (status = 200, description = "The settings.", body = SettingsBody)
))]
async fn get_settings(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
) -> Result<Answer, Refused> {
    let compiled = app.compiled(caller.project).await?;
    Answer::ok(&SettingsBody::of(&compiled.settings))
}

fn zone(name: &str) -> Result<Zone, Refused> {
    let unknown = || Refused::Invalid {
        code: "not_a_time_zone",
        pointer: "/timezone".into(),
        detail: "Write the name of a time zone, as Europe/Warsaw.".into(),
    };
    Zone::named(name).ok_or_else(unknown)
}

/// Changes what is sent.
#[utoipa::path(put, path = "/v1/settings", request_body = SettingsBody, responses(
    (status = 200, description = "The settings.", body = SettingsBody)
))]
async fn put_settings(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let input: SettingsBody = wire::parse(&body)?;
    for _ in 0..MAX_ATTEMPTS {
        let compiled = app.compiled(caller.project).await?;
        let mut settings = compiled.settings.clone();
        if let Some(currency) = &input.currency {
            settings = settings.in_currency(currency)?;
        }
        if let Some(name) = &input.timezone {
            settings.zone = zone(name)?;
        }
        if let Some(origins) = &input.origins {
            settings.origins.clone_from(origins);
        }
        let put = Write::Put {
            kind: Kind::Setting,
            id: SETTINGS,
            body: configuration::write(&settings)?,
        };
        if is_applied(&app, (&caller, &compiled), put).await? {
            return Answer::ok(&SettingsBody::of(&settings));
        }
    }
    Err(Refused::Busy)
}
