//! In which period does an instant fall, and when does that period end?

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::{Period, Timestamp};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// 1970-01-01 was a Thursday: three days after a Monday.
const THURSDAY: i64 = 3;

/// The top bits of a window tell the period, so that no two periods share an account.
const PERIOD_BITS: u32 = 28;
const LAST_INDEX: i64 = (1 << PERIOD_BITS) - 1;

/// The number of the calendar period (weeks from Monday) that a time on the wall falls in.
///
/// 0 for `Ever`; else the period in the top bits and, below, how many of them passed since 1970.
/// Instants before 1970 fall in the first, those beyond the calendar in the last.
#[must_use]
pub fn window(period: Period, at: Timestamp) -> u32 {
    let (tag, index) = match period {
        Period::Ever => return 0,
        Period::Hour => (1, at / HOUR),
        Period::Day => (2, at / DAY),
        Period::Week => (3, (at / DAY + THURSDAY) / 7),
        Period::Month => (4, month(at)),
    };
    (tag << PERIOD_BITS) | u32::try_from(index.clamp(0, LAST_INDEX)).unwrap_or_default()
}

/// Which kind of period a window is.
#[must_use]
pub fn period_of(window: u32) -> Period {
    match window >> PERIOD_BITS {
        1 => Period::Hour,
        2 => Period::Day,
        3 => Period::Week,
        4 => Period::Month,
        _ => Period::Ever,
    }
}

/// The first instant after the period that an instant falls in; `None` where it never ends.
#[must_use]
pub fn window_end(period: Period, at: Timestamp) -> Option<Timestamp> {
    let at = at.max(0);
    match period {
        Period::Ever => None,
        Period::Hour => (at / HOUR).checked_add(1)?.checked_mul(HOUR),
        Period::Day => (at / DAY).checked_add(1)?.checked_mul(DAY),
        Period::Week => {
            let weeks = (at / DAY + THURSDAY) / 7 + 1;
            (weeks * 7 - THURSDAY).checked_mul(DAY)
        }
        Period::Month => start_of_month(month(at) + 1),
    }
}

/// Months since January 1970.
fn month(at: Timestamp) -> i64 {
    let Ok(instant) = jiff::Timestamp::from_millisecond(at.max(0)) else {
        return LAST_INDEX;
    };
    let date = instant.to_zoned(TimeZone::UTC).date();
    i64::from(date.year() - 1970) * 12 + i64::from(date.month() - 1)
}

fn start_of_month(month: i64) -> Option<Timestamp> {
    let year = i16::try_from(1970 + month.div_euclid(12)).ok()?;
    let date = Date::new(year, i8::try_from(month.rem_euclid(12) + 1).ok()?, 1).ok()?;
    Some(
        date.to_zoned(TimeZone::UTC)
            .ok()?
            .timestamp()
            .as_millisecond(),
    )
}
