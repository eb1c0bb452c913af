//! How is an amount of money written in a sentence?

use crate::{Currency, Minor};

/// `8.00 EUR`; ISO 4217's currencies without, or with three, minor digits as they have them.
#[must_use]
pub fn money(minor: Minor, currency: Currency) -> String {
    let name = String::from_utf8_lossy(&currency.0);
    let places = places(currency);
    if places == 0 {
        return format!("{minor} {name}");
    }
    let scale = 10_u64.pow(places.into());
    let width = usize::from(places);
    format!("{}.{:0width$} {name}", minor / scale, minor % scale)
}

/// How many decimals the amounts of a currency have.
#[must_use]
pub fn places(currency: Currency) -> u8 {
    match &currency.0 {
        b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF"
        | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
        b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_as_many_decimals_as_its_currency() {
        let check = |minor, currency: &[u8; 3], expected: &str| {
            assert_eq!(money(minor, Currency(*currency)), expected);
        };
        check(1_240, b"EUR", "12.40 EUR");
        check(5, b"USD", "0.05 USD");
        check(0, b"EUR", "0.00 EUR");
        check(1_240, b"JPY", "1240 JPY");
        check(1_240, b"KWD", "1.240 KWD");
        check(7, b"BHD", "0.007 BHD");
        check(Minor::MAX, b"EUR", "184467440737095516.15 EUR");
    }
}
