//! Do the intervals tell the truth? A whole shop played in memory, decided by the core, read out
//! against the holdout, beside what the offers truly earned.

use std::collections::BTreeMap;

use decision::{
    Configuration, DecisionId, Grant, GrantState, Guardrail, Policy, Remaining, Request, Snapshot,
    SnapshotId, decide, draw_of,
};
use measurement::{Arm, Design, Effect, Moments, UnitId, assign, estimate};
use offers::{
    Benefit, Campaign, CampaignId, Commitment, Currency, Lending, Offer, OfferId, Scope, Stacking,
    Validity, Zone,
};
use profiles::{Consent, CustomerId};
use rules::{Condition, Facts};

use crate::{Settings, Shop, Visit};

/// What was measured, and what is true: profit that the offers earned from the treated, in cents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    pub effect: Effect,
    pub truth: i64,
}

impl Trial {
    #[must_use]
    pub fn is_covered(&self) -> bool {
        let truth = self.truth as f64;
        self.effect.low <= truth && truth <= self.effect.high
    }
}

const RATE: u32 = 100_000;
const QUIET_DAYS: u16 = 6;
const DAYS: u32 = 30;

/// Plays thirty days of a shop with one campaign, "10 % off, once a week at most".
///
/// # Errors
/// When the configuration does not compile or the arms cannot be compared.
pub fn trial(seed: u64, shoppers: u32) -> Result<Trial, String> {
    let design = design(seed);
    let snapshot = Snapshot::compile(SnapshotId(1), configuration(&design))
        .map_err(|invalid| format!("{invalid:?}"))?;
    let mut shop = Shop::new(Settings {
        seed,
        shoppers,
        start: 0,
    });
    let mut grants = BTreeMap::new();
    for _ in 0..DAYS {
        for visit in shop.open() {
            let worth = offered(&snapshot, &mut grants, &visit);
            if shop.shown(&visit, worth) {
                shop.bought(&visit, worth);
            }
        }
        shop.close();
    }
    read_out(&shop, &design)
}

/// What the decision is worth to this visitor; a grant is remembered for the quiet days.
fn offered(snapshot: &Snapshot, grants: &mut BTreeMap<u32, Vec<Grant>>, visit: &Visit) -> u64 {
    let id = DecisionId(u64::from(visit.shopper) << 16 | u64::from(visit.day));
    let mine = grants.entry(visit.shopper).or_default();
    let mut facts = Facts::default();
    facts.set("now", rules::Value::Time(visit.at));
    let request = Request {
        id,
        customer: CustomerId(u64::from(visit.shopper)),
        consent: Consent::granted(0),
        facts,
        order: None,
        grants: mine.clone(),
        remaining: Remaining::default(),
        now: visit.at,
        draw: draw_of(b"trial", id),
    };
    let Some((offer, _)) = decide(snapshot, &request).chosen() else {
        return 0;
    };
    let (at, until) = (visit.at, visit.at + 1);
    mine.push(Grant {
        offer,
        at,
        until,
        state: GrantState::Lapsed,
    });
    visit.cart.goods() * u64::from(RATE) / 1_000_000
}

fn read_out(shop: &Shop, design: &Design) -> Result<Trial, String> {
    let (mut held, mut treated) = (Moments::default(), Moments::default());
    let arm = |number: u32| assign(design, UnitId(u64::from(number)));
    for (shopper, number) in shop.shoppers.iter().zip(0_u32..) {
        let moments = if arm(number) == Arm::Holdout {
            &mut held
        } else {
            &mut treated
        };
        moments.push(shopper.lived.profit as f64);
    }
    let effect = estimate(design, &held, &treated).map_err(|unready| format!("{unready:?}"))?;
    let truth = shop.truth(|number| arm(number) != Arm::Holdout);
    Ok(Trial {
        effect: effect.times(treated.n),
        truth,
    })
}

fn design(seed: u64) -> Design {
    let mut salt = *b"simulated.......";
    salt.iter_mut()
        .rev()
        .zip(seed.to_le_bytes())
        .for_each(|(to, from)| *to = from);
    let weights = vec![(Arm::Treatment(0), 1_000_000)];
    Design {
        salt,
        holdout: 250_000,
        weights,
        level: 950_000,
    }
}

fn configuration(design: &Design) -> Configuration {
    let campaign = Campaign {
        id: CampaignId(1),
        name: "Ten percent".into(),
        active: true,
        validity: Validity::default(),
        rule: Condition::Always,
        stacking: Stacking::Together,
        priority: 0,
        commitment: Commitment::WhileBudgetLasts,
        currency: Currency(*b"EUR"),
        caps: Vec::new(),
        after: Condition::Always,
        zone: Zone::UTC,
        lending: Lending::Off,
    };
    let offer = Offer {
        id: OfferId(1),
        campaign: CampaignId(1),
        name: "Ten percent".into(),
        active: true,
        validity: Validity::default(),
        rule: Condition::Always,
        benefit: Benefit::PercentOff {
            rate: RATE,
            ceiling: None,
        },
        formula: None,
        scope: Scope::Order,
        is_tier: false,
        priority: 0,
        after: Condition::Always,
        bundle: None,
        grant_ms: 86_400_000,
    };
    Configuration {
        campaigns: vec![campaign],
        offers: vec![offer],
        guardrails: vec![Guardrail::QuietDays(QUIET_DAYS)],
        policy: Policy::Ranked(vec![OfferId(1)]),
        design: design.clone(),
        protected: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_is_measured_near_its_truth() {
        let trial = trial(11, 2_000).unwrap();
        assert!(trial.truth > 0, "{trial:?}");
        let off_by = (trial.effect.estimate - trial.truth as f64).abs();
        assert!(off_by < 4.0 * trial.effect.standard_error, "{trial:?}");
    }

    #[test]
    #[ignore = "takes a minute; run with the slow tests"]
    fn intervals_cover_the_truth_as_often_as_they_say() {
        let covered = (0..200)
            .filter(|seed| trial(*seed, 1_500).unwrap().is_covered())
            .count();
        assert!((184..=196).contains(&covered), "{covered} of 200");
    }
}
