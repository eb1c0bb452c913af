//! How is a table of everything of one kind made?
//!
//! In the background, in stretches: each looks at the next rows and keeps those that are asked for
//! as lines of the table, and the record of the export says how far it came. Tables may say much of
//! people: each is a day old at most, and read only with a token that is told to whoever may see
//! what is in it.

pub mod cells;
mod points;
mod publications;
mod rows;
pub mod tables;
pub mod transactions;

use ledger::Timestamp;
use rules::Condition;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Expect, Index, Kind, Outcome, Page, Record, Write};
use wire::{
    ids::{self, Tag},
    voucherify::{
        ExportCreate, ExportFile, ExportParameters, ExportStatus, ExportView, ExportedObject, Key,
    },
};

use crate::{
    actions::{wait, wait_no_more},
    api::{
        dialect::refuse,
        resources::{At, scan_records},
    },
    auth::Scope,
    clock,
    configuration::{read, write},
    problem::Refused,
    setup::writes,
    vouchers::key,
};

/// Tables that a project has at a time.
pub const MOST: u64 = 1_000;
/// Rows that one stretch looks at.
const STRETCH: u32 = 200;
/// Parts of a table that are removed in one command.
const PARTS_REMOVED: u32 = 20;
/// How long a table is kept, by the machine's clock.
const KEPT_MS: i64 = 86_400_000;
const MAX_FIELDS: usize = 100;

/// A table, and how far it came.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Export {
    pub object: ExportedObject,
    pub parameters: ExportParameters,
    pub status: ExportStatus,
    /// Who has it reads the table.
    pub token: String,
    pub created_at: Timestamp,
    /// By the machine's clock, which is not a sandbox's.
    pub begun_at: Timestamp,
    /// Whether it may say of customers more than how they are numbered.
    pub tells_people: bool,
    /// The last row that was looked at.
    pub after: u64,
}

impl Export {
    /// A new one, if it can be made.
    ///
    /// # Errors
    /// When there is no such table, column or order, or the filter cannot be read.
    pub fn new(at: At<'_>, (sent, tells_people): (&ExportCreate, bool)) -> Result<Self, Refused> {
        let mut random = [0_u8; 20];
        getrandom::fill(&mut random).map_err(|error| Refused::Fault(error.to_string()))?;
        let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let export = Self {
            object: sent.exported_object,
            parameters: sent.parameters.clone().unwrap_or_default(),
            status: ExportStatus::Scheduled,
            token: format!("{:x}.{random}", at.project.0),
            created_at: at.now,
            begun_at: clock::wall(),
            tells_people,
            after: 0,
        };
        export.fields()?;
        export.condition()?;
        export.is_newest_first()?;
        let has_campaign = matches!(
            export.object,
            ExportedObject::Voucher
                | ExportedObject::VoucherTransactions
                | ExportedObject::PointsExpiration
        );
        if export.parameters.campaign_id.is_some() && !has_campaign {
            return Err(wrong(
                "/campaign_id",
                "is for vouchers, their transactions and points",
            ));
        }
        Ok(export)
    }

    /// What a key must be able to do to see what is in it.
    #[must_use]
    pub fn scope(&self) -> Scope {
        scope_of(self.object)
    }

    fn columns(&self) -> &'static [tables::Column] {
        tables::columns(self.object)
    }

    /// The names of its columns.
    fn fields(&self) -> Result<Vec<String>, Refused> {
        let columns = self.columns();
        let Some(fields) = &self.parameters.fields else {
            return Ok(columns.iter().map(|(name, _)| (*name).to_owned()).collect());
        };
        if fields.is_empty() || fields.len() > MAX_FIELDS {
            let details = format!("/parameters/fields: from 1 to {MAX_FIELDS}");
            return Err(refuse(Key::InvalidExportFields, details));
        }
        let is_known = |name: &str| {
            tables::field(columns, name).is_some() || tables::of_metadata(name).is_some()
        };
        match fields.iter().position(|name| !is_known(name)) {
            Some(place) => {
                let details = format!("/parameters/fields/{place}: there is no such column");
                Err(refuse(Key::InvalidExportFields, details))
            }
            None => Ok(fields.clone()),
        }
    }

    /// Which rows; `None` where it is all of them.
    fn condition(&self) -> Result<Option<Condition>, Refused> {
        let columns = self.columns();
        let filters = self.parameters.filters.as_ref();
        let Some(filter) = filters.filter(|filter| !filter.fields.is_empty()) else {
            return Ok(None);
        };
        let condition = filter.of_rows(|name| tables::field(columns, name));
        let within = |malformed: wire::Malformed| {
            let malformed = malformed.under("filters");
            wrong(&malformed.pointer, &malformed.detail)
        };
        condition.map(Some).map_err(within)
    }

    fn is_newest_first(&self) -> Result<bool, Refused> {
        match self.parameters.order.as_deref() {
            None | Some("-created_at" | "-id") => Ok(true),
            Some("created_at" | "id") => Ok(false),
            Some(_) => Err(wrong("/order", "is created_at or -created_at")),
        }
    }

    fn page(&self) -> Result<Page, Refused> {
        Ok(Page {
            after: self.after,
            limit: STRETCH,
            newest_first: self.is_newest_first()?,
        })
    }

    /// Whether it is past its day.
    #[must_use]
    pub fn is_old(&self) -> bool {
        self.begun_at.saturating_add(KEPT_MS) < clock::wall()
    }

    /// What keeps it when it is new, and has it made.
    ///
    /// # Errors
    /// Never for what is stored here; a fault if it happens.
    pub fn begin(&self, id: u64) -> Result<Vec<Write>, Refused> {
        Ok(vec![self.put(id)?, wait(Kind::Export, id)])
    }

    fn put(&self, id: u64) -> Result<Write, Refused> {
        Ok(Write::Put {
            kind: Kind::Export,
            id,
            body: write(self)?,
        })
    }

    /// How it is shown; `base` is how whoever asks calls this server.
    #[must_use]
    pub fn view(&self, (id, base): (u64, &str)) -> ExportView {
        let name = ids::format(Tag::Export, id);
        let token = &self.token;
        let file = || ExportFile {
            url: format!("{base}/v1/exports/{name}?token={token}"),
            token: token.clone(),
        };
        ExportView {
            result: (self.status == ExportStatus::Done).then(file),
            id: name,
            object: "export",
            created_at: self.created_at,
            status: self.status,
            channel: "API",
            exported_object: self.object,
            parameters: self.parameters.clone(),
            user_id: None,
        }
    }
}

/// What a key must be able to do to see a table of these.
#[must_use]
pub fn scope_of(object: ExportedObject) -> Scope {
    match object {
        ExportedObject::Customer => Scope::CustomersRead,
        ExportedObject::Redemption | ExportedObject::Order => Scope::Redeem,
        ExportedObject::Voucher
        | ExportedObject::Publication
        | ExportedObject::PointsExpiration
        | ExportedObject::VoucherTransactions
        | ExportedObject::Product
        | ExportedObject::Sku => Scope::CampaignsRead,
    }
}

fn wrong(place: &str, detail: &str) -> Refused {
    let details = format!("/parameters{place}: {detail}");
    refuse(Key::InvalidExportParams, details)
}

/// What ends an export: nobody sees it any more, and its parts go in the background.
#[must_use]
pub fn removal(id: u64) -> Vec<Write> {
    let kind = Kind::Export;
    vec![Write::Delete { kind, id }, wait(kind, id)]
}

/// Removes what is past its day.
///
/// # Errors
/// When the store fails.
pub async fn keep_to(at: At<'_>) -> Result<(), Refused> {
    let old = |record: &Record| {
        let export: Export = read(&record.body)?;
        Ok(export.is_old().then_some((record.id, record.version)))
    };
    for (id, version) in scan_records(at, Kind::Export, old).await? {
        let mut command = writes(at.project, removal(id));
        command.expects.push(Expect {
            kind: Kind::Export,
            id,
            version,
        });
        // Where somebody else was faster, it is looked at again the next time.
        at.app.store().submit(command).await?;
    }
    Ok(())
}

/// Does one stretch; whether that was the last.
///
/// # Errors
/// When the store fails.
pub async fn step(at: At<'_>, id: u64) -> Result<bool, Refused> {
    let kind = Kind::Export;
    let Some(record) = at.app.store().get(at.project, kind, id).await? else {
        return parts_removed(at, id).await;
    };
    let mut export: Export = read(&record.body)?;
    let mut command = writes(at.project, Vec::new());
    command.expects.push(Expect {
        kind,
        id,
        version: record.version,
    });
    let is_last = match lines(at, &mut export).await {
        Ok((lines, is_last)) => {
            command.writes.extend(part(at, id, lines)?);
            export.status = match is_last {
                true => ExportStatus::Done,
                false => ExportStatus::InProgress,
            };
            is_last
        }
        // What was accepted is refused now: what it is about is gone.
        Err(Refused::Dialect(..)) => {
            export.status = ExportStatus::Error;
            true
        }
        Err(other) => return Err(other),
    };
    command.writes.push(export.put(id)?);
    if is_last {
        command.writes.push(wait_no_more(kind, id));
    }
    let outcome = at.app.store().submit(command).await?;
    Ok(is_last && outcome == Outcome::Applied)
}

/// The next lines, the heading before the first; and whether they are the last.
async fn lines(at: At<'_>, export: &mut Export) -> Result<(Vec<u8>, bool), Refused> {
    let (columns, fields) = (export.columns(), export.fields()?);
    let page = export.page()?;
    let stretch = rows::stretch(at, export, page).await?;
    let condition = export.condition()?;
    let filters = export.parameters.filters.clone().unwrap_or_default();
    let is_asked = |row: &Value| {
        condition.as_ref().is_none_or(|condition| {
            let mut facts = tables::facts(columns, row, filters.fields.keys());
            facts.set("now", rules::Value::Time(export.created_at));
            condition.evaluate(&facts).is_met()
        })
    };
    let heading: Vec<Value> = fields
        .iter()
        .map(|name| Value::from(name.as_str()))
        .collect();
    let heading = (export.after == 0).then(|| heading.iter().collect());
    let asked = stretch.rows.iter().filter(|row| is_asked(row));
    let asked = asked.map(|row| fields.iter().map(|name| tables::cell(columns, row, name)));
    let table: Vec<Vec<&Value>> = heading
        .into_iter()
        .chain(asked.map(Iterator::collect))
        .collect();
    let lines = cells::lines(table)?;
    export.after = stretch.last.unwrap_or(export.after);
    Ok((
        lines,
        stretch.last.is_none() || stretch.seen < STRETCH as usize,
    ))
}

/// What keeps some lines of a table.
fn part(at: At<'_>, id: u64, lines: Vec<u8>) -> Result<Vec<Write>, Refused> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let part = at.app.next_id()?;
    Ok(vec![
        Write::Put {
            kind: Kind::ExportPart,
            id: part,
            body: lines,
        },
        Write::Link {
            index: Index::PartsOfExport,
            key: key(id),
            id: part,
        },
    ])
}

/// Removes some parts of an export that is gone; whether those were the last.
async fn parts_removed(at: At<'_>, id: u64) -> Result<bool, Refused> {
    let page = Page {
        after: 0,
        limit: PARTS_REMOVED,
        newest_first: false,
    };
    let under = key(id);
    let index = (Index::PartsOfExport, under.as_slice());
    let parts = at.app.store().find(at.project, index, page).await?;
    let is_last = parts.len() < PARTS_REMOVED as usize;
    let removed = parts.into_iter().flat_map(|part| {
        [
            Write::Delete {
                kind: Kind::ExportPart,
                id: part,
            },
            Write::Unlink {
                index: Index::PartsOfExport,
                key: under.clone(),
                id: part,
            },
        ]
    });
    let mut command = writes(at.project, removed.collect());
    if is_last {
        command.writes.push(wait_no_more(Kind::Export, id));
    }
    at.app.store().submit(command).await?;
    Ok(is_last)
}

/// The part of a table that comes after another; `None` after the last.
///
/// # Errors
/// When the store cannot be read.
pub async fn next_part(
    at: At<'_>,
    (id, after): (u64, u64),
) -> Result<Option<(u64, Vec<u8>)>, Refused> {
    let page = Page {
        after,
        limit: 1,
        newest_first: false,
    };
    let under = key(id);
    let mut view = at.app.store().view(at.project)?;
    let found = view.find(Index::PartsOfExport, &under, page).await?;
    let Some(part) = found.first().copied() else {
        return Ok(None);
    };
    let record = view.get(Kind::ExportPart, part).await?;
    Ok(record.map(|record| (part, record.body)))
}
