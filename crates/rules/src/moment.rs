//! How are instants and durations written in CEL text?

use crate::Timestamp;

const SECOND: i64 = 1_000;
const DAY: i64 = 86_400 * SECOND;
const NANOS_PER_MILLI: i128 = 1_000_000;
const NANOS: [(&str, i128); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", NANOS_PER_MILLI),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads RFC 3339 (`2026-01-31T12:00:00.250+02:00`), whole milliseconds, years 1 to 9999.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let (time, rest) = rest.strip_prefix(['T', 't'])?.split_at_checked(8)?;
    let [year, month, day] = fields(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = fields(time, ':', [2, 2, 2])?;
    let valid = (1..=9_999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    let (milli, zone) = fraction(rest)?;
    let seconds = (hour * 60 + minute) * 60 + second - offset_minutes(zone)? * 60;
    valid.then(|| days_from_civil(year, month, day) * DAY + seconds * SECOND + milli)
}

/// The digits between separators, each of the given width.
fn fields(text: &str, separator: char, widths: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let [a, b, c] = widths.map(|width| digits(parts.next()?, width));
    parts.next().is_none().then_some([a?, b?, c?])
}

fn digits(text: &str, width: usize) -> Option<i64> {
    let plain = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Milliseconds of an optional fraction, and what follows it; finer ones are refused.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(after) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let end = after.find(|letter: char| !letter.is_ascii_digit())?;
    let (written, zone) = after.split_at_checked(end)?;
    let milli = format!("{:0<3}", written.trim_end_matches('0'));
    Some((digits(&milli, 3)?, zone)).filter(|_| !written.is_empty())
}

fn offset_minutes(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let sign = match zone.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant 2021, `days_from_civil`).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a day since 1970-01-01 (Hinnant 2021, `civil_from_days`).
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Writes RFC 3339 in UTC, the fraction only when there is one.
pub(crate) fn timestamp_text(at: Timestamp) -> String {
    let (year, month, day) = civil_from_days(at.div_euclid(DAY));
    let of_day = at.rem_euclid(DAY);
    let (seconds, milli) = (of_day / SECOND, of_day % SECOND);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let fraction = if milli == 0 {
        String::new()
    } else {
        format!(".{milli:03}")
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// Reads a duration as CEL does (`720h`, `1h30m`, `-1.5s`), in whole milliseconds.
pub(crate) fn duration(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut nanos: i128 = 0;
    while !rest.is_empty() {
        let (part, after) = component(rest)?;
        nanos = nanos.checked_add(part)?;
        rest = after;
    }
    let whole = nanos % NANOS_PER_MILLI == 0;
    whole
        .then(|| i64::try_from(sign * (nanos / NANOS_PER_MILLI)).ok())
        .flatten()
}

/// One number with its unit, in nanoseconds, and what follows it.
fn component(text: &str) -> Option<(i128, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
    let (number, rest) = text.split_at_checked(end)?;
    // Longer unit names come first in the table, so that `ms` is not read as `m`.
    let (unit, nanos) = NANOS.iter().find(|(unit, _)| rest.starts_with(unit))?;
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let scale = 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?;
    let scaled = format!("{whole}{part}")
        .parse::<i128>()
        .ok()?
        .checked_mul(*nanos)?;
    let exact = scaled % scale == 0;
    exact.then_some((scaled / scale, rest.strip_prefix(unit)?))
}

/// Writes a duration in its natural units: `720h`, `1h30m`, `-1s250ms`.
pub(crate) fn duration_text(milliseconds: i64) -> String {
    let mut left = milliseconds.unsigned_abs();
    let mut text = String::from(if milliseconds < 0 { "-" } else { "" });
    for (unit, size) in [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
        if left >= size {
            text.push_str(&format!("{}{unit}", left / size));
            left %= size;
        }
    }
    if milliseconds == 0 { "0s".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<i64>) {
        let read = if text.contains('-') && text.len() > 9 {
            timestamp(text)
        } else {
            duration(text)
        };
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn texts_of_instants_and_durations_are_read() {
        check("1970-01-01T00:00:00Z", Some(0));
        check("2026-01-01T00:00:00Z", Some(1_767_225_600_000));
        check("2024-02-29T23:59:59.5+02:00", Some(1_709_243_999_500));
        check("0001-01-01T00:00:00Z", Some(-62_135_596_800_000));
        check("2023-02-29T00:00:00Z", None);
        check("2026-01-01T24:00:00Z", None);
        check("2026-01-01T00:00:00", None);
        check("2026-01-01T00:00:00.0001Z", None);
        check("2026-1-01T00:00:000Z", None);
        check("720h", Some(2_592_000_000));
        check("1h30m", Some(5_400_000));
        check("1.5s", Some(1_500));
        check("-90s", Some(-90_000));
        check("1000us", Some(1));
        check("1us", None);
        check("", None);
        check("-", None);
        check("5", None);
        check("0", Some(0));
        check("7d", None);
        check("1é", None);
    }

    #[test]
    fn writing_and_reading_give_the_same_instant() {
        for step in -6_200..25_000_i64 {
            let at = step * 10_000_000_019;
            assert_eq!(timestamp(&timestamp_text(at)), Some(at));
            assert_eq!(duration(&duration_text(at)), Some(at));
        }
    }
}
