//! When is somebody's birthday? Told by the calendar of the shop, from the day they were born on.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// How far it is from a birthday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Birthday {
    /// Days to the next one: 0 on the day.
    pub(super) days_to: i64,
    /// Days since the last one: 0 on the day.
    pub(super) days_since: i64,
    /// Months from this one to that of the birthday: 0 to 11.
    pub(super) months_to: i64,
}

/// `None` where it is no day, or nobody knows what day it is.
pub(super) fn of(born: &str, (now, zone): (crate::time::Timestamp, &str)) -> Option<Birthday> {
    let born: Date = born.get(..10)?.parse().ok()?;
    let zone = TimeZone::get(zone).ok()?;
    let now = Timestamp::from_millisecond(now).ok()?;
    let today = now.to_zoned(zone).date();
    let year = today.year();
    let days = |from: Date, to: Date| Some(i64::from(from.until(to).ok()?.get_days()));
    let this = in_year(born, year)?;
    let (last, next) = match this <= today {
        true => (this, in_year(born, year.checked_add(1)?)?),
        false => (in_year(born, year.checked_sub(1)?)?, this),
    };
    let next = if this == today { today } else { next };
    let months = i64::from(born.month()) - i64::from(today.month());
    Some(Birthday {
        days_to: days(today, next)?,
        days_since: days(last, today)?,
        months_to: months.rem_euclid(12),
    })
}

/// Of 29 February, the first of March in a year that has no such day.
fn in_year(born: Date, year: i16) -> Option<Date> {
    let day = Date::new(year, born.month(), born.day());
    day.or_else(|_| Date::new(year, 3, 1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As of a noon in UTC: days to, days since, months to.
    #[track_caller]
    fn check(born: &str, day: &str, expected: Option<[i64; 3]>) {
        let now: Timestamp = format!("{day}T12:00:00Z").parse().unwrap();
        let found = of(born, (now.as_millisecond(), "UTC"));
        let found = found.map(|one| [one.days_to, one.days_since, one.months_to]);
        assert_eq!(found, expected, "{born} {day}");
    }

    #[test]
    fn a_birthday_comes_every_year() {
        check("1990-11-21", "2026-11-21", Some([0, 0, 0]));
        check("1990-11-24", "2026-11-21", Some([3, 362, 0]));
        check("1990-11-20", "2026-11-21", Some([364, 1, 0]));
        check("1990-12-01", "2026-11-21", Some([10, 355, 1]));
        check("1990-01-05", "2026-12-30", Some([6, 359, 1]));
        check("2000-02-29", "2027-02-28", Some([1, 364, 0]));
        check("2000-02-29", "2027-03-01", Some([0, 0, 11]));
        check("2000-02-29", "2028-02-29", Some([0, 0, 0]));
        check("spring", "2026-11-21", None);
    }

    #[test]
    fn it_is_a_day_of_the_shop() {
        let midnight: Timestamp = "2026-11-21T00:30:00Z".parse().unwrap();
        let days = |zone: &str| of("1990-11-21", (midnight.as_millisecond(), zone));
        assert_eq!(days("UTC").unwrap().days_to, 0);
        assert_eq!(days("Pacific/Honolulu").unwrap().days_to, 1);
        assert_eq!(days("Nowhere/Else"), None);
    }
}
