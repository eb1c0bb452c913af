//! Which wrong types do the clients send all the same? Counts as text. And which right ones are
//! too long?

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};

/// A whole number, or a text of one, or nothing.
///
/// # Errors
/// When it is anything else.
pub fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    from.deserialize_any(Count)
}

struct Count;

impl Visitor<'_> for Count {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, not negative")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        let wrong = |_| E::invalid_value(serde::de::Unexpected::Signed(value), &self);
        u64::try_from(value).map(Some).map_err(wrong)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        let wrong = |_| E::invalid_value(serde::de::Unexpected::Str(value), &self);
        value.parse().map(Some).map_err(wrong)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// The longest name a shop may give a customer or an order.
const MAX_SOURCE_ID_BYTES: usize = 255;

/// What names a customer or an order, or nothing.
///
/// # Errors
/// When it is no text, or longer than 255 bytes.
pub fn name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let name = Option::<String>::deserialize(from)?;
    match &name {
        Some(text) if text.len() > MAX_SOURCE_ID_BYTES => Err(D::Error::custom(format!(
            "longer than {MAX_SOURCE_ID_BYTES} bytes"
        ))),
        _ => Ok(name),
    }
}

/// A day of the calendar, or nothing; no text is nothing too.
///
/// # Errors
/// When it is no text, or there is no such day.
pub fn day<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(from)?.filter(|text| !text.is_empty());
    match text.as_deref().map(str::parse::<jiff::civil::Date>) {
        Some(Err(_)) => Err(D::Error::custom("not a day: write 1990-12-24")),
        Some(Ok(_)) | None => Ok(text),
    }
}

/// `null` stands for what an absent member stands for.
///
/// # Errors
/// When a value is there that does not fit.
pub fn or_default<'de, T, D>(from: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// Absent (leave it) and `null` (clear it) differ.
///
/// # Errors
/// When a value is there that does not fit.
pub fn patch<'de, T, D>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(from).map(Some)
}
