//! When do points lapse?

use jiff::{Span, civil::Date};
use serde::{Deserialize, Serialize};

use super::card::NEVER;
use crate::{Timestamp, Zone};

const DAY_MS: i64 = 86_400_000;
const EPOCH: Date = Date::constant(1970, 1, 1);

/// How long points are good, by the calendar on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lapse {
    /// So many months, and then to the end of a longer period.
    AfterMonths { months: u32, to: Rounding },
    /// Until the next such day; a day that a month does not have is its last.
    OnDay { month: u8, day: u8 },
}

/// To the end of what the day is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rounding {
    Day,
    Month,
    Quarter,
    HalfYear,
    Year,
    /// The next end of this month, January being 1.
    ThisMonth(u8),
}

/// The day a moment lies in where the clock on the wall is, from 1970.
#[must_use]
pub fn day_of(at: Timestamp, zone: &Zone) -> u32 {
    u32::try_from(zone.local(at).div_euclid(DAY_MS)).unwrap_or(0)
}

impl Lapse {
    /// The last day of points that are earned now; never, where no calendar has it.
    #[must_use]
    pub fn last_day(&self, earned: Timestamp, zone: &Zone) -> u32 {
        let day = date(earned, zone).and_then(|from| self.last_date(from));
        day.and_then(number).unwrap_or(NEVER)
    }

    fn last_date(&self, from: Date) -> Option<Date> {
        match *self {
            Self::AfterMonths { months, to } => {
                let day = from
                    .checked_add(Span::new().try_months(months).ok()?)
                    .ok()?;
                to.end_of(day)
            }
            Self::OnDay { month, day } => {
                let this = day_in(from.year(), (month, day))?;
                match this > from {
                    true => Some(this),
                    false => day_in(from.year().checked_add(1)?, (month, day)),
                }
            }
        }
    }
}

impl Rounding {
    fn end_of(self, day: Date) -> Option<Date> {
        let month = u8::try_from(day.month()).ok()?;
        let last = match self {
            Self::Day => return Some(day),
            Self::Month => month,
            Self::Quarter => month.div_ceil(3) * 3,
            Self::HalfYear => month.div_ceil(6) * 6,
            Self::Year => 12,
            Self::ThisMonth(this) => this,
        };
        let year = match last < month {
            true => day.year().checked_add(1)?,
            false => day.year(),
        };
        day_in(year, (last, 31))
    }
}

fn day_in(year: i16, (month, day): (u8, u8)) -> Option<Date> {
    let first = Date::new(year, i8::try_from(month).ok()?, 1).ok()?;
    let day = i8::try_from(day).ok()?.clamp(1, first.days_in_month());
    Date::new(year, first.month(), day).ok()
}

fn date(at: Timestamp, zone: &Zone) -> Option<Date> {
    let instant = jiff::Timestamp::from_millisecond(at).ok()?;
    Some(zone.0.to_datetime(instant).date())
}

fn number(day: Date) -> Option<u32> {
    let since = EPOCH.until(day).ok()?;
    u32::try_from(since.get_days()).ok()
}
