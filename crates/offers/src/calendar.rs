//! Is something open at this hour, and when does it open next?

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::{Timestamp, Zone};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// 1970-01-01 was a Thursday: four days after a Sunday.
const THURSDAY: i64 = 4;
/// How far ahead the next opening is looked for.
const AHEAD: i64 = 366;

/// Days of the week, 0 for Sunday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Days(u8);

/// A stretch of a day, by the clock on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    pub days: Days,
    /// The first minute of the day.
    pub from: u16,
    /// The first minute that is closed again: 1,440 for the end of the day.
    pub until: u16,
}

/// A length of time by the calendar: whole months, then milliseconds by the clock on the wall.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Length {
    pub months: u32,
    pub ms: i64,
}

/// Open for a while, again and again, from when the validity begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeframe {
    /// From one opening to the next: months or milliseconds, never both, and more than none.
    pub every: Length,
    pub open: Length,
}

/// When something is open within its validity, by the clock on the wall. All that is said must
/// hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    pub timeframe: Option<Timeframe>,
    pub days: Option<Days>,
    /// One of them must be open, where there is any.
    pub hours: Vec<Hours>,
}

impl Days {
    pub const ALL: Self = Self(0x7f);

    #[must_use]
    pub fn of(days: impl IntoIterator<Item = u8>) -> Self {
        let bits = days.into_iter().filter(|day| *day < 7);
        Self(bits.fold(0, |all, day| all | 1 << day))
    }

    #[must_use]
    pub fn has(self, day: u8) -> bool {
        self.iter().any(|one| one == day)
    }

    /// Sunday first.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..7).filter(move |day| self.0 & 1 << day != 0)
    }
}

impl Hours {
    /// Whether two stretches have a minute of the week in common.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let is_shared = self.days.iter().any(|day| other.days.has(day));
        is_shared && self.from < other.until && other.from < self.until
    }
}

impl Calendar {
    /// Whether it is open, given when the validity begins.
    #[must_use]
    pub fn is_open(&self, (start, at): (Option<Timestamp>, Timestamp), zone: &Zone) -> bool {
        let wall = zone.local(at);
        let start = start.map(|start| zone.local(start));
        let in_timeframe = self.timeframe.is_none_or(|frame| {
            start.is_some_and(|start| frame.opening(start, wall).is_some_and(|open| open.holds))
        });
        let is_day = self.days.is_none_or(|days| days.has(day_of_week(wall)));
        let is_hour = self.hours.is_empty() || self.hours.iter().any(|hours| hours.holds(wall));
        in_timeframe && is_day && is_hour
    }

    /// When it opens next, after an instant at which it is closed; `None` where it does not within
    /// a year.
    #[must_use]
    pub fn opens(
        &self,
        (start, at): (Option<Timestamp>, Timestamp),
        zone: &Zone,
    ) -> Option<Timestamp> {
        let wall = zone.local(at);
        let first_day = wall.div_euclid(DAY);
        let mut edges = Vec::new();
        for day in first_day..first_day + AHEAD {
            edges.push(day * DAY);
            let hours = self.hours.iter();
            edges.extend(hours.map(|hours| day * DAY + i64::from(hours.from) * MINUTE));
            // Something opens at one of these edges, if it opens on this day at all.
            edges.extend(self.timeframe_edge(start, (day * DAY, wall), zone));
            edges.sort_unstable();
            let instants = edges.drain(..).filter(|edge| *edge > wall);
            let mut instants = instants.map(|edge| zone.instant(edge));
            let open = instants.find(|instant| self.is_open((start, *instant), zone));
            if open.is_some() {
                return open;
            }
        }
        None
    }

    /// The first opening of the timeframe from this day on.
    fn timeframe_edge(
        &self,
        start: Option<Timestamp>,
        (day, wall): (i64, i64),
        zone: &Zone,
    ) -> Option<i64> {
        let (frame, start) = self.timeframe.zip(start)?;
        let opening = frame.opening(zone.local(start), day.max(wall))?;
        opening.next
    }
}

impl Hours {
    fn holds(self, wall: i64) -> bool {
        let minute = wall.rem_euclid(DAY) / MINUTE;
        self.days.has(day_of_week(wall))
            && (i64::from(self.from)..i64::from(self.until)).contains(&minute)
    }
}

/// Where an instant lies among the openings of a timeframe.
struct Opening {
    holds: bool,
    next: Option<i64>,
}

impl Timeframe {
    /// All by the clock on the wall. `None` before the first opening.
    fn opening(self, start: i64, wall: i64) -> Option<Opening> {
        let since = wall.checked_sub(start).filter(|since| *since >= 0)?;
        let nth = match (self.every.months, self.every.ms) {
            (0, 0) => return None,
            (0, every) => since.checked_div(every)?,
            // One too many where the day of the month is still to come.
            (months, _) => {
                let nth = months_between(start, wall)? / i64::from(months);
                match self.every.times(nth).after(start)? > wall {
                    true => nth - 1,
                    false => nth,
                }
            }
        };
        let opened = self.every.times(nth).after(start)?;
        let next = self.every.times(nth + 1).after(start);
        let holds = wall < self.open.after(opened)?;
        Some(Opening { holds, next })
    }
}

impl Length {
    fn times(self, times: i64) -> Self {
        let months = u32::try_from(times.saturating_mul(self.months.into()));
        Self {
            months: months.unwrap_or(u32::MAX),
            ms: self.ms.saturating_mul(times),
        }
    }

    /// So long after a time on the wall; the last day of a month where it has not that many.
    fn after(self, wall: i64) -> Option<i64> {
        if self.months == 0 {
            return wall.checked_add(self.ms);
        }
        let span = jiff::Span::new().try_months(self.months).ok()?;
        let later = civil(wall)?.checked_add(span).ok()?;
        let later = later.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        later.timestamp().as_millisecond().checked_add(self.ms)
    }
}

fn civil(wall: i64) -> Option<DateTime> {
    let instant = jiff::Timestamp::from_millisecond(wall).ok()?;
    Some(instant.to_zoned(jiff::tz::TimeZone::UTC).datetime())
}

/// By the names of the months alone.
fn months_between(start: i64, wall: i64) -> Option<i64> {
    let months = |wall| {
        let date = civil(wall)?.date();
        Some(i64::from(date.year()) * 12 + i64::from(date.month()))
    };
    Some(months(wall)? - months(start)?)
}

fn day_of_week(wall: i64) -> u8 {
    let day = (wall.div_euclid(DAY) + THURSDAY).rem_euclid(7);
    u8::try_from(day).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let instant: jiff::Timestamp = text.parse().unwrap();
        instant.as_millisecond()
    }

    /// From Monday, 2026-03-02, on, in Warsaw (UTC+1, from 2026-03-29 on UTC+2): whether it is
    /// open, and when it opens next where it is not.
    #[track_caller]
    fn check(calendar: &Calendar, instant: &str, next: Option<&str>) {
        let zone = Zone::named("Europe/Warsaw").unwrap();
        let asked = (Some(at("2026-03-01T23:00:00Z")), at(instant));
        let is_open = calendar.is_open(asked, &zone);
        assert_eq!(is_open, next.is_none(), "{instant}");
        if let Some(next) = next {
            assert_eq!(calendar.opens(asked, &zone), Some(at(next)), "{instant}");
        }
    }

    #[test]
    fn days_of_the_week_are_those_of_the_shop() {
        let calendar = Calendar {
            days: Some(Days::of([0, 6])),
            ..Calendar::default()
        };
        check(
            &calendar,
            "2026-03-06T22:59:59Z",
            Some("2026-03-06T23:00:00Z"),
        );
        check(&calendar, "2026-03-06T23:00:00Z", None);
        check(&calendar, "2026-03-08T22:59:59Z", None);
        check(
            &calendar,
            "2026-03-08T23:00:00Z",
            Some("2026-03-13T23:00:00Z"),
        );
        // The clock went forward in the night to Sunday.
        check(&calendar, "2026-03-29T21:59:59Z", None);
        check(
            &calendar,
            "2026-03-29T22:00:00Z",
            Some("2026-04-03T22:00:00Z"),
        );
    }

    #[test]
    fn hours_end_before_their_last_minute_begins() {
        let hours = |days, from, until| Hours { days, from, until };
        let calendar = Calendar {
            hours: vec![
                hours(Days::of([1, 2, 3, 4, 5]), 9 * 60, 12 * 60),
                hours(Days::of([5]), 20 * 60, 1_440),
            ],
            ..Calendar::default()
        };
        check(
            &calendar,
            "2026-03-02T07:59:59Z",
            Some("2026-03-02T08:00:00Z"),
        );
        check(&calendar, "2026-03-02T08:00:00Z", None);
        check(&calendar, "2026-03-02T10:59:59Z", None);
        check(
            &calendar,
            "2026-03-02T11:00:00Z",
            Some("2026-03-03T08:00:00Z"),
        );
        check(
            &calendar,
            "2026-03-06T12:00:00Z",
            Some("2026-03-06T19:00:00Z"),
        );
        check(&calendar, "2026-03-06T22:59:59Z", None);
        check(
            &calendar,
            "2026-03-06T23:00:00Z",
            Some("2026-03-09T08:00:00Z"),
        );
        let [morning, evening] = [calendar.hours[0], calendar.hours[1]];
        assert!(!morning.overlaps(&evening));
        assert!(morning.overlaps(&hours(Days::of([5]), 11 * 60, 13 * 60)));
        assert!(!morning.overlaps(&hours(Days::of([5]), 12 * 60, 13 * 60)));
    }

    #[test]
    fn a_timeframe_opens_again_and_again() {
        let frame = |every, open| Calendar {
            timeframe: Some(Timeframe { every, open }),
            ..Calendar::default()
        };
        let ms = |ms| Length { months: 0, ms };
        let months = |months| Length { months, ms: 0 };
        // An hour every second day from midnight.
        let hourly = frame(ms(2 * DAY), ms(60 * MINUTE));
        check(
            &hourly,
            "2026-03-01T22:59:59Z",
            Some("2026-03-01T23:00:00Z"),
        );
        check(&hourly, "2026-03-01T23:00:00Z", None);
        check(&hourly, "2026-03-01T23:59:59Z", None);
        check(
            &hourly,
            "2026-03-02T00:00:00Z",
            Some("2026-03-03T23:00:00Z"),
        );
        // The same hour on the wall after the clock went forward.
        check(
            &hourly,
            "2026-03-30T12:00:00Z",
            Some("2026-03-31T22:00:00Z"),
        );
        // The first two days (from the second) of every month.
        let monthly = frame(months(1), ms(2 * DAY));
        check(&monthly, "2026-03-03T22:59:59Z", None);
        check(
            &monthly,
            "2026-03-03T23:00:00Z",
            Some("2026-04-01T22:00:00Z"),
        );
        check(&monthly, "2026-12-02T12:00:00Z", None);
        // On Mondays of every second week.
        let mondays = Calendar {
            days: Some(Days::of([1])),
            ..frame(ms(14 * DAY), ms(7 * DAY))
        };
        check(&mondays, "2026-03-02T12:00:00Z", None);
        check(
            &mondays,
            "2026-03-03T12:00:00Z",
            Some("2026-03-15T23:00:00Z"),
        );
    }

    #[test]
    fn what_has_no_beginning_has_no_timeframe() {
        let hour = Length {
            months: 0,
            ms: 60 * MINUTE,
        };
        let timeframe = Some(Timeframe {
            every: hour,
            open: hour,
        });
        let calendar = Calendar {
            timeframe,
            ..Calendar::default()
        };
        assert!(!calendar.is_open((None, 0), &Zone::UTC));
        assert_eq!(calendar.opens((None, 0), &Zone::UTC), None);
    }
}
