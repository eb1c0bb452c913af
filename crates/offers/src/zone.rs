//! What does the clock on the wall say where the shop is?

use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Timestamp;

/// A time zone by its IANA name: `Europe/Warsaw`. UTC where nobody says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(pub(crate) TimeZone);

impl Zone {
    pub const UTC: Self = Self(TimeZone::UTC);

    /// `None` where no zone has this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The time on the wall, in milliseconds since 1970-01-01T00:00 there. Beyond the calendar it
    /// is that of UTC.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> i64 {
        if self.0 == TimeZone::UTC {
            return at;
        }
        match jiff::Timestamp::from_millisecond(at) {
            Ok(instant) => {
                let offset = self.0.to_offset(instant).seconds();
                at.saturating_add(i64::from(offset) * 1_000)
            }
            Err(_) => at,
        }
    }

    /// When the clock on the wall says so: the first time where it does twice, and so much later
    /// where it never does.
    #[must_use]
    pub fn instant(&self, local: i64) -> Timestamp {
        let civil = jiff::Timestamp::from_millisecond(local)
            .map(|wall| wall.to_zoned(TimeZone::UTC).datetime());
        let zoned = civil.and_then(|civil| self.0.to_ambiguous_zoned(civil).compatible());
        zoned.map_or(local, |zoned| zoned.timestamp().as_millisecond())
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.name().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let unknown = || serde::de::Error::custom(format!("no time zone is called {name}"));
        Self::named(&name).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let instant: jiff::Timestamp = text.parse().unwrap();
        instant.as_millisecond()
    }

    /// An instant, and the clock on the wall then.
    #[track_caller]
    fn check(zone: &str, instant: &str, wall: &str) {
        let zone = Zone::named(zone).unwrap();
        assert_eq!(zone.local(at(instant)), at(wall), "{instant}");
        assert_eq!(zone.instant(at(wall)), at(instant), "{wall}");
    }

    #[test]
    fn the_clock_on_the_wall_goes_with_the_season() {
        check("UTC", "2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z");
        let warsaw = "Europe/Warsaw";
        check(warsaw, "2026-07-01T12:00:00Z", "2026-07-01T14:00:00Z");
        check(warsaw, "2026-01-01T12:00:00Z", "2026-01-01T13:00:00Z");
        // The last minute before the clock goes forward at two, and the first after.
        check(warsaw, "2026-03-29T00:59:00Z", "2026-03-29T01:59:00Z");
        check(warsaw, "2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z");
        // Half past two never is: the clock says half past three then.
        let zone = Zone::named(warsaw).unwrap();
        let never = at("2026-03-29T02:30:00Z");
        assert_eq!(zone.instant(never), at("2026-03-29T01:30:00Z"));
        // Half past two is twice.
        let twice = at("2026-10-25T02:30:00Z");
        assert_eq!(zone.instant(twice), at("2026-10-25T00:30:00Z"));
        assert_eq!(zone.local(at("2026-10-25T01:30:00Z")), twice);
    }

    #[test]
    fn a_zone_is_called_by_its_name() {
        assert_eq!(Zone::named("Nowhere/Else"), None);
        let zone = Zone::named("America/New_York").unwrap();
        assert_eq!(zone.name(), "America/New_York");
        assert_eq!(Zone::default().name(), "UTC");
    }
}
