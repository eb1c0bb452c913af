//! What does the customer keep coming back to?
//!
//! Weights stand by name and stretch of time. The decay is taken when they are read, so that
//! weights are only ever added and the order of events does not matter.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::{DAY, MINUTE, WEEK, bucket, last::is_kept};
use crate::{Name, Timestamp};

/// Weights kept for one state, over all names and stretches.
pub(super) const MAX_WEIGHTS: usize = 64;

/// A taste counts half after this many weeks, a quarter after twice as many.
pub(super) const HALF_LIFE_WEEKS: u32 = 4;

/// What is older than six half-lives, less than two per cent of its weight, is neither read nor
/// kept.
pub(super) const KEPT_WEEKS: u32 = 6 * HALF_LIFE_WEEKS;

/// Looks at a category further apart than this are two visits.
pub(super) const VISIT: i64 = 30 * MINUTE;

/// Half hours in two days, with the one that has just begun and the one that is not quite over.
pub(super) const KEPT_VISITS: u32 = 98;

/// Days over which events are counted by name.
pub(super) const KEPT_DAYS: u32 = 7;

/// Names with their weights by stretch, both ascending. When there are more weights than
/// [`MAX_WEIGHTS`], those of the oldest stretch go, within it the first in the alphabet. The rank
/// does not look at the weight, so more events can only push a weight further down, and a weight
/// that is kept is whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tastes(Vec<(Name, Vec<(u32, u32)>)>);

impl Tastes {
    pub fn add(&mut self, name: &Name, stretch: u32, weight: u32) {
        if !is_kept(name) {
            return;
        }
        match self.0.binary_search_by(|(known, _)| known.cmp(name)) {
            Ok(place) => {
                if let Some((_, weights)) = self.0.get_mut(place) {
                    add_weight(weights, (stretch, weight));
                }
            }
            Err(place) => self
                .0
                .insert(place, (name.clone(), vec![(stretch, weight)])),
        }
        self.prune();
    }

    pub fn merge(&self, other: &Self) -> Self {
        let mut all = [self.0.as_slice(), other.0.as_slice()].concat();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                later
                    .1
                    .iter()
                    .for_each(|weight| add_weight(&mut kept.1, *weight));
            }
            same
        });
        let mut merged = Self(all);
        merged.prune();
        merged
    }

    /// Lets go of what is older than this stretch, which the newest event of the state sets.
    pub fn forget_before(&mut self, stretch: u32) {
        let is_old = |weights: &[(u32, u32)]| weights.first().is_some_and(|(at, _)| *at < stretch);
        if self.0.iter().any(|(_, weights)| is_old(weights)) {
            self.0
                .iter_mut()
                .for_each(|(_, weights)| weights.retain(|(at, _)| *at >= stretch));
            self.0.retain(|(_, weights)| !weights.is_empty());
        }
    }

    /// Names with their decayed weight in millionths, strongest first, then by the alphabet.
    pub fn by_strength(&self, now: Timestamp) -> Vec<(&Name, u64)> {
        let this_week = bucket(now, WEEK);
        let mut tastes: Vec<_> = self
            .0
            .iter()
            .map(|(name, weights)| (name, strength(weights, this_week)))
            .filter(|(_, strength)| *strength > 0)
            .collect();
        tastes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        tastes
    }

    /// The name that was visited again within two days before now, the latest such visit first.
    pub fn revisited(&self, now: Timestamp) -> Option<&Name> {
        let days = bucket((now - 2 * DAY).max(0), VISIT)..=bucket(now, VISIT);
        let returns = self
            .0
            .iter()
            .filter_map(|(name, at)| Some((latest_return(at, &days)?, name)));
        returns.max().map(|(_, name)| name)
    }

    /// Names with what they weigh over the week of days that ends with today.
    pub fn this_week(&self, now: Timestamp) -> impl Iterator<Item = (&Name, u32)> {
        let today = bucket(now, DAY);
        let days = (today + 1).saturating_sub(KEPT_DAYS)..=today;
        let sum = move |weights: &[(u32, u32)]| {
            let recent = weights.iter().filter(|(day, _)| days.contains(day));
            recent
                .map(|(_, weight)| *weight)
                .fold(0, u32::saturating_add)
        };
        let sums = self
            .0
            .iter()
            .map(move |(name, weights)| (name, sum(weights)));
        sums.filter(|(_, sum)| *sum > 0)
    }

    fn prune(&mut self) {
        let mut surplus = self
            .0
            .iter()
            .map(|(_, weights)| weights.len())
            .sum::<usize>();
        surplus = surplus.saturating_sub(MAX_WEIGHTS);
        for _ in 0..surplus {
            let oldest = |weights: &[(u32, u32)]| weights.first().map(|(stretch, _)| *stretch);
            let names = self.0.iter_mut();
            let Some((_, weights)) = names.min_by_key(|(_, weights)| oldest(weights)) else {
                return;
            };
            weights.remove(0);
            self.0.retain(|(_, weights)| !weights.is_empty());
        }
    }
}

fn add_weight(weights: &mut Vec<(u32, u32)>, (stretch, weight): (u32, u32)) {
    let place = weights.partition_point(|(other, _)| *other < stretch);
    match weights.get_mut(place) {
        Some((other, known)) if *other == stretch => *known = known.saturating_add(weight),
        _ => weights.insert(place, (stretch, weight)),
    }
}

/// The latest visit with another before it, both among these half hours. Neighbouring half hours
/// may be one long visit.
fn latest_return(visits: &[(u32, u32)], among: &RangeInclusive<u32>) -> Option<u32> {
    let visits = || {
        visits
            .iter()
            .map(|(at, _)| *at)
            .filter(|at| among.contains(at))
    };
    let pairs = visits().zip(visits().skip(1));
    pairs
        .filter(|(before, at)| *at > before + 1)
        .map(|(_, at)| at)
        .max()
}

fn strength(weights: &[(u32, u32)], this_week: u32) -> u64 {
    let recent = weights.iter().filter_map(|(week, weight)| {
        let age = this_week
            .checked_sub(*week)
            .filter(|age| *age < KEPT_WEEKS)?;
        Some(u64::from(*weight) * decay_ppm(age))
    });
    recent.fold(0, u64::saturating_add)
}

/// Exponential decay, 2^(-age / half-life), in ppm: exact halves, and within one the four weekly
/// steps 2^(-k/4) rounded to the ppm.
fn decay_ppm(age_weeks: u32) -> u64 {
    let step = match age_weeks % HALF_LIFE_WEEKS {
        0 => 1_000_000,
        1 => 840_896,
        2 => 707_107,
        _ => 594_604,
    };
    step >> (age_weeks / HALF_LIFE_WEEKS)
}
