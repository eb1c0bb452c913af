//! Which things are meant? Tests on their fields, all or some of which must hold.

use std::{collections::BTreeMap, fmt};

use rules::Condition;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
    ser::SerializeMap,
};

use super::condition;
use crate::Malformed;

/// `{"junction": "and", "price": {"conditions": {"$more_than": [1000]}}}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// `and` or `or`; `and` where it is missing.
    pub junction: Option<String>,
    /// By field.
    pub fields: BTreeMap<String, FieldFilter>,
}

/// What a field must be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FieldFilter {
    /// By operator: `$is`, `$in`, …; one value may stand without its list.
    pub conditions: BTreeMap<String, Values>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Values(pub Vec<serde_json::Value>);

impl Filter {
    /// The filter of a query: `filters[code][conditions][$in][0]=A`; `None` where it has none.
    /// Numbers and flags come as texts, and lists also as Python writes them.
    ///
    /// # Errors
    /// With a pointer within the filter, where it is written otherwise.
    pub fn of_query<'a>(
        parameters: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Option<Self>, Malformed> {
        let mut found: Option<Self> = None;
        for (name, value) in parameters {
            let within = name.strip_prefix("filters[");
            let Some(within) = within.and_then(|rest| rest.strip_suffix(']')) else {
                continue;
            };
            let filter = found.get_or_insert_default();
            let steps: Vec<&str> = within.split("][").collect();
            match steps.as_slice() {
                ["junction"] => filter.junction = Some(value.to_owned()),
                [field, "conditions", operator] | [field, "conditions", operator, _] => {
                    let field = filter.fields.entry((*field).to_owned()).or_default();
                    let values = field.conditions.entry((*operator).to_owned()).or_default();
                    values.0.extend(told(value));
                }
                _ => {
                    let detail = "write filters[field][conditions][$is][0]=value";
                    return Err(Malformed::at("", detail).under(within));
                }
            }
        }
        Ok(found)
    }

    /// What it says of a product or a SKU.
    ///
    /// # Errors
    /// With a pointer within the filter: what is wrong, or not supported yet.
    pub fn condition(&self) -> Result<Condition, Malformed> {
        condition::of_goods(self)
    }

    /// What it says of a customer.
    ///
    /// # Errors
    /// With a pointer within the filter: what is wrong, or not supported yet.
    pub fn of_people(&self) -> Result<Condition, Malformed> {
        condition::of_people(self)
    }
}

/// What a field of a table's rows is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowField {
    Text,
    /// A flag or a whole number.
    Value,
    Moment,
}

impl Filter {
    /// What it says of the rows of a table, whose fields are known by name; metadata is, too.
    ///
    /// # Errors
    /// With a pointer within the filter: what is wrong, or not supported yet.
    pub fn of_rows(
        &self,
        field: impl Fn(&str) -> Option<RowField>,
    ) -> Result<Condition, Malformed> {
        condition::of_rows(self, field)
    }
}

/// What a filter asks of a text.
const OF_TEXTS: [&str; 6] = [
    "$is",
    "$is_not",
    "$in",
    "$not_in",
    "$has_value",
    "$is_unknown",
];

impl Filter {
    /// Whether it asks only what can be told of these fields, each of which is a text or missing.
    ///
    /// # Errors
    /// With a pointer within the filter: the first that cannot.
    pub fn check_texts(&self, fields: &[&str]) -> Result<(), Malformed> {
        let is_junction = |text: &str| ["and", "or"].contains(&text.to_lowercase().as_str());
        if self
            .junction
            .as_deref()
            .is_some_and(|text| !is_junction(text))
        {
            return Err(Malformed::at("/junction", "write and, or or"));
        }
        for (field, filter) in &self.fields {
            if !fields.contains(&field.as_str()) {
                let detail = format!("there is no such field: {}", fields.join(", "));
                return Err(Malformed::at(format!("/{field}"), detail));
            }
            let mut operators = filter.conditions.keys();
            if let Some(other) = operators.find(|one| !OF_TEXTS.contains(&one.as_str())) {
                let place = format!("/{field}/conditions/{other}");
                let detail = format!("there is no such operator: {}", OF_TEXTS.join(", "));
                return Err(Malformed::at(place, detail));
            }
        }
        Ok(())
    }

    /// Whether a thing passes, of which each field tells these texts.
    #[must_use]
    pub fn lets_pass(&self, told: impl Fn(&str) -> Vec<String>) -> bool {
        let mut fields = self.fields.iter();
        let passes = |(field, filter): (&String, &FieldFilter)| filter.lets_pass(&told(field));
        match self.junction.as_deref() {
            Some(text) if text.eq_ignore_ascii_case("or") => {
                self.fields.is_empty() || fields.any(passes)
            }
            _ => fields.all(passes),
        }
    }
}

impl FieldFilter {
    fn lets_pass(&self, told: &[String]) -> bool {
        self.conditions.iter().all(|(operator, values)| {
            let is_among = |values: &[serde_json::Value]| {
                let mut values = values.iter().filter_map(serde_json::Value::as_str);
                values.any(|value| told.iter().any(|text| text == value))
            };
            let first = values.0.get(..1).unwrap_or_default();
            match operator.as_str() {
                "$is" => is_among(first),
                "$is_not" => !is_among(first),
                "$in" => is_among(&values.0),
                "$not_in" => !is_among(&values.0),
                "$has_value" => !told.is_empty(),
                _ => told.is_empty(),
            }
        })
    }
}

/// What the text of a query tells: one value, or those of a list as Python writes it.
fn told(text: &str) -> Vec<serde_json::Value> {
    let list = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match list {
        Some(items) => items
            .split(',')
            .map(|item| value(item.trim().trim_matches(['\'', '"'])))
            .collect(),
        None if text.is_empty() => Vec::new(),
        None => vec![value(text)],
    }
}

fn value(text: &str) -> serde_json::Value {
    let number = text.parse::<serde_json::Number>().ok();
    match (text, number) {
        ("true" | "True", _) => true.into(),
        ("false" | "False", _) => false.into(),
        // A text that would be written otherwise as a number is none.
        (_, Some(number)) if (number.is_i64() || number.is_f64()) && number.to_string() == text => {
            number.into()
        }
        _ => text.into(),
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self(match serde_json::Value::deserialize(from)? {
            serde_json::Value::Array(values) => values,
            one => vec![one],
        }))
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(FilterVisitor)
    }
}

struct FilterVisitor;

impl<'de> Visitor<'de> for FilterVisitor {
    type Value = Filter;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fields with their conditions, and a junction")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Filter, A::Error> {
        let mut found = Filter::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == "junction" {
                found.junction = map.next_value()?;
            } else if found.fields.insert(key, map.next_value()?).is_some() {
                return Err(A::Error::custom("a field stands twice"));
            }
        }
        Ok(found)
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(junction) = &self.junction {
            map.serialize_entry("junction", junction)?;
        }
        for (field, filter) in &self.fields {
            map.serialize_entry(field, filter)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(query: &[(&str, &str)], expected: serde_json::Value) {
        let filter = Filter::of_query(query.iter().copied()).unwrap();
        assert_eq!(json!(filter), expected, "{query:?}");
    }

    #[test]
    fn a_query_is_read_however_its_client_writes_it() {
        check(&[("limit", "1"), ("filters", "x")], json!(null));
        check(
            &[
                ("filters[junction]", "OR"),
                ("filters[code][conditions][$in][0]", "A"),
                ("filters[code][conditions][$in][1]", "007"),
                ("filters[active][conditions][$is]", "true"),
                ("filters[metadata.n][conditions][$more_than][0]", "-3"),
                ("filters[metadata.w][conditions][$in]", "[2.5, 2.50]"),
            ],
            json!({"junction": "OR", "code": {"conditions": {"$in": ["A", "007"]}},
                "active": {"conditions": {"$is": [true]}},
                "metadata.n": {"conditions": {"$more_than": [-3]}},
                "metadata.w": {"conditions": {"$in": [2.5, "2.50"]}}}),
        );
        check(
            &[
                ("filters[code][conditions][$in]", "['a', 'b']"),
                ("filters[category][conditions][$has_value]", ""),
            ],
            json!({"code": {"conditions": {"$in": ["a", "b"]}},
                "category": {"conditions": {"$has_value": []}}}),
        );
    }

    #[test]
    fn another_way_of_writing_is_refused() {
        for name in [
            "filters[x]",
            "filters[]",
            "filters[x][y]",
            "filters[x][conditions]",
        ] {
            assert!(
                Filter::of_query([(name, "1")].into_iter()).is_err(),
                "{name}"
            );
        }
    }
}
