//! How is what came as JSON kept in few bytes? Names that the protocols know are written as
//! numbers, and what is absent takes no room.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Number, Value};

use crate::problem::Refused;

/// Members and words that are not spelled out. The numbers are on disk: a name may be added at the
/// end, and none ever moves or goes.
const NAMES: &[&str] = &[
    "source_id",
    "quantity",
    "price",
    "related_object",
    "product",
    "metadata",
    "category",
    "brand",
    "unit_cost",
    "product_id",
    "sku_id",
    "sku",
    "amount",
    "id",
    "name",
    "items",
    "currency",
    "status",
    "PAID",
    "FULFILLED",
    "customer_id",
    "referrer_id",
    "initial_amount",
    "initial_quantity",
    "discount_amount",
    "discount_quantity",
    "override",
    "store",
    "prod_5h1pp1ng",
    "5h1pp1ng",
    "object",
    "voucher",
    "promotion_tier",
    "discount",
    "type",
    "result",
    "details",
    "key",
    "code",
    "message",
    "banner",
    "action",
    "hierarchy",
    "promotion_id",
    "campaign_id",
    "campaign",
    "start_date",
    "expiration_date",
    "active",
    "category_id",
    "categories",
    "summary",
    "validation_rule_assignments",
    "created_at",
    "updated_at",
];

/// How a value begins. From [`SMALL`] on it is a whole number itself, less that.
mod begins {
    pub const NULL: u8 = 0;
    pub const FALSE: u8 = 1;
    pub const TRUE: u8 = 2;
    pub const WHOLE: u8 = 3;
    /// Written out: below zero, or a fraction.
    pub const NUMBER: u8 = 4;
    pub const TEXT: u8 = 5;
    pub const LIST: u8 = 6;
    pub const OBJECT: u8 = 7;
    /// One of [`super::NAMES`].
    pub const NAMED: u8 = 8;
    pub const SMALL: u8 = 128;
}

/// A JSON value in few bytes; `null` in none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compact(Vec<u8>);

impl Compact {
    /// # Errors
    /// Never for our shapes; a fault if it happens.
    pub fn of<T: Serialize>(thing: &T) -> Result<Self, Refused> {
        let value = serde_json::to_value(thing).map_err(fault)?;
        let mut bytes = Vec::new();
        if !value.is_null() {
            put(&value, &mut bytes);
        }
        Ok(Self(bytes))
    }

    /// # Errors
    /// When it was written by something else: a fault, not a refusal.
    pub fn value(&self) -> Result<Value, Refused> {
        if self.0.is_empty() {
            return Ok(Value::Null);
        }
        let value = Rest(&self.0).value();
        value.ok_or_else(|| fault("what was kept short cannot be read"))
    }

    /// What was kept.
    ///
    /// # Errors
    /// As [`Compact::value`].
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        serde_json::from_value(self.value()?).map_err(fault)
    }
}

fn fault(error: impl ToString) -> Refused {
    Refused::Fault(error.to_string())
}

fn put(value: &Value, into: &mut Vec<u8>) {
    match value {
        Value::Null => into.push(begins::NULL),
        Value::Bool(false) => into.push(begins::FALSE),
        Value::Bool(true) => into.push(begins::TRUE),
        Value::Number(number) => put_number(number, into),
        Value::String(text) => match place(text) {
            Some(place) => {
                into.push(begins::NAMED);
                put_whole(place, into);
            }
            None => {
                into.push(begins::TEXT);
                put_text(text, into);
            }
        },
        Value::Array(items) => {
            into.push(begins::LIST);
            put_whole(items.len() as u64, into);
            items.iter().for_each(|item| put(item, into));
        }
        Value::Object(members) => {
            into.push(begins::OBJECT);
            put_whole(members.len() as u64, into);
            for (name, value) in members {
                put_name(name, into);
                put(value, into);
            }
        }
    }
}

fn put_number(number: &Number, into: &mut Vec<u8>) {
    match (number.as_u64(), number.as_u64().map(u8::try_from)) {
        (_, Some(Ok(small))) if small < begins::SMALL => into.push(begins::SMALL + small),
        (Some(whole), _) => {
            into.push(begins::WHOLE);
            put_whole(whole, into);
        }
        (None, _) => {
            into.push(begins::NUMBER);
            put_text(&number.to_string(), into);
        }
    }
}

/// 0 and then the name, or one more than its place.
fn put_name(name: &str, into: &mut Vec<u8>) {
    match place(name) {
        Some(place) => put_whole(place + 1, into),
        None => {
            put_whole(0, into);
            put_text(name, into);
        }
    }
}

fn place(name: &str) -> Option<u64> {
    let place = NAMES.iter().position(|known| *known == name);
    place.map(|place| place as u64)
}

fn put_text(text: &str, into: &mut Vec<u8>) {
    put_whole(text.len() as u64, into);
    into.extend_from_slice(text.as_bytes());
}

/// Seven bits to a byte, the lowest first.
fn put_whole(mut number: u64, into: &mut Vec<u8>) {
    while number >= 0x80 {
        into.push(0x80 | (number & 0x7f) as u8);
        number >>= 7;
    }
    into.push(number as u8);
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn whole(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.whole()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    fn name(&mut self) -> Option<&'a str> {
        match self.whole()?.checked_sub(1) {
            None => self.text(),
            Some(place) => named(place),
        }
    }

    fn value(&mut self) -> Option<Value> {
        Some(match self.byte()? {
            begins::NULL => Value::Null,
            begins::FALSE => Value::Bool(false),
            begins::TRUE => Value::Bool(true),
            begins::WHOLE => self.whole()?.into(),
            begins::NUMBER => Value::Number(self.text()?.parse().ok()?),
            begins::TEXT => self.text()?.into(),
            begins::NAMED => named(self.whole()?)?.into(),
            begins::LIST => {
                let items = (0..self.whole()?).map(|_| self.value());
                Value::Array(items.collect::<Option<_>>()?)
            }
            begins::OBJECT => {
                let members = self.whole()?;
                let members = (0..members).map(|_| Some((self.name()?.to_owned(), self.value()?)));
                Value::Object(members.collect::<Option<Map<_, _>>>()?)
            }
            small => small.checked_sub(begins::SMALL)?.into(),
        })
    }
}

fn named(place: u64) -> Option<&'static str> {
    NAMES.get(usize::try_from(place).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(value: &Value, most: usize) {
        let kept = Compact::of(value).unwrap();
        assert_eq!(&kept.value().unwrap(), value);
        assert!(kept.0.len() <= most, "{value}: {} bytes", kept.0.len());
    }

    #[test]
    fn what_is_kept_short_is_read_as_it_was() {
        check(&Value::Null, 0);
        check(&json!(0), 1);
        check(&json!(127), 1);
        check(&json!(128), 3);
        check(&json!(u64::MAX), 11);
        check(&json!(-1), 4);
        check(&json!(0.1), 5);
        check(&json!(true), 1);
        check(&json!([null, false, "", "ü", {}]), 12);
        check(&json!({"quantity": 2, "related_object": "product"}), 7);
        check(&json!({"mine": {"items": [[1.5e300]]}}), 25);
    }

    #[test]
    fn no_name_stands_twice() {
        for (place, name) in NAMES.iter().enumerate() {
            assert_eq!(super::place(name), Some(place as u64), "{name}");
        }
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        let kept = Compact::of(&json!({"items": [{"price": 1_999, "own": "text"}]})).unwrap();
        for length in 1..kept.0.len() {
            let cut = Compact(kept.0[..length].to_vec());
            assert!(cut.value().is_err(), "{length}");
        }
    }
}
