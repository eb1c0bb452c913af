//! How is an instant written? ISO 8601 in UTC with milliseconds: `2026-11-21T09:25:49.617Z`.

use jiff::Timestamp as Instant;
use offers::Zone;
use serde::{Deserializer, Serializer};

/// Milliseconds since the Unix epoch, UTC.
pub type Timestamp = i64;

/// `None` where the instant lies outside the years -9999 to 9999.
#[must_use]
pub fn format(at: Timestamp) -> Option<String> {
    Instant::from_millisecond(at)
        .ok()
        .map(|instant| format!("{instant:.3}"))
}

/// Reads an instant with an offset, or a date (its first instant in UTC). Parts of a millisecond
/// are cut off.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    if let Ok(instant) = text.parse::<Instant>() {
        return Some(instant.as_millisecond());
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    if text.len() > "2026-11-21".len() {
        return None;
    }
    Some(
        date.to_zoned(jiff::tz::TimeZone::UTC)
            .ok()?
            .timestamp()
            .as_millisecond(),
    )
}

/// An ISO 8601 duration. Days have 24 hours; months and years are the calendar's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration {
    months: i32,
    millis: i64,
}

/// A century.
const MOST_MONTHS: i32 = 1_200;
const MOST_MILLIS: i64 = 36_525 * 86_400_000;

impl Duration {
    /// `None` where it is none, or is not above zero, or longer than a century.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let span: jiff::Span = text.parse().ok()?;
        let years = i32::from(span.get_years());
        let months = years.checked_mul(12)?.checked_add(span.get_months())?;
        let rest = span.years(0).months(0);
        let exact = rest.to_duration(jiff::SpanRelativeTo::days_are_24_hours());
        let millis = i64::try_from(exact.ok()?.as_millis()).ok()?;
        let is_within = (0..=MOST_MONTHS).contains(&months) && (0..=MOST_MILLIS).contains(&millis);
        (is_within && (months, millis) != (0, 0)).then_some(Self { months, millis })
    }

    /// When it ends that begins now: after its months on the same day and hour of the calendar, or
    /// on the last day of a month that has no such day.
    #[must_use]
    pub fn end(self, begin: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let after_months = match self.months {
            0 => begin,
            months => {
                let local = Instant::from_millisecond(zone.local(begin)).ok()?;
                let months = jiff::Span::new().try_months(months).ok()?;
                let utc = jiff::tz::TimeZone::UTC;
                let local = local.to_zoned(utc).checked_add(months).ok()?;
                zone.instant(local.timestamp().as_millisecond())
            }
        };
        after_months.checked_add(self.millis)
    }
}

/// A place in a list whose rows have instants: behind the row of an instant or, where several have
/// the same, behind so manieth of them, which is written as microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub at: Timestamp,
    /// From 1.
    pub nth: Option<u16>,
}

impl Cursor {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let Ok(instant) = text.parse::<Instant>() else {
            return parse(text).map(|at| Self { at, nth: None });
        };
        let at = instant.as_millisecond();
        let nth = u16::try_from(instant.as_microsecond() - at * 1_000).ok()?;
        let nth = Some(nth).filter(|nth| *nth > 0);
        Some(Self { at, nth })
    }

    #[must_use]
    pub fn format(self) -> Option<String> {
        let micros = self.at.checked_mul(1_000)?;
        let micros = micros.checked_add(self.nth.unwrap_or(0).into())?;
        let instant = Instant::from_microsecond(micros).ok()?;
        Some(match self.nth {
            Some(_) => format!("{instant:.6}"),
            None => format!("{instant:.3}"),
        })
    }
}

impl serde::Serialize for Cursor {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.format().serialize(to)
    }
}

impl<'de> serde::Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(from)?;
        let wrong = || {
            let detail = "not an instant: write 2026-11-21T09:25:49.617Z";
            <D::Error as serde::de::Error>::custom(detail)
        };
        Self::parse(&text).ok_or_else(wrong)
    }
}

/// For `#[serde(with = "time::optional")]` on an `Option<Timestamp>`.
pub mod optional {
    use serde::{Deserialize, Serialize, de::Error};

    use super::{Deserializer, Serializer, Timestamp};

    /// # Errors
    /// As the serializer does.
    pub fn serialize<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        at.and_then(super::format).serialize(to)
    }

    /// # Errors
    /// When a text is there that is no instant.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else {
            return Ok(None);
        };
        let wrong = || D::Error::custom("not an instant: write 2026-11-21T09:25:49.617Z");
        super::parse(&text).map(Some).ok_or_else(wrong)
    }
}

/// For a member of which absent (leave it) and `null` (clear it) differ.
pub mod patch {
    use serde::Deserializer;

    use super::Timestamp;

    /// # Errors
    /// When a text is there that is no instant.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Option<Timestamp>>, D::Error> {
        super::optional::deserialize(from).map(Some)
    }
}

/// For `#[serde(with = "time::exact")]` on a `Timestamp`.
pub mod exact {
    use serde::{Deserialize, Serialize, de::Error};

    use super::{Deserializer, Serializer, Timestamp};

    /// # Errors
    /// As the serializer does.
    pub fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        super::format(*at).serialize(to)
    }

    /// # Errors
    /// When the text is no instant.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(from)?;
        let wrong = || D::Error::custom("not an instant: write 2026-11-21T09:25:49.617Z");
        super::parse(&text).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_tells_rows_of_one_instant_apart() {
        let check = |text: &str, nth: Option<u16>| {
            let cursor = Cursor::parse(text).unwrap();
            assert_eq!(cursor.nth, nth, "{text}");
            let again = cursor.format().and_then(|text| Cursor::parse(&text));
            assert_eq!(again, Some(cursor));
        };
        check("2026-11-21T09:25:49.617Z", None);
        check("2026-11-21T09:25:49.617003Z", Some(3));
        check("2026-11-21", None);
        assert_eq!(Cursor::parse("soon"), None);
    }

    #[test]
    fn durations_count_months_by_the_calendar() {
        let check = |text: &str, begin: &str, expected: Option<&str>| {
            let zone = Zone::named("Europe/Berlin").unwrap();
            let end = Duration::parse(text).and_then(|of| of.end(parse(begin).unwrap(), &zone));
            assert_eq!(end.and_then(format).as_deref(), expected, "{text}");
        };
        let noon = "2026-11-21T12:00:00Z";
        check("P7D", noon, Some("2026-11-28T12:00:00.000Z"));
        check("PT90M", noon, Some("2026-11-21T13:30:00.000Z"));
        check("P1M", noon, Some("2026-12-21T12:00:00.000Z"));
        check("P1Y2M", noon, Some("2028-01-21T12:00:00.000Z"));
        // No 31st; and an hour that the clocks leave out is the next.
        let last = "2027-01-31T12:00:00Z";
        check("P1M", last, Some("2027-02-28T12:00:00.000Z"));
        check(
            "P1M",
            "2027-02-28T01:30:00Z",
            Some("2027-03-28T01:30:00.000Z"),
        );
        // Summer time begins: the same hour on the wall.
        check(
            "P1M",
            "2027-03-01T12:00:00Z",
            Some("2027-04-01T11:00:00.000Z"),
        );
        check("P1W", noon, Some("2026-11-28T12:00:00.000Z"));
        check("P100Y", noon, Some("2126-11-21T12:00:00.000Z"));
        for wrong in ["P101Y", "P0D", "-P1D", "P1M1", "", "a month", "P9999999Y"] {
            check(wrong, noon, None);
        }
    }

    #[test]
    fn instants_are_read() {
        let check = |text: &str, expected: Option<&str>| {
            let found = parse(text).and_then(format);
            assert_eq!(found.as_deref(), expected, "{text}");
        };
        check("2022-09-21T09:25:49.617Z", Some("2022-09-21T09:25:49.617Z"));
        check("2022-09-21T09:25:49Z", Some("2022-09-21T09:25:49.000Z"));
        check(
            "2022-09-21T09:25:49.6179Z",
            Some("2022-09-21T09:25:49.617Z"),
        );
        check(
            "2022-09-21T11:25:49+02:00",
            Some("2022-09-21T09:25:49.000Z"),
        );
        check("2022-09-21", Some("2022-09-21T00:00:00.000Z"));
        check("1969-12-31T23:59:59.999Z", Some("1969-12-31T23:59:59.999Z"));
        check("2022-09-21T09:25:49", None);
        check("2022-02-30", None);
        check("tomorrow", None);
        check("", None);
    }
}
