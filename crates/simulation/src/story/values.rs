//! How are amounts, shares and times written in a story?

use super::world::{Minor, Ppm, Timestamp};

pub(super) const MINUTE: i64 = 60_000;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// Every story begins here: noon of Monday, 2 March 2026, UTC.
pub(super) const BEGIN: Timestamp = 1_772_452_800_000;

/// `8.00` is 800. What does not fit its place is refused before.
pub(super) fn amount(text: &str) -> Result<Minor, String> {
    let digits = text.replacen('.', "", 1);
    digits
        .parse()
        .map_err(|_| format!("{text} is too much money"))
}

pub(super) fn signed(text: &str) -> Result<i64, String> {
    let size = amount(text.trim_start_matches('-'))?;
    let size = i64::try_from(size).map_err(|_| format!("{text} is too much money"))?;
    Ok(if text.starts_with('-') { -size } else { size })
}

pub(super) fn count(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text} is too many"))
}

/// `12.5` per cent are 125 000 parts per million.
pub(super) fn rate(text: &str) -> Result<Ppm, String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{part:0<4}");
    match digits.parse() {
        Ok(share) if part.len() <= 4 => Ok(share),
        _ => Err(format!("{text} % cannot be told in parts per million")),
    }
}

/// Milliseconds since midnight.
pub(super) fn time_of_day(text: &str) -> Result<i64, String> {
    let (hour, minute) = text.split_once(':').unwrap_or((text, ""));
    match (hour.parse::<i64>(), minute.parse::<i64>()) {
        (Ok(hour @ 0..24), Ok(minute @ 0..60)) => Ok(hour * HOUR + minute * MINUTE),
        _ => Err(format!("{text} is no time of day")),
    }
}

/// The first moment from `now` on when the clock shows this time.
pub(super) fn next_time(now: Timestamp, of_day: i64) -> Timestamp {
    now + (of_day - now).rem_euclid(DAY)
}

/// So many minutes, hours or days, in ms.
pub(super) fn lasting(many: &str, span: &str) -> Result<i64, String> {
    let one = match span.trim_end_matches('s') {
        "minute" => MINUTE,
        "hour" => HOUR,
        _ => DAY,
    };
    let many = i64::try_from(count(many)?).ok();
    many.and_then(|many| many.checked_mul(one))
        .filter(|ms| *ms < 36_525 * DAY)
        .ok_or_else(|| format!("no story lasts {span} by the century"))
}

pub(super) fn told_lasting(ms: i64) -> String {
    match ms {
        ms if ms % DAY == 0 => format!("{} days", ms / DAY),
        ms if ms % HOUR == 0 => format!("{} hours", ms / HOUR),
        ms => format!("{} minutes", ms / MINUTE),
    }
}

pub(super) fn told_amount(amount: Minor) -> String {
    format!("{}.{:02}", amount / 100, amount % 100)
}

pub(super) fn told_signed(amount: i64) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    format!("{sign}{}", told_amount(amount.unsigned_abs()))
}

pub(super) fn told_time(at: Timestamp) -> String {
    let minutes = at.rem_euclid(DAY) / MINUTE;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}
