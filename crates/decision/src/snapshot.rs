//! What may be offered at all? All configuration, checked once, frozen and numbered.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use measurement::{Design, Malformed, WHOLE};
use offers::{CURRENCY, Campaign, CampaignId, CapUnit, Commitment, Offer, OfferId, Ppm};
use rules::{Condition, Facts, Index, Path, Reads};
use serde::{Deserialize, Serialize};

use crate::{Guardrail, Policy, SnapshotId};

/// More offers than this in one policy are refused: each costs time in every decision.
pub const MAX_POLICY_OFFERS: usize = 256;

/// More arms than this in a bandit are refused: the integrals of the compilation grow with their
/// square, and evidence spread over more of them tells little of each.
pub const MAX_ARMS: usize = 12;

/// What people set up, in any order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Configuration {
    pub campaigns: Vec<Campaign>,
    pub offers: Vec<Offer>,
    pub guardrails: Vec<Guardrail>,
    /// An empty list of offers gives nobody anything.
    pub policy: Policy,
    /// The holdout receives nothing; every other arm receives what the policy chooses.
    pub design: Design,
    /// Facts that no rule may read, beside those of `NeverReads`; a name covers what is under it.
    #[serde(default)]
    pub protected: Vec<Path>,
}

/// Why a configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Invalid {
    CampaignTwice(CampaignId),
    OfferTwice(OfferId),
    CampaignMissing {
        offer: OfferId,
        campaign: CampaignId,
    },
    /// The campaign's rule, or one of its offers' (`offer`), reads what no rule may read.
    ReadsProtected {
        campaign: CampaignId,
        name: Arc<str>,
        offer: Option<OfferId>,
        path: Path,
    },
    /// The campaign guarantees its grants and caps its money, and nobody can say before there is
    /// an order what one use of the offer costs at most: a grant of it could hold no money.
    PromiseUnbounded {
        campaign: CampaignId,
        name: Arc<str>,
        offer: OfferId,
    },
    /// More than the whole.
    ShareTooHigh(Guardrail),
    PolicyTooLong {
        offers: usize,
        limit: usize,
    },
    PolicyNamesTwice(OfferId),
    PolicyNamesUnknown(OfferId),
    /// So many arms cannot each have this share.
    FloorTooHigh {
        floor: Ppm,
        arms: usize,
    },
    Design(Malformed),
}

/// A live offer with all that a decision asks of it, prepared.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub offer: Offer,
    pub campaign: Arc<Campaign>,
    /// The campaign's rule and the offer's.
    pub rule: Condition,
    /// Where the policy's list names the offer.
    pub place: Option<usize>,
    pub score_micros: i64,
    /// Of an arm of a bandit: its share when every live arm is allowed.
    pub share: Ppm,
}

/// A configuration, compiled. Its decisions do not depend on the order of what it was made of.
#[derive(Debug)]
pub struct Snapshot {
    pub id: SnapshotId,
    pub(crate) guardrails: Vec<Guardrail>,
    pub(crate) policy: Policy,
    pub(crate) design: Design,
    /// Invariant: in order of offer id, so that a position sorts as the id does.
    live: Vec<Candidate>,
    /// The rules of `live`, under positions in it.
    index: Index<u32>,
    reads: Reads,
}

impl Snapshot {
    /// Checks and freezes a configuration. What is paused is left out.
    ///
    /// # Errors
    /// Everything that is wrong with it, not just the first.
    pub fn compile(id: SnapshotId, configuration: Configuration) -> Result<Self, Vec<Invalid>> {
        let invalid = faults_of(&configuration);
        if !invalid.is_empty() {
            return Err(invalid);
        }
        let mut live = live(
            configuration.campaigns,
            configuration.offers,
            &configuration.policy,
        );
        share_out(&configuration.policy, &mut live);
        let rules = live.iter().map(|candidate| candidate.rule.clone());
        let index = Index::build((0..).zip(rules));
        let reads = reads_of(&live);
        Ok(Self {
            id,
            guardrails: configuration.guardrails,
            policy: configuration.policy,
            design: configuration.design,
            live,
            index,
            reads,
        })
    }

    /// The facts that a decision reads: no other need be told, nor kept for a replay.
    #[must_use]
    pub fn reads(&self) -> &Reads {
        &self.reads
    }

    /// How many offers are neither paused nor of a paused campaign.
    #[must_use]
    pub fn live(&self) -> usize {
        self.live.len()
    }

    /// A live offer and its campaign.
    #[must_use]
    pub fn offer(&self, id: OfferId) -> Option<(&Offer, &Campaign)> {
        self.candidate(id)
            .map(|found| (&found.offer, &*found.campaign))
    }

    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    #[must_use]
    pub fn guardrails(&self) -> &[Guardrail] {
        &self.guardrails
    }

    #[must_use]
    pub fn design(&self) -> &Design {
        &self.design
    }

    pub(crate) fn candidate(&self, id: OfferId) -> Option<&Candidate> {
        let at = self
            .live
            .binary_search_by_key(&id, |candidate| candidate.offer.id)
            .ok()?;
        self.live.get(at)
    }

    pub(crate) fn all(&self) -> &[Candidate] {
        &self.live
    }

    /// The live candidates whose rule is met, in order of offer id.
    pub(crate) fn matching(&self, facts: &Facts) -> Vec<&Candidate> {
        let positions = self.index.matches(&self.index.encode(facts));
        positions
            .into_iter()
            .filter_map(|at| self.live.get(at as usize))
            .collect()
    }
}

/// The offers these facts qualify for, each with its campaign, in order of offer id: what the
/// caller loads balances of before it decides.
#[must_use]
pub fn candidates(snapshot: &Snapshot, facts: &Facts) -> Vec<(OfferId, CampaignId)> {
    let ids = |found: &Candidate| (found.offer.id, found.campaign.id);
    snapshot.matching(facts).into_iter().map(ids).collect()
}

fn live(campaigns: Vec<Campaign>, offers: Vec<Offer>, policy: &Policy) -> Vec<Candidate> {
    let campaigns: BTreeMap<CampaignId, Arc<Campaign>> = campaigns
        .into_iter()
        .filter(|campaign| campaign.active)
        .map(|campaign| (campaign.id, Arc::new(campaign)))
        .collect();
    let places: BTreeMap<OfferId, usize> = policy.offers().into_iter().zip(0..).collect();
    let scores = policy.scores_micros();
    let mut live: Vec<Candidate> = offers
        .into_iter()
        .filter(|offer| offer.active)
        .filter_map(|offer| {
            let campaign = Arc::clone(campaigns.get(&offer.campaign)?);
            let rule = Condition::all([campaign.rule.clone(), offer.rule.clone()]);
            let place = places.get(&offer.id).copied();
            let score_micros = place
                .and_then(|place| scores.get(place).copied())
                .unwrap_or(0);
            Some(Candidate {
                offer,
                campaign,
                rule,
                place,
                score_micros,
                share: 0,
            })
        })
        .collect();
    live.sort_by_key(|candidate| candidate.offer.id);
    live
}

/// What the rules, scopes and formulas of the candidates read, and the currency, in which the
/// amounts of each are meant.
fn reads_of(live: &[Candidate]) -> Reads {
    Reads::visited(|visit| {
        for candidate in live {
            candidate.rule.each_read(visit);
            candidate.offer.each_read(visit);
        }
        visit(&CURRENCY.into());
    })
}

/// The integrals are done here, once: a decision restricts the shares to what it allows.
fn share_out(policy: &Policy, live: &mut [Candidate]) {
    let Policy::Bandit { arms, floor } = policy else {
        return;
    };
    let seen = |candidate: &Candidate| arms.get(candidate.place?).map(|(_, seen)| *seen);
    let evidence: Vec<_> = live.iter().filter_map(seen).collect();
    let shares = learning::allocate(&evidence, *floor);
    let named = live
        .iter_mut()
        .filter(|candidate| candidate.place.is_some());
    for (candidate, share) in named.zip(shares) {
        candidate.share = share;
    }
}

fn faults_of(configuration: &Configuration) -> Vec<Invalid> {
    let mut faults = twice(configuration);
    faults.extend(protected_reads(configuration));
    faults.extend(unbounded_promises(configuration));
    faults.extend(policy_faults(configuration));
    faults.extend(configuration.guardrails.iter().filter_map(too_high));
    faults.extend(configuration.design.check().err().map(Invalid::Design));
    faults
}

fn twice(configuration: &Configuration) -> Vec<Invalid> {
    let mut faults = Vec::new();
    let mut campaigns = BTreeSet::new();
    for campaign in &configuration.campaigns {
        if !campaigns.insert(campaign.id) {
            faults.push(Invalid::CampaignTwice(campaign.id));
        }
    }
    let mut offers = BTreeSet::new();
    for offer in &configuration.offers {
        if !offers.insert(offer.id) {
            faults.push(Invalid::OfferTwice(offer.id));
        }
        if !campaigns.contains(&offer.campaign) {
            let (offer, campaign) = (offer.id, offer.campaign);
            faults.push(Invalid::CampaignMissing { offer, campaign });
        }
    }
    faults
}

fn protected_reads(configuration: &Configuration) -> Vec<Invalid> {
    let never = configuration
        .guardrails
        .iter()
        .filter_map(|guardrail| match guardrail {
            Guardrail::NeverReads(path) => Some(path),
            _ => None,
        });
    let protected: Vec<&Path> = configuration.protected.iter().chain(never).collect();
    let mut faults = Vec::new();
    for campaign in &configuration.campaigns {
        let (id, name) = (campaign.id, &campaign.name);
        let offers = configuration
            .offers
            .iter()
            .filter(|offer| offer.campaign == id);
        let of_offers = offers
            .flat_map(|offer| conditions_of(offer).map(|condition| (Some(offer.id), condition)));
        for (offer, condition) in std::iter::once((None, &campaign.rule)).chain(of_offers) {
            faults.extend(forbidden(condition, &protected).into_iter().map(|path| {
                Invalid::ReadsProtected {
                    campaign: id,
                    name: Arc::clone(name),
                    offer,
                    path,
                }
            }));
        }
    }
    faults
}

fn unbounded_promises(configuration: &Configuration) -> Vec<Invalid> {
    let promises_money = |campaign: &&Campaign| {
        let has_cap = campaign.caps.iter().any(|cap| cap.unit == CapUnit::Money);
        campaign.commitment == Commitment::Guaranteed && has_cap
    };
    let campaigns = configuration.campaigns.iter().filter(promises_money);
    let unbounded = campaigns.flat_map(|campaign| {
        let of_campaign = move |offer: &&Offer| offer.campaign == campaign.id;
        let offers = configuration.offers.iter().filter(of_campaign);
        offers
            .filter(|offer| offer.ceiling(None, &Facts::none()).is_none())
            .map(|offer| Invalid::PromiseUnbounded {
                campaign: campaign.id,
                name: Arc::clone(&campaign.name),
                offer: offer.id,
            })
    });
    unbounded.collect()
}

fn conditions_of(offer: &Offer) -> impl Iterator<Item = &Condition> {
    [&offer.rule].into_iter().chain(offer.scope.conditions())
}

/// What a condition reads that is protected, or lies under what is.
fn forbidden(condition: &Condition, protected: &[&Path]) -> Vec<Path> {
    let is_forbidden = |path: &Path| protected.iter().any(|above| covers(above, path));
    condition.reads().into_iter().filter(is_forbidden).collect()
}

fn covers(above: &Path, path: &Path) -> bool {
    match path.as_str().strip_prefix(above.as_str()) {
        Some(rest) => rest.is_empty() || rest.starts_with('.'),
        None => false,
    }
}

fn policy_faults(configuration: &Configuration) -> Vec<Invalid> {
    let policy = &configuration.policy;
    let mut faults = Vec::new();
    let named = policy.offers();
    let limit = match policy {
        Policy::Ranked(_) | Policy::Ladder(_) => MAX_POLICY_OFFERS,
        Policy::Bandit { .. } => MAX_ARMS,
    };
    if named.len() > limit {
        let offers = named.len();
        faults.push(Invalid::PolicyTooLong { offers, limit });
    }
    let known: BTreeSet<OfferId> = configuration.offers.iter().map(|offer| offer.id).collect();
    let mut seen = BTreeSet::new();
    for offer in &named {
        if !seen.insert(*offer) {
            faults.push(Invalid::PolicyNamesTwice(*offer));
        } else if !known.contains(offer) {
            faults.push(Invalid::PolicyNamesUnknown(*offer));
        }
    }
    if let Policy::Bandit { arms, floor } = policy
        && u64::from(*floor) * arms.len() as u64 > u64::from(WHOLE)
    {
        faults.push(Invalid::FloorTooHigh {
            floor: *floor,
            arms: arms.len(),
        });
    }
    faults
}

fn too_high(guardrail: &Guardrail) -> Option<Invalid> {
    match guardrail {
        Guardrail::MarginAtLeast(share) | Guardrail::DepthAtMost(share) if *share > WHOLE => {
            Some(Invalid::ShareTooHigh(guardrail.clone()))
        }
        Guardrail::MarginAtLeast(_)
        | Guardrail::DepthAtMost(_)
        | Guardrail::NotOnDiscounted
        | Guardrail::QuietDays(_)
        | Guardrail::NeverReads(_) => None,
    }
}
