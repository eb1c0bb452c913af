//! What did the shop send that perhaps nobody reads? Metadata, checked as it came in and laid down
//! in one piece, of which values are made only when somebody asks for them.

use std::{borrow::Cow, collections::BTreeMap, fmt, iter};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor, value::MapDeserializer},
};

use super::Metadata;

/// Metadata of what comes in by the dozen: the lines of orders, and what is known of the moment.
///
/// Its members one after another: a name, then a value. A text stands after its length, a value
/// after its kind, and what is in a list or an object after the length of all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread(Vec<u8>);

/// The bytes of two or three members.
const USUAL: usize = 48;

/// The first byte of a value.
mod kind {
    pub const NULL: u8 = 0;
    pub const FALSE: u8 = 1;
    pub const TRUE: u8 = 2;
    pub const NEGATIVE: u8 = 3;
    pub const WHOLE: u8 = 4;
    pub const FRACTION: u8 = 5;
    pub const TEXT: u8 = 6;
    pub const LIST: u8 = 7;
    pub const OBJECT: u8 = 8;
}

impl Unread {
    /// One member. The rest of them are passed over.
    pub(super) fn get(&self, key: &str) -> Option<Lying<'_>> {
        let mut rest = Laid(&self.0);
        let mut found = None;
        while let Some(name) = rest.measured() {
            let value = rest.value()?;
            if name == key.as_bytes() {
                found = Some(value);
            }
        }
        found
    }

    /// Lays more members down, which count before those of the same name.
    pub fn extend(&mut self, more: &Self) {
        self.0.extend_from_slice(&more.0);
    }

    /// Its members by name. Of those that were sent twice, the later counts.
    pub(super) fn members(&self) -> BTreeMap<&str, Lying<'_>> {
        members(&self.0)
    }
}

impl Unread {
    /// All of it.
    #[must_use]
    pub fn read(&self) -> Metadata {
        let read = serde_json::to_value(self).and_then(serde_json::from_value);
        read.unwrap_or_default()
    }
}

impl From<&Metadata> for Unread {
    fn from(read: &Metadata) -> Self {
        let members = read.iter().map(|(key, value)| (key.as_str(), value));
        let laid = Self::deserialize(MapDeserializer::<_, serde_json::Error>::new(members));
        laid.unwrap_or_default()
    }
}

impl Serialize for Unread {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        into.collect_map(self.members())
    }
}

impl<'de> Deserialize<'de> for Unread {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut laid = Vec::new();
        from.deserialize_map(Members(&mut laid))?;
        Ok(Self(laid))
    }
}

/// Lays down the members of an object.
struct Members<'l>(&'l mut Vec<u8>);

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.0.reserve(USUAL);
        while map.next_key_seed(Name(self.0))?.is_some() {
            map.next_value_seed(Any(self.0))?;
        }
        Ok(())
    }
}

/// Lays down a name.
struct Name<'l>(&'l mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.extend(length(text.len())?);
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn length<E: Error>(bytes: usize) -> Result<[u8; 4], E> {
    u32::try_from(bytes)
        .map(u32::to_le_bytes)
        .map_err(E::custom)
}

/// Lays down a value, whatever it is.
struct Any<'l>(&'l mut Vec<u8>);

impl<'l> Any<'l> {
    fn number<E>(self, kind: u8, bytes: [u8; 8]) -> Result<(), E> {
        self.0.push(kind);
        self.0.extend(bytes);
        Ok(())
    }

    /// What is within, after its length.
    fn within<E: Error>(
        self,
        kind: u8,
        lay: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.0.push(kind);
        self.0.extend([0; 4]);
        let start = self.0.len();
        lay(self.0)?;
        let length = length(self.0.len() - start)?;
        let before = start - length.len();
        if let Some(place) = self.0.get_mut(before..start) {
            place.copy_from_slice(&length);
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Any<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.0.push(kind::NULL);
        Ok(())
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        self.0.push(if flag { kind::TRUE } else { kind::FALSE });
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.number(kind::NEGATIVE, number.to_le_bytes())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.number(kind::WHOLE, number.to_le_bytes())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.number(kind::FRACTION, number.to_le_bytes())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.push(kind::TEXT);
        Name(self.0).visit_str(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.within(kind::LIST, |laid| {
            while list.next_element_seed(Any(laid))?.is_some() {}
            Ok(())
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.within(kind::OBJECT, |laid| Members(laid).visit_map(map))
    }
}

/// What is laid down from here on.
struct Laid<'l>(&'l [u8]);

/// A value where it lies.
#[derive(Clone, Copy)]
pub(super) struct Lying<'l> {
    kind: u8,
    bytes: &'l [u8],
}

/// A value, whose parts lie where they are.
pub(super) enum Made<'l> {
    Null,
    Flag(bool),
    Negative(i64),
    Whole(u64),
    Fraction(f64),
    Text(&'l str),
    List(Vec<Lying<'l>>),
    Object(BTreeMap<&'l str, Lying<'l>>),
}

impl<'l> Laid<'l> {
    fn bytes(&mut self, length: usize) -> Option<&'l [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    /// What stands after its length.
    fn measured(&mut self) -> Option<&'l [u8]> {
        let (length, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        self.bytes(u32::from_le_bytes(*length).try_into().ok()?)
    }

    fn value(&mut self) -> Option<Lying<'l>> {
        let (&kind, rest) = self.0.split_first()?;
        self.0 = rest;
        let bytes = match kind {
            kind::NULL | kind::FALSE | kind::TRUE => self.bytes(0),
            kind::NEGATIVE | kind::WHOLE | kind::FRACTION => self.bytes(8),
            _ => self.measured(),
        };
        Some(Lying {
            kind,
            bytes: bytes?,
        })
    }
}

impl<'l> Lying<'l> {
    pub(super) fn members(self) -> Option<BTreeMap<&'l str, Self>> {
        (self.kind == kind::OBJECT).then(|| members(self.bytes))
    }

    pub(super) fn as_text(self) -> Option<&'l str> {
        (self.kind == kind::TEXT).then(|| text(self.bytes))
    }

    /// A text, or the number it might be.
    pub(super) fn as_written(self) -> Option<Cow<'l, str>> {
        match self.made() {
            Made::Text(text) => Some(text.into()),
            Made::Negative(number) => Some(number.to_string().into()),
            Made::Whole(number) => Some(number.to_string().into()),
            Made::Fraction(number) => serde_json::to_string(&number).ok().map(Cow::from),
            _ => None,
        }
    }

    pub(super) fn made(self) -> Made<'l> {
        let number = || self.bytes.try_into().unwrap_or_default();
        match self.kind {
            kind::FALSE => Made::Flag(false),
            kind::TRUE => Made::Flag(true),
            kind::NEGATIVE => Made::Negative(i64::from_le_bytes(number())),
            kind::WHOLE => Made::Whole(u64::from_le_bytes(number())),
            kind::FRACTION => Made::Fraction(f64::from_le_bytes(number())),
            kind::TEXT => Made::Text(text(self.bytes)),
            kind::LIST => {
                let mut rest = Laid(self.bytes);
                Made::List(iter::from_fn(|| rest.value()).collect())
            }
            kind::OBJECT => Made::Object(members(self.bytes)),
            _ => Made::Null,
        }
    }
}

impl Serialize for Lying<'_> {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        match self.made() {
            Made::Null => into.serialize_unit(),
            Made::Flag(flag) => into.serialize_bool(flag),
            Made::Negative(number) => into.serialize_i64(number),
            Made::Whole(number) => into.serialize_u64(number),
            Made::Fraction(number) => into.serialize_f64(number),
            Made::Text(text) => into.serialize_str(text),
            Made::List(list) => into.collect_seq(list),
            Made::Object(members) => into.collect_map(members),
        }
    }
}

fn members(laid: &[u8]) -> BTreeMap<&str, Lying<'_>> {
    let mut rest = Laid(laid);
    let mut members = BTreeMap::new();
    while let Some((name, value)) = rest.measured().zip(rest.value()) {
        members.insert(text(name), value);
    }
    members
}

/// It was text when it was laid down.
fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_default()
}
