//! How is a Voucherify call read, refused and listed? What all its routes share.

use axum::{
    extract::{FromRequestParts, Query},
    http::{StatusCode, request::Parts},
};
use ledger::Timestamp;
use rules::Condition;
use serde::de::DeserializeOwned;
use store::{Index, Kind, Page, ProjectId, Record};
use wire::{
    Malformed,
    ids::{self, Tag},
    voucherify::{ErrorBody, Filter, Key, Plainly, RowField},
};

use crate::{app::App, problem::Refused, telemetry};

/// Rows of a page when the request does not say.
pub const DEFAULT_LIMIT: u32 = 10;
pub const MAX_LIMIT: u32 = 100;
/// A listing is read from its start: the page that ends here is the last.
const MAX_ROWS: u32 = 10_000;
const MAX_QUERY_BYTES: usize = 16 << 10;
/// Somebody else changed the same thing: begin anew, at most so often.
const MAX_ATTEMPTS: usize = 64;

/// A refusal in this dialect.
#[must_use]
pub fn refuse(key: Key, details: impl Into<String>) -> Refused {
    dialect(&ErrorBody::new(
        key,
        Some(details.into()),
        &telemetry::request_id(),
    ))
}

/// The same, with what a shopper is told.
#[must_use]
pub fn refuse_plainly((key, details): (Key, &str), why: &offers::Refusal) -> Refused {
    let body = ErrorBody::new(key, Some(details.into()), &telemetry::request_id());
    dialect(&ErrorBody {
        proffer: Some(Plainly::of(why)),
        ..body
    })
}

/// An error body as the answer of the call.
#[must_use]
pub fn dialect(body: &ErrorBody) -> Refused {
    let status = StatusCode::from_u16(body.code).unwrap_or(StatusCode::BAD_REQUEST);
    match serde_json::to_value(body) {
        Ok(body) => Refused::Dialect(status, body),
        Err(error) => Refused::Fault(error.to_string()),
    }
}

/// Metadata that its schema does not let be, breach by breach.
#[must_use]
pub fn metadata_refused(breaches: Vec<String>) -> Refused {
    let body = ErrorBody::new(
        Key::MetadataValidationFailed,
        None,
        &telemetry::request_id(),
    );
    match dialect(&body) {
        Refused::Dialect(status, mut body) => {
            if let Some(members) = body.as_object_mut() {
                members.insert("details".into(), breaches.into());
            }
            Refused::Dialect(status, body)
        }
        other => other,
    }
}

#[must_use]
pub fn malformed(malformed: &Malformed) -> Refused {
    dialect(&ErrorBody::malformed(malformed, &telemetry::request_id()))
}

/// What was read and cannot be, by the part that says it.
#[must_use]
pub fn impossible(wrong: &Malformed) -> Refused {
    dialect(&ErrorBody::impossible(wrong, &telemetry::request_id()))
}

/// `resource` as the dialect names it: `voucher`, `campaign`, ….
#[must_use]
pub fn not_found(resource: &str, id: &str) -> Refused {
    dialect(&ErrorBody::not_found(
        resource,
        id,
        &telemetry::request_id(),
    ))
}

/// A thing that cannot be removed: what is in the way stands in the answer.
#[must_use]
pub fn in_use(details: String, (by, ids): (&str, Vec<String>)) -> Refused {
    let body = ErrorBody::new(Key::ResourceInUse, Some(details), &telemetry::request_id());
    dialect(&ErrorBody {
        related_object_total: Some(ids.len() as u64),
        related_object_type: Some(by.into()),
        related_object_ids: Some(ids),
        ..body
    })
}

#[must_use]
pub fn duplicate(resource: &str, name: &str) -> Refused {
    refuse(
        Key::DuplicateFound,
        format!("Duplicated {resource} exists with {name}"),
    )
}

/// # Errors
/// With the place where the body does not fit.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    wire::parse(body).map_err(|wrong| malformed(&wrong))
}

/// As [`parse`], where a call may come without a body.
///
/// # Errors
/// With the place where the body does not fit.
pub fn parse_optional<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, Refused> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(T::default());
    }
    parse(body)
}

/// The parameters of a query, in order; those that a call does not know are let be.
pub struct Asked(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        if parts
            .uri
            .query()
            .is_some_and(|query| query.len() > MAX_QUERY_BYTES)
        {
            let details = format!("a query has at most {MAX_QUERY_BYTES} bytes");
            return Err(refuse(Key::QueryTooLarge, details));
        }
        let read = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let read = read.map_err(|error| refuse(Key::InvalidQueryParams, error.body_text()))?;
        Ok(Self(read.0))
    }
}

impl Asked {
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All of them.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The values of `filters[field][conditions][$is]` or `[$in]`, one of which a row must have.
    ///
    /// # Errors
    /// When the field is asked for in another way.
    pub fn filter(&self, field: &str) -> Result<Option<Vec<String>>, Refused> {
        let of_field = format!("filters[{field}][conditions][");
        let mut values = Vec::new();
        for (key, value) in &self.0 {
            let Some(rest) = key.strip_prefix(&of_field) else {
                continue;
            };
            let operator = rest.split(']').next().unwrap_or_default();
            if !["$is", "$in"].contains(&operator) {
                let details = format!("{key}: here {field} is filtered by $is or $in");
                return Err(refuse(Key::InvalidQueryParams, details));
            }
            values.push(value.clone());
        }
        Ok((!values.is_empty()).then_some(values))
    }

    /// A whole number.
    ///
    /// # Errors
    /// When it is there and is none.
    pub fn number(&self, name: &str) -> Result<Option<u32>, Refused> {
        let wrong = |_| {
            refuse(
                Key::InvalidQueryParams,
                format!("{name} is not a whole number"),
            )
        };
        self.get(name)
            .map(|text| text.parse().map_err(wrong))
            .transpose()
    }

    /// An instant.
    ///
    /// # Errors
    /// When it is there and is none.
    pub fn instant(&self, name: &str) -> Result<Option<Timestamp>, Refused> {
        let wrong = || {
            let details = format!("{name} is not an instant: write 2026-11-21T09:25:49.617Z");
            refuse(Key::InvalidQueryParams, details)
        };
        let read = |text| wire::time::parse(text).ok_or_else(wrong);
        self.get(name).map(read).transpose()
    }

    /// `order`, as what its name stands for, and whether it falls; the newest first where it is
    /// not said.
    ///
    /// # Errors
    /// When it is none of those that are known.
    pub fn order<T: Copy>(&self, known: &[(&str, T)]) -> Result<(T, bool), Refused> {
        let order = self.get("order").unwrap_or("-created_at");
        let name = order.trim_start_matches('-');
        let Some((_, by)) = known.iter().find(|(one, _)| *one == name) else {
            let names: Vec<&str> = known.iter().map(|(one, _)| *one).collect();
            let details = format!("there is no order by {name}: {}", names.join(", "));
            return Err(refuse(Key::InvalidQueryParams, details));
        };
        Ok((*by, order.starts_with('-')))
    }

    /// `name[after]` and `name[before]`, in either of the ways they are written.
    ///
    /// # Errors
    /// When one of them is no instant.
    pub fn window(&self, name: &str) -> Result<Window, Refused> {
        let at = |end: &str| -> Result<Option<Timestamp>, Refused> {
            let plain = self.instant(&format!("{name}[{end}]"))?;
            Ok(plain.or(self.instant(&format!("[{name}][{end}]"))?))
        };
        Ok(Window {
            after: at("after")?,
            before: at("before")?,
        })
    }

    /// `filters[…]`, as a condition on fields that are known by name.
    ///
    /// # Errors
    /// When they cannot be read, or name another field.
    pub fn filters(
        &self,
        field: impl Fn(&str) -> Option<RowField>,
    ) -> Result<Option<(Filter, Condition)>, Refused> {
        let parameters = self.0.iter();
        let parameters = parameters.map(|(name, value)| (name.as_str(), value.as_str()));
        let wrong = |malformed: Malformed| {
            let details = format!("filters{malformed}");
            refuse(Key::InvalidQueryParams, details)
        };
        let Some(filter) = Filter::of_query(parameters).map_err(wrong)? else {
            return Ok(None);
        };
        let condition = filter.of_rows(field).map_err(wrong)?;
        Ok(Some((filter, condition)))
    }

    /// All values of a parameter: `ids=a&ids=b`, `ids[0]=a`, or with commas between them.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<&str> {
        let is_one = |key: &str| {
            let rest = key.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
        };
        let values = self.0.iter().filter(|(key, _)| is_one(key));
        let values = values.flat_map(|(_, value)| value.split(','));
        let values = values.map(|value| value.trim_matches([' ', '[', ']', '\'', '"']));
        values.filter(|value| !value.is_empty()).collect()
    }

    /// `limit` and `page`.
    ///
    /// # Errors
    /// When they are no numbers, or lie beyond what is listed.
    pub fn paging(&self) -> Result<Paging, Refused> {
        self.paging_by(DEFAULT_LIMIT)
    }

    /// The same, with so many rows when the request does not say.
    ///
    /// # Errors
    /// When they are no numbers, or lie beyond what is listed.
    pub fn paging_by(&self, usual: u32) -> Result<Paging, Refused> {
        let limit = self.number("limit")?.unwrap_or(usual);
        let page = self.number("page")?.unwrap_or(1);
        if !(1..=MAX_LIMIT).contains(&limit) {
            let details = format!("limit is from 1 to {MAX_LIMIT}");
            return Err(refuse(Key::InvalidQueryParams, details));
        }
        if page == 0 || page.saturating_mul(limit) > MAX_ROWS {
            let details = format!("pages end at row {MAX_ROWS}");
            return Err(refuse(Key::PageOverLimit, details));
        }
        Ok(Paging {
            limit,
            page,
            newest_first: true,
        })
    }
}

/// Rows that one call looks at, where each must be looked at.
pub const MOST_LOOKED_AT: u32 = 10_000;
/// Of them so many are read at a time.
pub const READ: usize = 500;

/// Whether one call may look at each of so many.
///
/// # Errors
/// When they are too many.
pub fn may_look_at(count: usize, what: &str) -> Result<(), Refused> {
    if count <= MOST_LOOKED_AT as usize {
        return Ok(());
    }
    let details = format!(
        "there are more than {MOST_LOOKED_AT} {what} to look at: name a campaign or a customer, or \
         have a table made by POST /v1/exports"
    );
    Err(refuse(Key::InvalidQueryParams, details))
}

/// After and before which moments something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl Window {
    /// Whether it takes any moment, and what never happened.
    #[must_use]
    pub fn is_open(self) -> bool {
        self.after.is_none() && self.before.is_none()
    }

    #[must_use]
    pub fn takes(self, at: Option<Timestamp>) -> bool {
        self.after
            .is_none_or(|after| at.is_some_and(|at| after < at))
            && self
                .before
                .is_none_or(|before| at.is_some_and(|at| at < before))
    }
}

/// Which rows of a listing.
#[derive(Clone, Copy)]
pub struct Paging {
    limit: u32,
    page: u32,
    newest_first: bool,
}

impl Paging {
    #[must_use]
    pub fn oldest_first(self) -> Self {
        Self {
            newest_first: false,
            ..self
        }
    }

    /// The rows up to and including this page's.
    #[must_use]
    pub fn upto(self) -> Page {
        Page {
            after: 0,
            limit: self.page.saturating_mul(self.limit),
            newest_first: self.newest_first,
        }
    }

    /// Of the rows up to here, those of this page.
    #[must_use]
    pub fn cut<T>(self, rows: Vec<T>) -> Vec<T> {
        let before = (self.page - 1).saturating_mul(self.limit) as usize;
        rows.into_iter()
            .skip(before)
            .take(self.limit as usize)
            .collect()
    }
}

/// Which rows, by the id of the last row before them.
pub struct Cursor {
    limit: usize,
    after: Option<u64>,
    is_falling: bool,
}

impl Cursor {
    /// `limit`, `starting_after_id` and `order`. Ids are in the order in which things happened.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn of(asked: &Asked, rows: Tag) -> Result<Self, Refused> {
        let wrong = |details: String| refuse(Key::InvalidQueryParams, details);
        let limit = asked.number("limit")?.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(wrong(format!("limit is from 1 to {MAX_LIMIT}")));
        }
        let after = asked.get("starting_after_id").map(|text| {
            let id = ids::parse(rows, text);
            id.map_err(|_| {
                wrong(format!(
                    "starting_after_id: {text} is not one of these rows"
                ))
            })
        });
        Ok(Self {
            limit: limit as usize,
            after: after.transpose()?,
            is_falling: match asked.get("order") {
                None | Some("-id" | "-created_at") => true,
                Some("id" | "created_at") => false,
                Some(other) => {
                    return Err(wrong(format!("there is no order by {other}: id or -id")));
                }
            },
        })
    }

    /// Of all rows those of this page, and whether there are more behind them.
    #[must_use]
    pub fn cut<T>(&self, mut rows: Vec<T>, id: impl Fn(&T) -> u64) -> (Vec<T>, bool) {
        rows.sort_unstable_by_key(&id);
        if self.is_falling {
            rows.reverse();
        }
        if let Some(after) = self.after {
            rows.retain(|row| match self.is_falling {
                true => id(row) < after,
                false => id(row) > after,
            });
        }
        let has_more = rows.len() > self.limit;
        rows.truncate(self.limit);
        (rows, has_more)
    }
}

/// One page of the records of a kind, and how many there are in all.
///
/// # Errors
/// When the store cannot be read.
pub async fn page_of(
    app: &App,
    project: ProjectId,
    (kind, paging): (Kind, Paging),
) -> Result<(Vec<Record>, u64), Refused> {
    let mut view = app.store().view(project)?;
    // What lies before the page is counted off by its ids alone.
    let page = paging.cut(view.ids(kind, paging.upto()).await?);
    let records = view.get_many(kind, &page).await?;
    let total = view.count_records(kind).await?;
    Ok((records.into_iter().flatten().collect(), total))
}

/// One page of the records of a kind that are found under a key, and how many are in all.
///
/// # Errors
/// When the store cannot be read.
pub async fn page_under(
    app: &App,
    project: ProjectId,
    ((index, key), kind, paging): ((Index, &[u8]), Kind, Paging),
) -> Result<(Vec<Record>, u64), Refused> {
    let mut view = app.store().view(project)?;
    let page = paging.cut(view.find(index, key, paging.upto()).await?);
    let records = view.get_many(kind, &page).await?;
    let total = view.count(index, key).await?;
    Ok((records.into_iter().flatten().collect(), total))
}

/// Tries again while somebody else was faster (`None`).
///
/// # Errors
/// As the attempt does; busy when others were faster too often.
pub async fn retry<T, F>(attempt: impl FnMut() -> F) -> Result<T, Refused>
where
    F: Future<Output = Result<Option<T>, Refused>>,
{
    tried(attempt).await?.ok_or(Refused::Busy)
}

/// The same of what is about one order: whoever was slower so often is told that others are at it.
///
/// # Errors
/// As the attempt does; multiple requests when others were faster too often.
pub async fn retry_in_turn<T, F>(attempt: impl FnMut() -> F) -> Result<T, Refused>
where
    F: Future<Output = Result<Option<T>, Refused>>,
{
    let details = "others are at the same order: try again";
    let others = || refuse(Key::MultipleRequests, details);
    tried(attempt).await?.ok_or_else(others)
}

async fn tried<T, F>(mut attempt: impl FnMut() -> F) -> Result<Option<T>, Refused>
where
    F: Future<Output = Result<Option<T>, Refused>>,
{
    for _ in 0..MAX_ATTEMPTS {
        if let Some(done) = attempt().await? {
            return Ok(Some(done));
        }
    }
    Ok(None)
}
