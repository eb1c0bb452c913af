//! How is a list wrapped? Its rows stand under a key that `data_ref` names, but for segments.

use serde::{Serialize, Serializer, ser::SerializeMap};
use utoipa::ToSchema;

/// A page of rows. On the wire `rows` is called what `data_ref` says, unless `key` is there.
#[derive(Clone, Debug, PartialEq, ToSchema)]
pub struct List<T> {
    /// The key of the rows: `data`, `vouchers`, `campaigns`, …
    pub data_ref: &'static str,
    #[schema(rename = "data")]
    pub rows: Vec<T>,
    /// What the rows are called where `data_ref` says something else.
    #[schema(ignore)]
    pub key: Option<&'static str>,
    pub total: u64,
    pub has_more: Option<bool>,
    /// Where the next page begins, as its timestamp; `Some(None)` prints `null`.
    pub more_starting_after: Option<Option<String>>,
}

impl<T> List<T> {
    /// All rows there are, under `data`.
    #[must_use]
    pub fn whole(rows: Vec<T>) -> Self {
        let total = rows.len() as u64;
        Self {
            data_ref: "data",
            rows,
            key: None,
            total,
            has_more: None,
            more_starting_after: None,
        }
    }

    /// One page of `total` rows, under `data_ref`.
    #[must_use]
    pub fn page(data_ref: &'static str, rows: Vec<T>, total: u64) -> Self {
        Self {
            data_ref,
            rows,
            key: None,
            total,
            has_more: None,
            more_starting_after: None,
        }
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self::whole(Vec::new())
    }
}

impl<T: Serialize> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("object", "list")?;
        map.serialize_entry("data_ref", self.data_ref)?;
        map.serialize_entry(self.key.unwrap_or(self.data_ref), &self.rows)?;
        map.serialize_entry("total", &self.total)?;
        if let Some(has_more) = self.has_more {
            map.serialize_entry("has_more", &has_more)?;
        }
        if let Some(next) = &self.more_starting_after {
            map.serialize_entry("more_starting_after", next)?;
        }
        map.end()
    }
}
