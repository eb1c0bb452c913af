//! How much happened in the last hour, day, week, month, year?
//!
//! Counters stand in stretches of absolute time: five minutes for the hour, an hour for the day,
//! a UTC day for all longer lookbacks. A lookback is the stretch of now and those just before it,
//! so it is never longer than it says and at most one stretch shorter.

use serde::{Deserialize, Serialize};

use super::{DAY, HOUR, MINUTE, bucket};
use crate::{Minor, Timestamp};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub events: u32,
    pub views: u32,
    pub orders: u32,
    pub paid: Minor,
    pub refunded: Minor,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.events = self.events.saturating_add(other.events);
        self.views = self.views.saturating_add(other.views);
        self.orders = self.orders.saturating_add(other.orders);
        self.paid = self.paid.saturating_add(other.paid);
        self.refunded = self.refunded.saturating_add(other.refunded);
    }

    pub fn spent(self) -> Minor {
        self.paid.saturating_sub(self.refunded)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookback {
    Hour,
    Days(u32),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Windows {
    minutes: Series<{ 5 * MINUTE }, 15>,
    hours: Series<HOUR, 26>,
    days: Series<DAY, 366>,
}

impl Windows {
    pub fn add(&mut self, at: Timestamp, counts: Counts, newest: Timestamp) {
        self.minutes.add(at, counts, newest);
        self.hours.add(at, counts, newest);
        self.days.add(at, counts, newest);
    }

    pub fn merge(&self, other: &Self, newest: Timestamp) -> Self {
        Self {
            minutes: self.minutes.merge(&other.minutes, newest),
            hours: self.hours.merge(&other.hours, newest),
            days: self.days.merge(&other.days, newest),
        }
    }

    /// Lets go of what no lookback from now on can reach.
    pub fn forget(&mut self, now: Timestamp) {
        self.minutes.prune(now);
        self.hours.prune(now);
        self.days.prune(now);
    }

    /// What happened until now within the lookback; later events do not count.
    pub fn within(&self, lookback: Lookback, now: Timestamp) -> Counts {
        match lookback {
            Lookback::Hour => self.minutes.within(12, now),
            Lookback::Days(1) => self.hours.within(24, now),
            Lookback::Days(days) => self.days.within(days, now),
        }
    }
}

/// Counters by stretch of `WIDTH` milliseconds, ascending, only where something happened; of the
/// latest `KEPT` stretches up to the newest event of the whole state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Gaps", into = "Gaps")]
struct Series<const WIDTH: i64, const KEPT: u32>(Vec<(u32, Counts)>);

impl<const WIDTH: i64, const KEPT: u32> Series<WIDTH, KEPT> {
    fn add(&mut self, at: Timestamp, counts: Counts, newest: Timestamp) {
        let stretch = bucket(at, WIDTH);
        let place = self.0.partition_point(|(other, _)| *other < stretch);
        match self.0.get_mut(place) {
            Some((other, known)) if *other == stretch => known.add(counts),
            _ => self.0.insert(place, (stretch, counts)),
        }
        self.prune(newest);
    }

    fn merge(&self, other: &Self, newest: Timestamp) -> Self {
        let mut all = [self.0.as_slice(), other.0.as_slice()].concat();
        all.sort_by_key(|(stretch, _)| *stretch);
        all.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1.add(later.1);
            }
            same
        });
        let mut merged = Self(all);
        merged.prune(newest);
        merged
    }

    fn prune(&mut self, newest: Timestamp) {
        let kept_from = (bucket(newest, WIDTH) + 1).saturating_sub(KEPT);
        let old = self.0.partition_point(|(stretch, _)| *stretch < kept_from);
        self.0.drain(..old);
    }

    fn within(&self, stretches: u32, now: Timestamp) -> Counts {
        let end = bucket(now, WIDTH) + 1;
        let from = end.saturating_sub(stretches);
        let first = self.0.partition_point(|(stretch, _)| *stretch < from);
        let mut sum = Counts::default();
        self.0
            .iter()
            .skip(first)
            .take_while(|(stretch, _)| *stretch < end)
            .for_each(|(_, counts)| sum.add(*counts));
        sum
    }
}

/// A series as it is stored: each stretch as the gap from the one before, which takes a byte
/// where the number of the stretch takes three or four.
#[derive(Serialize, Deserialize)]
struct Gaps(Vec<(u32, Counts)>);

impl<const WIDTH: i64, const KEPT: u32> From<Series<WIDTH, KEPT>> for Gaps {
    fn from(series: Series<WIDTH, KEPT>) -> Self {
        let mut before = 0;
        let gap = |(stretch, counts)| (stretch - std::mem::replace(&mut before, stretch), counts);
        Self(series.0.into_iter().map(gap).collect())
    }
}

impl<const WIDTH: i64, const KEPT: u32> From<Gaps> for Series<WIDTH, KEPT> {
    fn from(gaps: Gaps) -> Self {
        let stretches = gaps.0.into_iter().scan(0_u32, |before, (gap, counts)| {
            *before = before.saturating_add(gap);
            Some((*before, counts))
        });
        Self(stretches.collect())
    }
}
