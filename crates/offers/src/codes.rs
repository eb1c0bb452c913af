//! How is a voucher code made, so that it can neither be guessed nor mistyped?

mod space;

pub use space::{MAX_BYTES, Share, Space, Unfit};

/// Digits and capitals without 0, 1, I and O, which are taken for one another.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// 12 symbols of 5 bits: 60 bits of chance.
const RANDOM_SYMBOLS: u32 = 12;
/// Stands for one random symbol in a pattern.
const ANY: char = '#';

/// 3 symbols of 5 bits before the random ones.
const STRETCH_SYMBOLS: u32 = 3;

/// A code of 12 random symbols and a check symbol. Uses 60 of the 64 bits.
#[must_use]
pub fn code_from(random: [u8; 8]) -> String {
    checked(random_symbols(random).collect())
}

/// A code of 3 symbols for a stretch of codes, and then as [`code_from`]: those of one stretch
/// stand together in whatever is ordered by them. Uses 15 bits of the stretch, which need be
/// neither secret nor its own.
#[must_use]
pub fn code_in(stretch: u16, random: [u8; 8]) -> String {
    let symbols = (0..STRETCH_SYMBOLS).map(|place| low_five((stretch >> (5 * place)) as u8));
    checked(symbols.chain(random_symbols(random)).collect())
}

fn random_symbols(random: [u8; 8]) -> impl Iterator<Item = u8> {
    let bits = u64::from_be_bytes(random);
    (0..RANDOM_SYMBOLS).map(move |place| low_five((bits >> (5 * place)) as u8))
}

fn checked(mut symbols: Vec<u8>) -> String {
    symbols.push(check_value(&symbols));
    symbols.into_iter().map(symbol).collect()
}

/// Whether a text may be a code of [`code_from`] or [`code_in`]: the right length and symbols, and
/// no typing error in one symbol or between two exchanged ones.
#[must_use]
pub fn check(code: &str) -> bool {
    let values: Option<Vec<u8>> = code.bytes().map(value).collect();
    values.is_some_and(|values| match values.split_last() {
        Some((last, rest)) => matches!(code.len(), 13 | 16) && check_value(rest) == *last,
        None => false,
    })
}

/// What a shopper typed, as codes are stored: upper case, without space around.
#[must_use]
pub fn normalise(typed: &str) -> String {
    typed.trim().to_uppercase()
}

/// The check symbol of a Reed–Solomon code over the field of 32 elements (Reed & Solomon 1960,
/// §II): the sum of aⁱsᵢ, which one wrong symbol or two exchanged ones always change.
fn check_value(symbols: &[u8]) -> u8 {
    symbols.iter().fold(0, |sum, symbol| times_a(sum ^ symbol))
}

/// Times the generator a, where a⁵ = a² + 1.
fn times_a(element: u8) -> u8 {
    let doubled = element << 1;
    if doubled & 0b10_0000 == 0 {
        doubled
    } else {
        doubled ^ 0b10_0101
    }
}

fn low_five(byte: u8) -> u8 {
    byte & 0b1_1111
}

fn symbol(value: u8) -> char {
    // Every value below 32 has a symbol, and `low_five` and the field hold no other.
    ALPHABET
        .get(usize::from(value))
        .map_or('?', |byte| char::from(*byte))
}

fn value(symbol: u8) -> Option<u8> {
    ALPHABET
        .iter()
        .position(|known| *known == symbol)
        .and_then(|at| u8::try_from(at).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "ZZZZZZZZZZZZ";

    #[test]
    fn a_code_has_twelve_random_symbols_and_a_check() {
        let code = code_from([255; 8]);
        assert_eq!(code.len(), 13);
        assert!(code.starts_with(CODE));
        assert_ne!(code_from([1; 8]), code_from([2; 8]));
        // All 60 bits are used: the lowest and the highest of them change the code.
        assert_ne!(code_from([0, 0, 0, 0, 0, 0, 0, 1]), code_from([0; 8]));
        assert_ne!(code_from([8, 0, 0, 0, 0, 0, 0, 0]), code_from([0; 8]));
    }

    #[test]
    fn codes_of_a_stretch_begin_alike() {
        let code = code_in(0b11111_00001_00010, [255; 8]);
        assert_eq!((code.len(), &code[..15]), (16, "43ZZZZZZZZZZZZZ"));
        assert_eq!(
            code_in(0b1_00010, [0; 8])[..3],
            code_in(0b1_00010, [7; 8])[..3]
        );
        assert_ne!(code_in(7, [1; 8]), code_in(7, [2; 8]));
    }

    #[test]
    fn a_typing_error_is_seen() {
        for seed in [0_u64, 1, 0x0123_4567_89ab_cdef, u64::MAX - 7] {
            let random = seed.to_be_bytes();
            for code in [code_from(random), code_in(seed as u16, random)] {
                assert!(check(&code));
                for at in 0..code.len() {
                    misspelt(&code, at).for_each(|wrong| assert!(!check(&wrong), "{wrong}"));
                    exchanged(&code, at).for_each(|wrong| assert!(!check(&wrong), "{wrong}"));
                }
            }
        }
    }

    fn misspelt(code: &str, at: usize) -> impl Iterator<Item = String> {
        let others = ALPHABET
            .iter()
            .filter(move |other| **other != code.as_bytes()[at]);
        others.map(move |other| {
            let mut wrong = code.as_bytes().to_vec();
            wrong[at] = *other;
            String::from_utf8(wrong).unwrap()
        })
    }

    fn exchanged(code: &str, at: usize) -> impl Iterator<Item = String> {
        (0..code.len()).filter_map(move |with| {
            let mut wrong = code.as_bytes().to_vec();
            wrong.swap(at, with);
            let wrong = String::from_utf8(wrong).unwrap();
            (wrong != code).then_some(wrong)
        })
    }

    #[test]
    fn other_texts_are_not_ours() {
        let code = code_from([7; 8]);
        for text in [
            "",
            "2",
            "SPRING",
            &code[..12],
            &format!("{code}2"),
            "0000000000000",
            "ÄÖÜ",
        ] {
            assert!(!check(text), "{text}");
        }
        assert!(!check(&code.to_lowercase()) && check(&normalise(&code.to_lowercase())));
    }

    #[test]
    fn what_was_typed_is_put_as_codes_are_kept() {
        assert_eq!(normalise("  spring-24\n"), "SPRING-24");
    }
}
