//! Which whole number of small units does a decimal text stand for? By hand, digit by digit:
//! never through binary floating point.

/// More digits than this are refused: no price has them.
const MAX_DIGITS: usize = 40;
/// A power of ten beyond this is refused.
const MAX_EXPONENT: i32 = 30;

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDecimal {
    NotANumber,
    Negative,
    TooLarge,
}

impl NotDecimal {
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::NotANumber => "not a decimal number",
            Self::Negative => "may not be negative",
            Self::TooLarge => "too large",
        }
    }
}

/// The number in `text` (as JSON writes numbers) in units of `10^-places`, half up.
///
/// # Errors
/// When it is not a number, is below zero, or passes `u64`.
pub fn scaled(text: &str, places: u8) -> Result<u64, NotDecimal> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = split_exponent(unsigned)?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let units = shifted(whole, part, exponent + i32::from(places))?;
    if negative && units > 0 {
        Err(NotDecimal::Negative)
    } else {
        Ok(units)
    }
}

fn split_exponent(text: &str) -> Result<(&str, i32), NotDecimal> {
    let Some(at) = text.find(['e', 'E']) else {
        return Ok((text, 0));
    };
    let (mantissa, tail) = text.split_at(at);
    let exponent: i32 = tail
        .get(1..)
        .unwrap_or("")
        .parse()
        .map_err(|_| NotDecimal::NotANumber)?;
    if exponent.abs() > MAX_EXPONENT {
        Err(NotDecimal::TooLarge)
    } else {
        Ok((mantissa, exponent))
    }
}

/// The digits `whole.part` with the point moved `places` to the right, half up.
fn shifted(whole: &str, part: &str, places: i32) -> Result<u64, NotDecimal> {
    let digits = || whole.bytes().chain(part.bytes());
    if whole.is_empty() || part.is_empty() || !digits().all(|byte| byte.is_ascii_digit()) {
        return Err(NotDecimal::NotANumber);
    }
    if whole.len() + part.len() > MAX_DIGITS {
        return Err(NotDecimal::TooLarge);
    }
    let keep = i32::try_from(whole.len()).map_err(|_| NotDecimal::TooLarge)? + places;
    let next = |number: u64, digit: u8| {
        let tens = number.checked_mul(10).ok_or(NotDecimal::TooLarge)?;
        tens.checked_add(u64::from(digit))
            .ok_or(NotDecimal::TooLarge)
    };
    let mut number = 0;
    let mut values = digits().map(|byte| byte - b'0');
    for _ in 0..keep.max(0) {
        number = next(number, values.next().unwrap_or(0))?;
    }
    // The first digit cut off decides; where the point is further left, there is a zero before it.
    let up = keep >= 0 && values.next().is_some_and(|digit| digit >= 5);
    number
        .checked_add(u64::from(up))
        .ok_or(NotDecimal::TooLarge)
}

/// The text of `units` of `10^-places`, without needless zeros: 1050 with 2 places is `10.5`.
#[must_use]
pub fn text(units: u64, places: u8) -> String {
    let scale = 10_u64.saturating_pow(places.into());
    let (whole, part) = (units / scale, units % scale);
    if part == 0 {
        return whole.to_string();
    }
    let part = format!("{part:0width$}", width = usize::from(places));
    format!("{whole}.{}", part.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        let check = |text: &str, expected: Result<u64, NotDecimal>| {
            assert_eq!(scaled(text, 2), expected, "{text}");
        };
        check("0", Ok(0));
        check("19", Ok(1900));
        check("19.9", Ok(1990));
        check("19.99", Ok(1999));
        check("19.994999999999999999", Ok(1999));
        check("19.995", Ok(2000));
        check("0.285", Ok(29));
        check("1.005", Ok(101));
        check("0.004", Ok(0));
        check("0.005", Ok(1));
        check("1e3", Ok(100_000));
        check("1.5E+2", Ok(15_000));
        check("15e-1", Ok(150));
        check("5e-3", Ok(1));
        check("9e-4", Ok(0));
        check("99e-30", Ok(0));
        check("-0", Ok(0));
        check("-0.001", Ok(0));
        check("-0.01", Err(NotDecimal::Negative));
        check("184467440737095516.15", Ok(u64::MAX));
        check("184467440737095516.16", Err(NotDecimal::TooLarge));
        check("1e400", Err(NotDecimal::TooLarge));
        check("1e99999999999", Err(NotDecimal::NotANumber));
        check("NaN", Err(NotDecimal::NotANumber));
        check("", Err(NotDecimal::NotANumber));
        check(".", Err(NotDecimal::NotANumber));
        check("1.", Err(NotDecimal::NotANumber));
        check("--1", Err(NotDecimal::NotANumber));
        check("1 2", Err(NotDecimal::NotANumber));
    }

    #[test]
    fn texts_come_back() {
        let check = |units: u64, expected: &str| {
            assert_eq!(text(units, 4), expected);
            assert_eq!(scaled(expected, 4), Ok(units));
        };
        check(0, "0");
        check(100_000, "10");
        check(105_000, "10.5");
        check(1, "0.0001");
        check(u64::MAX, "1844674407370955.1615");
    }
}
