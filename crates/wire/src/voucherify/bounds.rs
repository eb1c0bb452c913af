//! What is too long, too large or too many to be kept?

use super::{MAX_MINOR, Metadata};
use crate::Malformed;

/// What something is called.
const MAX_NAME_BYTES: usize = 1_000;
const MAX_URL_BYTES: usize = 2_000;
/// Members of metadata, and what they come to as JSON.
const MAX_METADATA_MEMBERS: usize = 100;
const MAX_METADATA_BYTES: usize = 16 * 1024;

/// A name that must be there.
pub(super) fn required(name: Option<&str>, pointer: &str) -> Result<(), Malformed> {
    match name {
        Some(name) if !name.trim().is_empty() => text(name, (pointer, MAX_NAME_BYTES)),
        _ => Err(Malformed::at(pointer, "is required")),
    }
}

/// A name that may be missing, but not be empty.
pub(super) fn name(name: Option<&str>, pointer: &str) -> Result<(), Malformed> {
    match name {
        Some("") => Err(Malformed::at(pointer, "must not be empty")),
        Some(name) => text(name, (pointer, MAX_NAME_BYTES)),
        None => Ok(()),
    }
}

pub(super) fn url(url: Option<&str>, pointer: &str) -> Result<(), Malformed> {
    url.map_or(Ok(()), |url| text(url, (pointer, MAX_URL_BYTES)))
}

fn text(text: &str, (pointer, most): (&str, usize)) -> Result<(), Malformed> {
    if text.len() > most {
        return Err(Malformed::at(pointer, format!("longer than {most} bytes")));
    }
    Ok(())
}

pub(super) fn price(price: Option<u64>, pointer: &str) -> Result<(), Malformed> {
    if price.is_some_and(|price| price > MAX_MINOR) {
        return Err(Malformed::at(pointer, format!("more than {MAX_MINOR}")));
    }
    Ok(())
}

/// ISO 4217.
pub(super) fn currency(currency: Option<&str>, pointer: &str) -> Result<(), Malformed> {
    let is_code =
        |text: &str| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if currency.is_some_and(|text| !is_code(text)) {
        return Err(Malformed::at(
            pointer,
            "write three capital letters, as EUR",
        ));
    }
    Ok(())
}

/// Metadata, or what else the shop names and fills itself.
pub(super) fn members(members: &Metadata, pointer: &str) -> Result<(), Malformed> {
    if members.len() > MAX_METADATA_MEMBERS {
        let detail = format!("more than {MAX_METADATA_MEMBERS} members");
        return Err(Malformed::at(pointer, detail));
    }
    let bytes = serde_json::to_vec(members).map_or(usize::MAX, |json| json.len());
    if bytes > MAX_METADATA_BYTES {
        let detail = format!("longer than {MAX_METADATA_BYTES} bytes");
        return Err(Malformed::at(pointer, detail));
    }
    Ok(())
}

/// A list with at most so many entries.
pub(super) fn count<T>(list: &[T], (pointer, most): (&str, usize)) -> Result<(), Malformed> {
    if list.len() > most {
        return Err(Malformed::at(pointer, format!("more than {most} entries")));
    }
    Ok(())
}
