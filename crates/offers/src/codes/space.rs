//! Which codes of one look are there, how many, and which of them lie in a share of them?
//!
//! A million codes are drawn share by share: the codes of one share lie next to each other in
//! whatever is ordered by them, so they cost few pages; and every share has as many codes for its
//! size as any other, so that nobody guesses a code more easily than if all were drawn at once.

use super::{ALPHABET, ANY, RANDOM_SYMBOLS, check_value, normalise, symbol, value};

/// The longest code.
pub const MAX_BYTES: usize = 128;
/// Different symbols that are drawn from.
const MAX_LETTERS: usize = 64;
/// Symbols of a code that is drawn from letters of its own.
const LENGTHS: std::ops::RangeInclusive<u32> = 4..=64;
/// A share is told by the first symbols, as many as a number of so many bits tells apart.
const LEAD_BITS: u32 = 60;

/// What is asked for cannot be drawn, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit(pub String);

/// All codes of one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// Symbols as they stand; `None` is drawn.
    places: Vec<Option<char>>,
    /// What is drawn from, in the order of codes.
    letters: Vec<char>,
    /// Whether a symbol that shows typing errors follows the drawn ones.
    is_checked: bool,
    /// What follows all of them.
    postfix: String,
}

/// So many of the same size, of which this is one or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub from: u64,
    pub until: u64,
    pub of: u64,
}

impl Share {
    pub const WHOLE: Self = Self {
        from: 0,
        until: 1,
        of: 1,
    };
}

impl Space {
    /// Codes of 12 symbols and one that shows typing errors.
    ///
    /// # Errors
    /// When the texts around them are too long.
    pub fn standard([prefix, postfix]: [&str; 2]) -> Result<Self, Unfit> {
        let drawn = std::iter::repeat_n(None, RANDOM_SYMBOLS as usize);
        let space = Self {
            places: normalise(prefix).chars().map(Some).chain(drawn).collect(),
            letters: standard_letters(),
            is_checked: true,
            postfix: normalise(postfix),
        };
        space.fitting()
    }

    /// Codes of so many symbols out of these letters.
    ///
    /// # Errors
    /// When they are too short or too long, or too few letters are there.
    pub fn of_length(
        length: u32,
        charset: Option<&str>,
        [prefix, postfix]: [&str; 2],
    ) -> Result<Self, Unfit> {
        if !LENGTHS.contains(&length) {
            let (least, most) = (LENGTHS.start(), LENGTHS.end());
            return Err(Unfit(format!("length is from {least} to {most}")));
        }
        let drawn = std::iter::repeat_n(None, length as usize);
        let space = Self {
            places: normalise(prefix).chars().map(Some).chain(drawn).collect(),
            letters: letters(charset)?,
            is_checked: false,
            postfix: normalise(postfix),
        };
        space.fitting()
    }

    /// Codes after a pattern such as `####-PROFFER`, each `#` being one of these letters.
    ///
    /// # Errors
    /// When it is empty or too long, or too few letters are there.
    pub fn of_pattern(pattern: &str, charset: Option<&str>) -> Result<Self, Unfit> {
        let place = |letter| (letter != ANY).then_some(letter);
        let space = Self {
            places: normalise(pattern).chars().map(place).collect(),
            letters: letters(charset)?,
            is_checked: false,
            postfix: String::new(),
        };
        space.fitting()
    }

    fn fitting(self) -> Result<Self, Unfit> {
        let widest = self.letters.iter().map(|letter| letter.len_utf8()).max();
        let widths = self.places.iter().map(|place| match place {
            Some(letter) => letter.len_utf8(),
            None => widest.unwrap_or(1),
        });
        let bytes = widths.sum::<usize>() + usize::from(self.is_checked) + self.postfix.len();
        match bytes {
            0 => Err(Unfit("a code is not empty".into())),
            1..=MAX_BYTES => Ok(self),
            _ => Err(Unfit(format!("a code has at most {MAX_BYTES} bytes"))),
        }
    }

    /// How many codes there are; the most there can be where they are more.
    #[must_use]
    pub fn size(&self) -> u128 {
        power(self.letters.len(), self.drawn())
    }

    /// How many random numbers one code takes.
    #[must_use]
    pub fn draws(&self) -> usize {
        1 + self.drawn().saturating_sub(self.leading())
    }

    /// A code of this share, by as many random numbers as [`Space::draws`] says.
    #[must_use]
    pub fn code(&self, share: Share, random: &[u64]) -> String {
        let leading = self.leading();
        let mut random = random.iter().copied();
        let mut next = || random.next().unwrap_or(0);
        let mut drawn: Vec<usize> = self.lead((share, leading), next());
        let base = self.letters.len();
        drawn.extend((leading..self.drawn()).map(|_| below(base as u128, next())));
        let mut drawn = drawn.into_iter().filter_map(|at| self.letters.get(at));
        let mut code: String = self
            .places
            .iter()
            .filter_map(|place| place.or_else(|| drawn.next().copied()))
            .collect();
        if self.is_checked {
            let own = code.len().saturating_sub(RANDOM_SYMBOLS as usize);
            let values: Vec<u8> = code.bytes().skip(own).filter_map(value).collect();
            code.push(symbol(check_value(&values)));
        }
        code.push_str(&self.postfix);
        code
    }

    /// The leading symbols, by their places among the letters.
    fn lead(&self, (share, leading): (Share, usize), random: u64) -> Vec<usize> {
        let base = self.letters.len();
        let all = power(base, leading);
        let bound = |at: u64| all * u128::from(at.min(share.of)) / u128::from(share.of.max(1));
        let (from, until) = (bound(share.from), bound(share.until));
        let mut number = from + below(until.saturating_sub(from).max(1), random) as u128;
        let mut symbols = vec![0; leading];
        for symbol in symbols.iter_mut().rev() {
            *symbol = usize::try_from(number % base as u128).unwrap_or(0);
            number /= base as u128;
        }
        symbols
    }

    fn drawn(&self) -> usize {
        self.places.iter().filter(|place| place.is_none()).count()
    }

    /// How many of the drawn symbols tell a share.
    fn leading(&self) -> usize {
        let bits = usize::BITS - self.letters.len().saturating_sub(1).leading_zeros();
        self.drawn().min((LEAD_BITS / bits.max(1)) as usize)
    }
}

/// A number below `most`, which is at most 2^64: uniform but for a part in 2^64 / `most`.
fn below(most: u128, random: u64) -> usize {
    usize::try_from((most * u128::from(random)) >> 64).unwrap_or(0)
}

fn power(base: usize, exponent: usize) -> u128 {
    let exponent = u32::try_from(exponent).unwrap_or(u32::MAX);
    (base as u128).saturating_pow(exponent)
}

fn standard_letters() -> Vec<char> {
    ALPHABET.iter().map(|byte| char::from(*byte)).collect()
}

/// Each letter once, upper case as codes are, in order.
fn letters(charset: Option<&str>) -> Result<Vec<char>, Unfit> {
    let Some(charset) = charset else {
        return Ok(standard_letters());
    };
    let mut letters: Vec<char> = charset.to_uppercase().chars().collect();
    letters.sort_unstable();
    letters.dedup();
    letters.retain(|letter| !letter.is_whitespace() && !letter.is_control());
    if !(2..=MAX_LETTERS).contains(&letters.len()) {
        let detail = format!("charset has from 2 to {MAX_LETTERS} different symbols");
        return Err(Unfit(detail));
    }
    Ok(letters)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{super::check, *};

    /// The generator of Steele, Lea and Flood (2014), which is random enough here.
    fn numbers(seed: u64) -> impl FnMut() -> u64 {
        let mut state = seed;
        move || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        }
    }

    fn drawn(space: &Space, share: Share, count: usize) -> Vec<String> {
        let mut next = numbers(count as u64);
        let random = |_| -> Vec<u64> { (0..space.draws()).map(|_| next()).collect() };
        let random: Vec<Vec<u64>> = (0..count).map(random).collect();
        random.iter().map(|one| space.code(share, one)).collect()
    }

    #[test]
    fn standard_codes_show_typing_errors() {
        let space = Space::standard(["x-", ""]).unwrap();
        assert_eq!(space.size(), 1 << 60);
        for code in drawn(&space, Share::WHOLE, 100) {
            assert!(check(code.strip_prefix("X-").unwrap()), "{code}");
        }
    }

    #[test]
    fn a_look_is_kept_and_every_code_can_be_drawn() {
        let space = Space::of_pattern("a-#b#", Some("yx")).unwrap();
        assert_eq!(space.size(), 4);
        let all: BTreeSet<String> = drawn(&space, Share::WHOLE, 200).into_iter().collect();
        let expected = ["A-XBX", "A-XBY", "A-YBX", "A-YBY"];
        assert_eq!(all, expected.map(str::to_owned).into());
        let space = Space::of_length(8, Some("0123456789"), ["P-", "-Z"]).unwrap();
        assert_eq!(space.size(), 100_000_000);
        for code in drawn(&space, Share::WHOLE, 100) {
            let middle = code.strip_prefix("P-").unwrap().strip_suffix("-Z").unwrap();
            assert_eq!(middle.len(), 8);
            assert!(middle.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }

    /// Invariant: the codes of a share lie between those of the shares around it.
    #[test]
    fn the_codes_of_a_share_lie_together() {
        let long = Space::of_length(64, None, ["", ""]).unwrap();
        let short = Space::of_pattern("##", Some("0123456789")).unwrap();
        let standard = Space::standard(["", ""]).unwrap();
        for (space, of) in [(long, 1_000), (short, 50), (standard, 2_000)] {
            let mut last = String::new();
            for from in [0, 1, 7, of - 1] {
                let until = from + 1;
                let mut codes = drawn(&space, Share { from, until, of }, 50);
                codes.sort_unstable();
                assert!(last <= codes[0], "{last} {}", codes[0]);
                last = codes[49].clone();
            }
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        assert!(Space::of_length(3, None, ["", ""]).is_err());
        assert!(Space::of_length(65, None, ["", ""]).is_err());
        assert!(Space::of_length(8, Some("Aa"), ["", ""]).is_err());
        assert!(Space::of_pattern("", None).is_err());
        assert!(Space::of_pattern(&"#".repeat(129), None).is_err());
        assert!(Space::standard([&"x".repeat(116), ""]).is_err());
        assert_eq!(Space::of_pattern("ONE", None).unwrap().size(), 1);
    }
}
