//! How is an instant written? ISO 8601 in UTC with milliseconds: `2026-11-21T09:25:49.617Z`.

use jiff::Timestamp as Instant;
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

/// An ISO 8601 duration in milliseconds: days have 24 hours; months and years, which differ, are
/// none.
#[must_use]
pub fn duration(text: &str) -> Option<i64> {
    let span: jiff::Span = text.parse().ok()?;
    let exact = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours());
    i64::try_from(exact.ok()?.as_millis()).ok()
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
