//! What does the clock of a zone tell of an instant?

use jiff::{
    Timestamp,
    civil::Date,
    tz::{Offset, TimeZone},
};

use crate::{Clock, Value};

const DAY: i64 = 86_400_000;
const MINUTE: i64 = 60_000;
/// 1970-01-01 was a Thursday: four days after a Sunday.
const THURSDAY: i64 = 4;
/// Bytes of a day: `2026-11-21`.
const DAY_LENGTH: usize = 10;

/// `None` where a value tells no instant, or where no zone has this name.
pub(crate) fn tell(clock: Clock, of: &Value, zone: &Value) -> Option<Value> {
    let zone = TimeZone::get(zone.as_text()?).ok()?;
    let instant = instant(of, &zone)?;
    if clock == Clock::Moment {
        return Some(Value::Time(instant.as_millisecond()));
    }
    let wall = wall(instant, zone.to_offset(instant))?;
    Some(Value::Int(match clock {
        Clock::Moment | Clock::Wall => wall,
        Clock::Day => wall.div_euclid(DAY),
        Clock::Weekday => (wall.div_euclid(DAY) + THURSDAY).rem_euclid(7),
        Clock::Minute => wall.rem_euclid(DAY) / MINUTE,
    }))
}

/// A day begins when it does in the zone.
fn instant(of: &Value, zone: &TimeZone) -> Option<Timestamp> {
    let text = match of {
        Value::Time(at) => return Timestamp::from_millisecond(*at).ok(),
        Value::Text(text) => text,
        _ => return None,
    };
    if let Ok(instant) = text.parse() {
        return Some(instant);
    }
    let day: Date = text.parse().ok().filter(|_| text.len() == DAY_LENGTH)?;
    Some(day.to_zoned(zone.clone()).ok()?.timestamp())
}

fn wall(instant: Timestamp, offset: Offset) -> Option<i64> {
    let ahead = i64::from(offset.seconds()) * 1_000;
    instant.as_millisecond().checked_add(ahead)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What every clock tells of a text in Honolulu, ten hours behind UTC: wall in hours.
    #[track_caller]
    fn check(text: &str, told: Option<(i64, i64, i64, i64)>) {
        let zone = Value::from("Pacific/Honolulu");
        let of = Value::from(text);
        let tells = |clock| tell(clock, &of, &zone).and_then(|value| value.as_int());
        let found = tells(Clock::Wall).zip(tells(Clock::Day));
        let found = found.zip(tells(Clock::Weekday).zip(tells(Clock::Minute)));
        let found =
            found.map(|((wall, day), (weekday, minute))| (wall / 3_600_000, day, weekday, minute));
        assert_eq!(found, told, "{text}");
    }

    #[test]
    fn instants_are_told_by_the_clock_on_the_wall() {
        check("1970-01-05T12:30:00Z", Some((98, 4, 1, 150)));
        check("1970-01-05T09:00:00Z", Some((95, 3, 0, 1_380)));
        check("1970-01-05", Some((96, 4, 1, 0)));
        check("1969-12-31", Some((-24, -1, 3, 0)));
        check("1970-01-05T12:30:00", None);
        check("someday", None);
    }

    #[test]
    fn a_day_begins_where_the_zone_is() {
        let begins = |zone: &str| tell(Clock::Moment, &"1970-01-02".into(), &zone.into());
        assert_eq!(begins("UTC"), Some(Value::Time(DAY)));
        assert_eq!(
            begins("Pacific/Honolulu"),
            // It was ten hours behind by then.
            Some(Value::Time(DAY + 600 * MINUTE))
        );
        assert_eq!(begins("Nowhere/Else"), None);
    }
}
