//! How is a figure written for people? Money with its currency and thousands apart, times with
//! their zone, shares in per cent, and never more digits than an interval supports.

use ledger::{Currency, Timestamp};
use measurement::Effect;

/// A moment twice: for people, and for `<time datetime>`.
pub struct Moment {
    pub text: String,
    pub iso: String,
}

pub fn moment(at: Timestamp) -> Moment {
    let text = match jiff::Timestamp::from_millisecond(at) {
        Ok(at) => at.strftime("%-d %b %Y, %H:%M UTC").to_string(),
        Err(_) => at.to_string(),
    };
    let iso = wire::time::format(at).unwrap_or_default();
    Moment { text, iso }
}

/// `1,234.50 EUR`.
pub fn money(minor: u64, currency: Currency) -> String {
    let text = wire::decisions::money(minor, currency);
    let (number, name) = text.split_once(' ').unwrap_or((&text, ""));
    let (whole, part) = match number.split_once('.') {
        Some((whole, part)) => (whole, format!(".{part}")),
        None => (number, String::new()),
    };
    format!("{}{part}\u{a0}{name}", grouped(whole))
}

/// As [`money`], with its sign.
pub fn signed(minor: i64, currency: Currency) -> String {
    let sign = match minor {
        0 => "",
        1.. => "+",
        _ => "−",
    };
    format!("{sign}{}", money(minor.unsigned_abs(), currency))
}

/// `1,234,567`.
pub fn number(number: u64) -> String {
    grouped(&number.to_string())
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Parts per million as `12.5 %`.
pub fn percent(ppm: u32) -> String {
    format!("{}\u{a0}%", wire::decimal::text(u64::from(ppm), 4))
}

/// A share as `12.5 %`; `–` where there is no whole.
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".into();
    }
    let tenths = u128::from(part) * 1000 / u128::from(whole);
    format!("{}.{}\u{a0}%", tenths / 10, tenths % 10)
}

/// How much of an amount is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Digits {
    All,
    /// Whole units of the currency.
    Whole,
}

/// An estimate in minor units, ready to be written and drawn.
#[derive(Clone)]
pub struct Estimate {
    pub text: String,
    pub low_text: String,
    pub high_text: String,
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
}

/// Writes an effect in money; whole units of the currency where its interval is wide.
pub fn estimate(effect: &Effect, currency: Currency) -> Estimate {
    let Effect {
        estimate,
        low,
        high,
        ..
    } = *effect;
    let digits = if high - low > 10_000.0 {
        Digits::Whole
    } else {
        Digits::All
    };
    let write = |minor: f64| rounded(minor, currency, digits);
    Estimate {
        text: write(estimate),
        low_text: write(low),
        high_text: write(high),
        estimate,
        low,
        high,
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a float too large for an integer saturates"
)]
pub fn rounded(minor: f64, currency: Currency, digits: Digits) -> String {
    let text = signed(minor.round() as i64, currency);
    let Some((whole, rest)) = text.split_once('.').filter(|_| digits == Digits::Whole) else {
        return text;
    };
    let name = rest.split_once('\u{a0}').map_or("", |(_, name)| name);
    let scale = 10_f64.powi(i32::try_from(rest.len() - name.len() - 2).unwrap_or(2));
    let up = (minor.abs() / scale).round() * scale;
    let text = signed((up * minor.signum()) as i64, currency);
    let whole = text.split_once('.').map_or(whole, |(whole, _)| whole);
    format!("{whole}\u{a0}{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EUR: Currency = Currency(*b"EUR");
    const JPY: Currency = Currency(*b"JPY");

    #[test]
    fn money_is_written_for_people() {
        let check = |minor, currency, expected: &str| {
            assert_eq!(signed(minor, currency).replace('\u{a0}', " "), expected);
        };
        check(0, EUR, "0.00 EUR");
        check(5, EUR, "+0.05 EUR");
        check(-123_456_789, EUR, "−1,234,567.89 EUR");
        check(100_000, EUR, "+1,000.00 EUR");
        check(99_999, JPY, "+99,999 JPY");
        check(i64::MIN, JPY, "−9,223,372,036,854,775,808 JPY");
    }

    #[test]
    fn a_wide_interval_takes_the_cents() {
        let check = |minor, currency, digits, expected: &str| {
            let text = rounded(minor, currency, digits);
            assert_eq!(text.replace('\u{a0}', " "), expected);
        };
        check(123_456.4, EUR, Digits::All, "+1,234.56 EUR");
        check(123_456.4, EUR, Digits::Whole, "+1,235 EUR");
        check(-123_449.0, EUR, Digits::Whole, "−1,234 EUR");
        check(99_951.0, EUR, Digits::Whole, "+1,000 EUR");
        check(-1.0, EUR, Digits::Whole, "0 EUR");
        check(1_234.0, JPY, Digits::Whole, "+1,234 JPY");
    }

    #[test]
    fn shares_and_moments() {
        assert_eq!(percent(125_000), "12.5\u{a0}%");
        assert_eq!(share(1, 3), "33.3\u{a0}%");
        assert_eq!(share(1, 0), "–");
        assert_eq!(moment(1_772_366_400_000).text, "1 Mar 2026, 12:00 UTC");
        assert_eq!(moment(1_772_366_400_000).iso, "2026-03-01T12:00:00.000Z");
    }
}
