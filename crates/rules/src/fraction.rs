//! What is a number that is not whole? Its digits, and how many of them stand after the point:
//! never binary floating point, in which a tenth is no tenth.

use std::{
    cmp::Ordering,
    fmt::{Display, Formatter},
};

use serde::{Deserialize, Serialize};

use crate::Value;

/// Digits of a fraction, as many as tell any two doubles apart.
const MAX_DIGITS: u32 = 17;
/// Digits after the point.
const MAX_PLACES: u8 = 30;
/// In one number with the digits: less than 64 places.
const PLACES_BITS: u32 = 6;

/// A number that is not whole, kept exactly. The last digit is not 0, so that equal numbers are
/// kept in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fraction {
    digits: i64,
    places: u8,
}

impl Value {
    /// The number that a text says as JSON and CEL write numbers: whole wherever it can be.
    /// `None` where it is no number, or has more digits than are kept exactly.
    #[must_use]
    pub fn number(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse().ok()?),
            None => (text, 0_i64),
        };
        let (sign, unsigned) = match mantissa.strip_prefix('-') {
            Some(unsigned) => ("-", unsigned),
            None => ("", mantissa),
        };
        let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let written = [whole, part].concat();
        if whole.is_empty() || !written.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let kept = written.trim_end_matches('0');
        let cut = i64::try_from(written.len() - kept.len()).ok()?;
        let places = i64::try_from(part.len()).ok()?;
        let places = places.checked_sub(exponent)?.checked_sub(cut)?;
        let kept = kept.trim_start_matches('0');
        if kept.is_empty() {
            return Some(Self::Int(0));
        }
        let digits: i64 = [sign, kept].concat().parse().ok()?;
        if places > 0 {
            return Fraction::new(digits, places).map(Self::Fraction);
        }
        let scale = 10_i64.checked_pow(places.unsigned_abs().try_into().ok()?)?;
        digits.checked_mul(scale).map(Self::Int)
    }
}

impl Fraction {
    fn new(digits: i64, places: i64) -> Option<Self> {
        let places = u8::try_from(places).ok()?;
        let most = 10_u64.pow(MAX_DIGITS);
        let is_kept = digits.unsigned_abs() < most && places <= MAX_PLACES;
        is_kept.then_some(Self { digits, places })
    }

    /// The whole number below, and what is above it in units of `10^-MAX_PLACES`.
    fn parts(self) -> (i64, i128) {
        let digits = i128::from(self.digits);
        let scale = 10_i128.pow(self.places.into());
        let rest = digits.rem_euclid(scale) * 10_i128.pow((MAX_PLACES - self.places).into());
        // No greater than the digits, which are an `i64`.
        (
            i64::try_from(digits.div_euclid(scale)).unwrap_or_default(),
            rest,
        )
    }

    /// The whole number below.
    pub(crate) fn floor(self) -> i64 {
        self.parts().0
    }

    /// All of it in one number, which equals that of an equal fraction and has no order.
    pub(crate) fn bits(self) -> i64 {
        self.digits << PLACES_BITS | i64::from(self.places)
    }

    pub(crate) fn of_bits(bits: i64) -> Self {
        let [places, ..] = (bits & ((1 << PLACES_BITS) - 1)).to_le_bytes();
        Self {
            digits: bits >> PLACES_BITS,
            places,
        }
    }
}

/// How two numbers stand to each other, be they whole or not.
pub(crate) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    let parts = |value: &Value| match value {
        Value::Int(whole) => Some((*whole, 0)),
        Value::Fraction(fraction) => Some(fraction.parts()),
        _ => None,
    };
    Some(parts(a)?.cmp(&parts(b)?))
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(&other.parts())
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Display for Fraction {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let places = usize::from(self.places);
        let sign = if self.digits < 0 { "-" } else { "" };
        let digits = format!(
            "{:0>width$}",
            self.digits.unsigned_abs(),
            width = places + 1
        );
        let (whole, part) = digits.split_at(digits.len() - places);
        write!(f, "{sign}{whole}.{part}")
    }
}

impl From<Fraction> for String {
    fn from(fraction: Fraction) -> Self {
        fraction.to_string()
    }
}

impl TryFrom<String> for Fraction {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match Value::number(&text) {
            Some(Value::Fraction(fraction)) => Ok(fraction),
            _ => Err("no fraction"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a number is written as once it was read.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let read = match Value::number(text) {
            None => "none".to_owned(),
            Some(Value::Int(whole)) => whole.to_string(),
            Some(Value::Fraction(fraction)) => {
                assert_eq!(Fraction::of_bits(fraction.bits()), fraction, "{text}");
                assert_eq!(Fraction::try_from(fraction.to_string()), Ok(fraction));
                fraction.to_string()
            }
            Some(other) => format!("{other:?}"),
        };
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn numbers_are_read_exactly() {
        check("2.5", "2.5");
        check("2.50", "2.5");
        check("-0.05", "-0.05");
        check("0.1", "0.1");
        check("2.0", "2");
        check("-0.0", "0");
        check("007.50", "7.5");
        check("1e3", "1000");
        check("1.5E+2", "150");
        check("15e-1", "1.5");
        check("1e-7", "0.0000001");
        check("9223372036854775807", "9223372036854775807");
        check("-9223372036854775808", "-9223372036854775808");
        check("9223372036854775808", "none");
        check("99999999999999999e-30", "0.000000000000099999999999999999");
        check("-0.99999999999999999", "-0.99999999999999999");
        check("0.999999999999999999", "none");
        check("1e-31", "none");
        check("1e300", "none");
        check("1e99999999999999999999", "none");
        check("100e9223372036854775807", "none");
        check("1e-9223372036854775808", "none");
        check("", "none");
        check("-", "none");
        check(".5", "none");
        check("1.2.3", "none");
        check("NaN", "none");
    }

    #[test]
    fn numbers_have_one_order() {
        let ascending = [
            "-9223372036854775808",
            "-2.5",
            "-2",
            "-1.99",
            "-1",
            "-0.5",
            "-0.05",
            "-1e-30",
            "0",
            "1e-30",
            "0.1",
            "0.10000000000000001",
            "0.5",
            "1",
            "2.25",
            "2.5",
            "3",
            "4.75",
            "9999999999999999.9",
            "10000000000000000",
            "9223372036854775807",
        ];
        let numbers = ascending.map(|text| Value::number(text).unwrap());
        for (i, a) in numbers.iter().enumerate() {
            for (j, b) in numbers.iter().enumerate() {
                assert_eq!(order(a, b), Some(i.cmp(&j)), "{a:?} {b:?}");
            }
        }
    }
}
