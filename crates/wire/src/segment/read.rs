//! How is a text or an amount taken from a body without copying it?

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use serde_json::value::RawValue;

use crate::{
    Malformed, decimal,
    parse::{locate, objects_only},
};

/// A text, borrowed where the body has no escapes in it. Numbers and flags are told as text:
/// shops write ids either way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a number")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Cow::Owned(flag.to_string()))
    }
}

/// A number as it is written, so that money never passes through binary floating point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amount<'a>(&'a str);

impl<'de: 'a, 'a> Deserialize<'de> for Amount<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(from)?.get();
        let number = raw
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
            .unwrap_or(raw);
        Ok(Self(number))
    }
}

impl Amount<'_> {
    /// In units of `10^-places`, half up; `pointer` says where it stands.
    pub(super) fn minor(self, places: u8, pointer: &str) -> Result<u64, Malformed> {
        decimal::scaled(self.0, places).map_err(|why| Malformed::at(pointer, why.sentence()))
    }

    /// A whole number of units: `2`, `"2"` and `2.0` are two.
    pub(super) fn count(self, pointer: &str) -> Result<u32, Malformed> {
        let thousandths = self.minor(3, pointer)?;
        let wrong = || Malformed::at(pointer, "not a whole number of units");
        if thousandths % 1000 != 0 {
            return Err(wrong());
        }
        u32::try_from(thousandths / 1000).map_err(|_| wrong())
    }
}

/// Reads a part of a body in place.
pub(super) fn borrowed<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Malformed> {
    objects_only(text.as_bytes())?;
    serde_json::from_str(text).map_err(|fast| locate::<T>(text.as_bytes(), &fast))
}

/// Reads a part that may be missing or `null`; places are told within it.
pub(super) fn part<'a, T: Deserialize<'a> + Default>(
    raw: Option<&'a RawValue>,
) -> Result<T, Malformed> {
    match raw.map(RawValue::get) {
        None | Some("null") => Ok(T::default()),
        Some(text) => borrowed(text),
    }
}
