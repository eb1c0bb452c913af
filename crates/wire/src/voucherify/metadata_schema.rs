//! Which metadata may things of one kind have? Told by a schema, and held against what is sent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use utoipa::ToSchema;

use super::{Metadata, bounds, lenient};
use crate::{
    Malformed,
    ids::{self, Tag},
    time::{self, Timestamp},
};

const MAX_PROPERTIES: usize = 100;
const MAX_NAME_BYTES: usize = 100;
/// Values that one property is held against.
const MAX_VALUES: usize = 1_000;
/// Objects within objects that are looked into.
const MAX_DEPTH: usize = 4;

/// What metadata of one kind of thing looks like, as it is sent and kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct MetadataSchema {
    /// `campaign`, `customer`, `order`, `order_item`, `product`, `promotion_tier`, `redemption`,
    /// `voucher`, …, or a name of the shop's own, for objects within metadata.
    pub related_object: Option<String>,
    #[serde(deserialize_with = "lenient::or_default")]
    pub properties: BTreeMap<String, Property>,
    /// Whether members that are not described are refused.
    #[serde(deserialize_with = "lenient::or_default")]
    pub allow_defined_only: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PropertyType {
    #[default]
    String,
    Number,
    Object,
    Date,
    Datetime,
    Geopoint,
    Boolean,
    ImageUrl,
}

/// One member.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Property {
    #[serde(rename = "type")]
    pub kind: PropertyType,
    /// Of an object: the name of the schema that it follows.
    #[serde(
        default,
        rename = "objectType",
        alias = "object_type",
        skip_serializing_if = "Option::is_none"
    )]
    pub object_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub optional: bool,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub array: bool,
    /// Whether it is no longer described.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub deleted: bool,
    /// The values there may be.
    #[serde(
        default,
        deserialize_with = "lenient::or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[schema(value_type = Vec<Object>)]
    pub eq: Vec<Value>,
    /// The values there may not be.
    #[serde(
        default,
        deserialize_with = "lenient::or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[schema(value_type = Vec<Object>)]
    pub ne: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub lt: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub lte: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub gt: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub gte: Option<Number>,
    /// Characters of a text.
    #[serde(
        default,
        rename = "minLength",
        alias = "min_length",
        skip_serializing_if = "Option::is_none"
    )]
    pub min_length: Option<u32>,
    #[serde(
        default,
        rename = "maxLength",
        alias = "max_length",
        skip_serializing_if = "Option::is_none"
    )]
    pub max_length: Option<u32>,
    #[serde(
        default,
        rename = "exactLength",
        alias = "exact_length",
        skip_serializing_if = "Option::is_none"
    )]
    pub exact_length: Option<u32>,
}

/// A schema in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct MetadataSchemaView {
    pub id: String,
    pub related_object: String,
    #[schema(value_type = Object)]
    pub properties: BTreeMap<String, Value>,
    pub allow_defined_only: bool,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    pub object: &'static str,
}

/// Schemas by their names.
type Named<'s> = dyn Fn(&str) -> Option<&'s MetadataSchema> + 's;
type Members<'m> = BTreeMap<&'m str, &'m Value>;

/// How a schema's members are spelt: the calls that only read have it otherwise than the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// `minLength`
    Camel,
    /// `min_length`
    Snake,
}

impl Spelling {
    fn of(self, property: &Property) -> Value {
        let mut value = serde_json::to_value(property).unwrap_or_default();
        if let (Self::Snake, Some(members)) = (self, value.as_object_mut()) {
            for (camel, snake) in [
                ("objectType", "object_type"),
                ("minLength", "min_length"),
                ("maxLength", "max_length"),
                ("exactLength", "exact_length"),
            ] {
                if let Some(member) = members.remove(camel) {
                    members.insert(snake.into(), member);
                }
            }
        }
        value
    }
}

impl MetadataSchema {
    /// # Errors
    /// Where it cannot be kept so.
    pub fn check(&self) -> Result<(), Malformed> {
        let related = self.related_object.as_deref();
        bounds::required(related, "/related_object")?;
        let is_short = related.is_none_or(|name| name.len() <= MAX_NAME_BYTES);
        let too_long = || format!("longer than {MAX_NAME_BYTES} bytes");
        if !is_short {
            return Err(Malformed::at("/related_object", too_long()));
        }
        if self.properties.len() > MAX_PROPERTIES {
            let detail = format!("more than {MAX_PROPERTIES} properties");
            return Err(Malformed::at("/properties", detail));
        }
        for (name, property) in &self.properties {
            if name.is_empty() || name.len() > MAX_NAME_BYTES {
                let detail = format!("a name has from 1 to {MAX_NAME_BYTES} bytes");
                return Err(Malformed::at(format!("/properties/{name}"), detail));
            }
            let checked = property.check();
            checked.map_err(|wrong| wrong.under(name).under("properties"))?;
        }
        Ok(())
    }

    /// `times`: made and, where it was, changed.
    #[must_use]
    pub fn view(
        &self,
        (id, spelling): (u64, Spelling),
        times: (Timestamp, Option<Timestamp>),
    ) -> MetadataSchemaView {
        let told = |(name, one): (&String, &Property)| (name.clone(), spelling.of(one));
        MetadataSchemaView {
            id: ids::format(Tag::MetadataSchema, id),
            related_object: self.related_object.clone().unwrap_or_default(),
            properties: self.properties.iter().map(told).collect(),
            allow_defined_only: self.allow_defined_only,
            created_at: times.0,
            updated_at: times.1,
            object: "metadata_schema",
        }
    }

    /// What metadata breaches, member by member: `<key>: must be …`. `named` knows the schemas of
    /// objects within.
    #[must_use]
    pub fn breaches<'s>(&'s self, metadata: &Metadata, named: &Named<'s>) -> Vec<String> {
        let members = metadata.iter().map(|(name, value)| (name.as_str(), value));
        self.held(&members.collect(), MAX_DEPTH, named)
    }

    fn held<'s>(&'s self, members: &Members<'_>, depth: usize, named: &Named<'s>) -> Vec<String> {
        let described = self.properties.iter().filter(|(_, one)| !one.deleted);
        let held = described.flat_map(|(name, property)| {
            let sent = members.get(name.as_str()).copied();
            let sent = sent.filter(|value| !value.is_null());
            property.held((name, sent), depth, named)
        });
        let mut breaches: Vec<String> = held.collect();
        if self.allow_defined_only {
            let is_unknown = |name: &&&str| !self.properties.contains_key(**name);
            let unknown = members.keys().filter(is_unknown);
            breaches.extend(unknown.map(|name| format!("{name}: must be described")));
        }
        breaches
    }
}

impl Property {
    fn check(&self) -> Result<(), Malformed> {
        for (values, name) in [(&self.eq, "/eq"), (&self.ne, "/ne")] {
            bounds::count(values, (name, MAX_VALUES))?;
            let wrong = values
                .iter()
                .position(|value| self.kind.breach(value).is_some());
            if let Some(place) = wrong {
                let detail = format!("must {}", self.kind.must());
                return Err(Malformed::at(format!("{name}/{place}"), detail));
            }
        }
        Ok(())
    }

    /// What the member of this name breaches.
    fn held(
        &self,
        (name, sent): (&str, Option<&Value>),
        depth: usize,
        named: &Named<'_>,
    ) -> Vec<String> {
        let breach = match sent {
            None if self.optional => return Vec::new(),
            None => Some("be present".to_owned()),
            Some(value) => self.breach(value),
        };
        if let Some(must) = breach {
            return vec![format!("{name}: must {must}")];
        }
        let schema = self.object_type.as_deref().filter(|_| depth > 0);
        let (Some(schema), Some(value)) = (schema.and_then(named), sent) else {
            return Vec::new();
        };
        let one = std::slice::from_ref(value);
        let objects = value.as_array().map_or(one, Vec::as_slice).iter();
        let within = objects.filter_map(Value::as_object).flat_map(|object| {
            let members = object.iter().map(|(name, value)| (name.as_str(), value));
            schema.held(&members.collect(), depth - 1, named)
        });
        within.map(|breach| format!("{name}.{breach}")).collect()
    }

    /// What a value must be and is not.
    fn breach(&self, value: &Value) -> Option<String> {
        match value.as_array() {
            Some(items) if self.array => items.iter().find_map(|item| self.breach_of_one(item)),
            Some(_) => Some(self.kind.must().into()),
            None if self.array => Some("be a list".into()),
            None => self.breach_of_one(value),
        }
    }

    fn breach_of_one(&self, value: &Value) -> Option<String> {
        if let Some(must) = self.kind.breach(value) {
            return Some(must.into());
        }
        let is_in = |values: &[Value]| values.iter().any(|one| is_equal(one, value));
        if !self.eq.is_empty() && !is_in(&self.eq) {
            return Some(format!("be one of {}", listed(&self.eq)));
        }
        if is_in(&self.ne) {
            return Some(format!("be none of {}", listed(&self.ne)));
        }
        self.breach_of_number(value)
            .or_else(|| self.breach_of_length(value))
    }

    fn breach_of_number(&self, value: &Value) -> Option<String> {
        let number = value.as_f64()?;
        let is_kept = |bound: &Option<Number>, is_kept: fn(&f64, &f64) -> bool| {
            let bound = bound.as_ref().and_then(Number::as_f64);
            bound.is_none_or(|bound| is_kept(&number, &bound))
        };
        let bounds = [
            (&self.lt, is_kept(&self.lt, f64::lt), "less than"),
            (&self.lte, is_kept(&self.lte, f64::le), "at most"),
            (&self.gt, is_kept(&self.gt, f64::gt), "more than"),
            (&self.gte, is_kept(&self.gte, f64::ge), "at least"),
        ];
        let (bound, _, words) = bounds.into_iter().find(|(_, is_kept, _)| !is_kept)?;
        Some(format!("be {words} {}", bound.as_ref()?))
    }

    fn breach_of_length(&self, value: &Value) -> Option<String> {
        let length = u32::try_from(value.as_str()?.chars().count()).unwrap_or(u32::MAX);
        let is_kept = |bound: Option<u32>, is_kept: fn(&u32, &u32) -> bool| {
            bound.is_none_or(|bound| is_kept(&length, &bound))
        };
        let bounds = [
            (
                self.min_length,
                is_kept(self.min_length, u32::ge),
                "at least",
            ),
            (
                self.max_length,
                is_kept(self.max_length, u32::le),
                "at most",
            ),
            (
                self.exact_length,
                is_kept(self.exact_length, u32::eq),
                "exactly",
            ),
        ];
        let (bound, _, words) = bounds.into_iter().find(|(_, is_kept, _)| !is_kept)?;
        Some(format!("be {words} {} characters long", bound?))
    }
}

/// 1 and 1.0 are one number.
fn is_equal(one: &Value, other: &Value) -> bool {
    one == other
        || one
            .as_f64()
            .is_some_and(|number| Some(number) == other.as_f64())
}

fn listed(values: &[Value]) -> String {
    let shown = values.iter().map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    shown.collect::<Vec<_>>().join(", ")
}

impl PropertyType {
    fn must(self) -> &'static str {
        match self {
            Self::String => "be a string",
            Self::Number => "be a number",
            Self::Object => "be an object",
            Self::Date => "be a date, as 2026-11-21",
            Self::Datetime => "be an instant, as 2026-11-21T09:25:49.617Z",
            Self::Geopoint => "be a place, as 54.68,25.28",
            Self::Boolean => "be true or false",
            Self::ImageUrl => "be the URL of an image",
        }
    }

    fn breach(self, value: &Value) -> Option<&'static str> {
        let text = value.as_str();
        let is_kept = match self {
            Self::String => text.is_some(),
            Self::Number => value.is_number(),
            Self::Object => value.is_object(),
            Self::Boolean => value.is_boolean(),
            Self::Date => text.is_some_and(is_date),
            Self::Datetime => {
                text.is_some_and(|text| !is_date(text) && time::parse(text).is_some())
            }
            Self::Geopoint => text.is_some_and(is_place),
            Self::ImageUrl => text.is_some_and(is_url),
        };
        (!is_kept).then(|| self.must())
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

/// Latitude and longitude.
fn is_place(text: &str) -> bool {
    let within = |part: &str, most: f64| {
        let number = part.trim().parse::<f64>();
        number.is_ok_and(|number| number.is_finite() && number.abs() <= most)
    };
    let parts = text.split_once(',');
    parts.is_some_and(|(north, east)| within(north, 90.0) && within(east, 180.0))
}

fn is_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(properties: Value) -> MetadataSchema {
        let schema = json!({"related_object": "voucher", "properties": properties});
        serde_json::from_value(schema).unwrap()
    }

    fn check(property: Value, value: Value, expected: &str) {
        let schema = schema(json!({"p": property}));
        let metadata = Metadata::from([("p".to_owned(), value.clone())]);
        let breaches = schema.breaches(&metadata, &|_| None);
        assert_eq!(breaches.join("; "), expected, "{property} {value}");
    }

    #[test]
    fn each_type_has_its_values() {
        for (kind, right, wrong, must) in [
            ("string", json!("a"), json!(1), "be a string"),
            ("number", json!(1.5), json!("1"), "be a number"),
            ("boolean", json!(false), json!("no"), "be true or false"),
            ("object", json!({}), json!("a"), "be an object"),
            (
                "date",
                json!("2026-02-28"),
                json!("2026-02-30"),
                "be a date, as 2026-11-21",
            ),
            (
                "datetime",
                json!("2026-11-21T09:25:49.617Z"),
                json!("2026-11-21"),
                "be an instant, as 2026-11-21T09:25:49.617Z",
            ),
            (
                "geopoint",
                json!("54.68,25.28"),
                json!("95,25"),
                "be a place, as 54.68,25.28",
            ),
            (
                "image_url",
                json!("https://a.example/b.png"),
                json!("b.png"),
                "be the URL of an image",
            ),
        ] {
            let property = json!({"type": kind});
            check(property.clone(), right.clone(), "");
            check(property.clone(), wrong, &format!("p: must {must}"));
            check(property, json!([right.clone()]), &format!("p: must {must}"));
            let list = json!({"type": kind, "array": true});
            check(list.clone(), json!([right, right]), "");
            check(list, right, "p: must be a list");
        }
    }

    #[test]
    fn values_numbers_and_lengths_have_bounds() {
        let season = json!({"type": "string", "eq": ["summer", "winter"]});
        check(season.clone(), json!("summer"), "");
        check(season, json!("spring"), "p: must be one of summer, winter");
        let not = json!({"type": "number", "ne": [1, 2]});
        check(not.clone(), json!(3), "");
        check(not, json!(1.0), "p: must be none of 1, 2");
        let bounded = json!({"type": "number", "gt": 1, "lte": 5});
        check(bounded.clone(), json!(5), "");
        check(bounded.clone(), json!(1), "p: must be more than 1");
        check(bounded, json!(5.5), "p: must be at most 5");
        let bounded = json!({"type": "number", "gte": 1, "lt": 5});
        check(bounded.clone(), json!(1), "");
        check(bounded.clone(), json!(0), "p: must be at least 1");
        check(bounded, json!(5), "p: must be less than 5");
        let short = json!({"type": "string", "minLength": 2, "max_length": 3});
        check(short.clone(), json!("äö"), "");
        check(
            short.clone(),
            json!("a"),
            "p: must be at least 2 characters long",
        );
        check(short, json!("abcd"), "p: must be at most 3 characters long");
        let exact = json!({"type": "string", "exactLength": 2});
        check(exact, json!("abc"), "p: must be exactly 2 characters long");
    }

    #[test]
    fn what_is_missing_or_not_described_is_told() {
        let mut schema = schema(json!({
            "must": {"type": "string"},
            "may": {"type": "string", "optional": true},
            "gone": {"type": "string", "deleted": true}
        }));
        let breaches = |schema: &MetadataSchema, metadata: Value| {
            let metadata = serde_json::from_value(metadata).unwrap();
            schema.breaches(&metadata, &|_| None)
        };
        assert_eq!(breaches(&schema, json!({})), ["must: must be present"]);
        assert_eq!(
            breaches(&schema, json!({"must": null})),
            ["must: must be present"]
        );
        let more = json!({"must": "a", "more": 1, "gone": 7});
        assert!(breaches(&schema, more.clone()).is_empty());
        schema.allow_defined_only = true;
        assert_eq!(breaches(&schema, more), ["more: must be described"]);
    }

    #[test]
    fn objects_follow_the_schema_they_name() {
        let address: MetadataSchema = serde_json::from_value(json!({
            "related_object": "address", "allow_defined_only": true,
            "properties": {"city": {"type": "string"},
                "within": {"type": "object", "optional": true, "object_type": "address"}}
        }))
        .unwrap();
        let of = schema(json!({"home": {"type": "object", "objectType": "address"}}));
        let named = |name: &str| (name == "address").then_some(&address);
        let breaches = |home: Value| {
            let metadata = Metadata::from([("home".to_owned(), home)]);
            of.breaches(&metadata, &named)
        };
        assert!(breaches(json!({"city": "Riga"})).is_empty());
        assert_eq!(
            breaches(json!({"city": 7})),
            ["home.city: must be a string"]
        );
        assert_eq!(
            breaches(json!({"city": "Riga", "within": {"zip": 1}})),
            [
                "home.within.city: must be present",
                "home.within.zip: must be described"
            ]
        );
    }

    #[test]
    fn schemas_that_cannot_be_kept_name_the_place() {
        for (wrong, place) in [
            (json!({}), "/related_object"),
            (
                json!({"related_object": "x".repeat(101)}),
                "/related_object",
            ),
            (
                json!({"related_object": "voucher", "properties": {"": {"type": "string"}}}),
                "/properties/",
            ),
            (
                json!({"related_object": "voucher",
                    "properties": {"p": {"type": "number", "eq": [1, "two"]}}}),
                "/properties/p/eq/1",
            ),
        ] {
            let schema: MetadataSchema = serde_json::from_value(wrong).unwrap();
            assert_eq!(schema.check().unwrap_err().pointer, place);
        }
    }
}
