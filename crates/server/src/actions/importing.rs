//! How are very many rows gone through? Each as the call for one would do it.
//!
//! The rows are kept in parts that go when they are done. A row that makes something is done under
//! an idempotency key of its own, so that a part that was cut off and begun anew makes nothing
//! twice; a row that changes something may be done again.

use std::{collections::HashSet, sync::Arc};

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Index, Kind, Page, Write};
use tokio::task::JoinSet;
use wire::voucherify::{ActionType, FailedRow, Key};

use super::{Action, Stretch, Work, started};
use crate::{
    api::{dialect::refuse, resources::At, rows},
    app::App,
    configuration::{read, write},
    once::{self, Answer},
    problem::Refused,
    setup::writes,
    vouchers::key,
};

/// Rows of one part, which are done in one stretch.
const PART_ROWS: usize = 100;
/// Rows that are done at the same time, so that they share a transaction.
const TOGETHER: usize = 32;

/// Rows to be gone through.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Importing {
    pub what: Rows,
}

/// What the rows are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rows {
    Vouchers,
    /// Codes of a campaign, by its id.
    Codes {
        campaign: String,
    },
    /// Metadata of vouchers that are there.
    VoucherChanges,
    Customers,
    /// Metadata of customers who are there.
    CustomerChanges,
    Products,
    /// Metadata of products that are there.
    ProductChanges,
    Skus,
    /// Orders of the past.
    Orders,
}

impl Rows {
    /// Under which names a row says what it is about.
    fn names(&self) -> &'static [&'static str] {
        match self {
            Self::Vouchers | Self::Codes { .. } | Self::VoucherChanges => &["code"],
            Self::Customers | Self::CustomerChanges => &["source_id", "id", "email"],
            Self::Products | Self::ProductChanges | Self::Skus | Self::Orders => {
                &["source_id", "id"]
            }
        }
    }

    /// Whether rows say of people what no answer repeats.
    fn is_personal(&self) -> bool {
        matches!(self, Self::Customers | Self::CustomerChanges | Self::Orders)
    }
}

/// Some rows, with the number of the first.
#[derive(Serialize, Deserialize)]
struct Part {
    first: u64,
    rows: Vec<Value>,
}

/// Keeps rows to be gone through; the answer to whoever sent them.
///
/// # Errors
/// When there are none, or the store fails.
pub async fn begin(
    at: At<'_>,
    (kind, what, rows): (ActionType, Rows, Vec<Value>),
    (once, status): (Option<once::Key>, StatusCode),
) -> Result<Answer, Refused> {
    if rows.is_empty() {
        let key = match kind.is_of_vouchers() {
            true => Key::MissingVouchers,
            false => Key::InvalidPayload,
        };
        return Err(refuse(key, ": there are no rows"));
    }
    let id = at.app.next_id()?;
    let work = Work::Import(Importing { what });
    let action = Action::new(kind, (work, rows.len() as u64), at.now);
    let mut command = writes(at.project, action.begin(id)?);
    command.now = at.now;
    let mut first = 1;
    for rows in rows.chunks(PART_ROWS) {
        let part = Part {
            first,
            rows: rows.to_vec(),
        };
        first += rows.len() as u64;
        let part_id = at.app.next_id()?;
        command.writes.push(Write::Put {
            kind: Kind::ActionPart,
            id: part_id,
            body: write(&part)?,
        });
        command.writes.push(Write::Link {
            index: Index::PartsOfAction,
            key: key(id),
            id: part_id,
        });
    }
    let answer = started(id, status)?;
    command.once = once.map(|once| once.once(&answer));
    let outcome = at.app.submit(command).await?;
    let kept = answer.after(outcome)?;
    kept.map_err(|other| Refused::Fault(format!("rows were not kept: {other:?}")))
}

/// The next part.
///
/// # Errors
/// When the store fails.
pub(super) async fn stretch(at: At<'_>, (id, of): (u64, &Importing)) -> Result<Stretch, Refused> {
    let page = Page {
        after: 0,
        limit: 2,
        newest_first: false,
    };
    let under = key(id);
    let mut view = at.app.store().view(at.project)?;
    let parts = view.find(Index::PartsOfAction, &under, page).await?;
    let mut command = writes(at.project, Vec::new());
    let Some(part) = parts.first().copied() else {
        return Ok(Stretch {
            is_last: true,
            ..Stretch::new(command, 0)
        });
    };
    let record = view.get(Kind::ActionPart, part).await?;
    drop(view);
    let (done, failures) = match &record {
        Some(record) => gone_through(at, (id, of), read(&record.body)?).await?,
        None => (0, Vec::new()),
    };
    command.writes.push(Write::Delete {
        kind: Kind::ActionPart,
        id: part,
    });
    command.writes.push(Write::Unlink {
        index: Index::PartsOfAction,
        key: under,
        id: part,
    });
    Ok(Stretch {
        failures,
        is_last: parts.len() < 2,
        ..Stretch::new(command, done)
    })
}

/// How many rows of a part were done, and which were not. Rows about the same thing follow one
/// another; others are done together.
async fn gone_through(
    at: At<'_>,
    (id, of): (u64, &Importing),
    part: Part,
) -> Result<(u64, Vec<FailedRow>), Refused> {
    let what = Arc::new(of.what.clone());
    let mut rows = (part.first..).zip(part.rows).peekable();
    let (mut done, mut failures) = (0, Vec::new());
    while rows.peek().is_some() {
        let mut together = JoinSet::new();
        let mut about: HashSet<Value> = HashSet::new();
        while together.len() < TOGETHER
            && let Some((number, row)) =
                rows.next_if(|(_, row)| names(&what, row).all(|name| !about.contains(name)))
        {
            about.extend(names(&what, &row).cloned());
            let once = once_of(at, (id, number), &row)?;
            together.spawn(one(Doing::of(at), what.clone(), (number, row, once)));
        }
        while let Some(ended) = together.join_next().await {
            let (number, ended) = ended.map_err(|error| Refused::Fault(error.to_string()))?;
            match ended {
                Ok(()) => done += 1,
                Err(Refused::Dialect(_, body)) => {
                    failures.push(failure(number, &what, &body));
                }
                // The whole part is done again.
                Err(other @ (Refused::Busy | Refused::Unavailable { .. } | Refused::Fault(_))) => {
                    return Err(other);
                }
                Err(other) => {
                    let body = serde_json::json!({"key": other.code()});
                    failures.push(failure(number, &what, &body));
                }
            }
        }
    }
    failures.sort_unstable_by_key(|failure| failure.row);
    Ok((done, failures))
}

fn names<'a>(what: &Rows, row: &'a Value) -> impl Iterator<Item = &'a Value> {
    let names = what.names().iter();
    let named = names.filter_map(|name| row.get(name));
    named.filter(|name| !name.is_null())
}

fn once_of(at: At<'_>, (id, number): (u64, u64), row: &Value) -> Result<once::Key, Refused> {
    let of = format!("action {id}");
    let source = number.to_string();
    let body = write(row)?;
    Ok(once::Key::of_source(at.project, (&of, &source), &body))
}

/// What a row is done with, apart from the action's own thread.
struct Doing {
    app: App,
    project: store::ProjectId,
    now: ledger::Timestamp,
}

impl Doing {
    fn of(at: At<'_>) -> Self {
        Self {
            app: at.app.clone(),
            project: at.project,
            now: at.now,
        }
    }
}

async fn one(
    doing: Doing,
    what: Arc<Rows>,
    (number, row, once): (u64, Value, once::Key),
) -> (u64, Result<(), Refused>) {
    let at = At {
        app: &doing.app,
        project: doing.project,
        now: doing.now,
    };
    (number, rows::done(at, &what, (row, once)).await)
}

fn failure(row: u64, what: &Rows, body: &Value) -> FailedRow {
    let (key, message) = told(body);
    let place = || message.split(": ").next().unwrap_or_default().to_owned();
    FailedRow {
        row,
        key,
        message: match what.is_personal() {
            // What could not be read may be somebody's name.
            true if message.starts_with('/') => place(),
            true => String::new(),
            false => message,
        },
    }
}

/// The key of a refusal, and what it says.
#[must_use]
pub(super) fn told(body: &Value) -> (String, String) {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let key = text("key").unwrap_or_default().to_owned();
    let message = text("details").or_else(|| text("message"));
    (key, message.unwrap_or_default().to_owned())
}
