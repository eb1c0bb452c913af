//! What happened to a customer? What has a number of its own, a redemption or a rollback, is found
//! by it; that an order came, was paid or was canceled, or that they entered a segment, has none,
//! and is kept here.

use ledger::Timestamp;
use offers::TierMove;
use profiles::CustomerId;
use serde::{Deserialize, Serialize};
use store::{Index, Kind, Page, ProjectId, Write};

use crate::{
    api::At,
    app::App,
    problem::Refused,
    setup::writes,
    versioned::{self, Versioned},
    vouchers::key,
};

/// What is forgotten in one command.
const STRETCH: Page = Page {
    after: 0,
    limit: 200,
    newest_first: false,
};

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderTurn {
    Created,
    Paid,
    Updated,
    Canceled,
}

/// Something that happened to a customer and has no record of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub what: What,
    pub at: Timestamp,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// Something became of an order.
    Order { order: u64, turn: OrderTurn },
    /// They entered an active segment, or left it.
    Segment { segment: u64, is_in: bool },
    /// A card of theirs came to a tier, or left it.
    Tier {
        card: u64,
        tier: u64,
        moved: TierMove,
    },
}

impl Versioned for Entry {
    const NAME: &'static str = "activity";
    /// 2 tells of segments and tiers.
    const SHAPE: u8 = 2;
}

impl Entry {
    /// What writes it down; nothing where nobody knows whose it is.
    ///
    /// # Errors
    /// When there is no number left for it.
    pub fn writes(&self, at: At<'_>, customer: Option<u64>) -> Result<Vec<Write>, Refused> {
        let Some(customer) = customer else {
            return Ok(Vec::new());
        };
        let id = at.app.next_id()?;
        let put = Write::Put {
            kind: Kind::Activity,
            id,
            body: versioned::write(self)?,
        };
        Ok([put].into_iter().chain(of(Some(customer), id)).collect())
    }
}

/// Has what happened under this number found by the customer.
#[must_use]
pub fn of(customer: Option<u64>, id: u64) -> Option<Write> {
    customer.map(|customer| Write::Link {
        index: Index::ActivityOfCustomer,
        key: key(customer),
        id,
    })
}

/// The same, of what failed for whom a page merely said it was.
#[must_use]
pub fn claimed(customer: Option<u64>, id: u64) -> Option<Write> {
    customer.map(|customer| Write::Link {
        index: Index::ClaimedFailures,
        key: key(customer),
        id,
    })
}

/// Forgets what happened to a customer who was erased.
///
/// # Errors
/// When the store fails.
pub async fn forget(app: &App, project: ProjectId, customer: CustomerId) -> Result<(), Refused> {
    for index in [Index::ActivityOfCustomer, Index::ClaimedFailures] {
        forget_under(app, project, (index, customer)).await?;
    }
    Ok(())
}

async fn forget_under(
    app: &App,
    project: ProjectId,
    (index, customer): (Index, CustomerId),
) -> Result<(), Refused> {
    loop {
        let found = stretch(app, project, (index, customer, 0)).await?;
        if found.is_empty() {
            return Ok(());
        }
        let gone = found.iter().flat_map(|id| removal(index, customer, *id));
        app.store().submit(writes(project, gone.collect())).await?;
    }
}

/// Forgets which segments a customer entered and left: what they were known by is taken back.
///
/// # Errors
/// When the store fails.
pub async fn forget_segments(
    app: &App,
    project: ProjectId,
    customer: CustomerId,
) -> Result<(), Refused> {
    let mut after = 0;
    loop {
        let found = stretch(app, project, (Index::ActivityOfCustomer, customer, after)).await?;
        let Some(last) = found.last() else {
            return Ok(());
        };
        after = *last;
        let mut gone = Vec::new();
        let entries = app.store().get_many(project, Kind::Activity, &found);
        for record in entries.await?.iter().flatten() {
            let entry: Entry = versioned::read(&record.body)?;
            if matches!(entry.what, What::Segment { .. }) {
                gone.extend(removal(Index::ActivityOfCustomer, customer, record.id));
            }
        }
        if !gone.is_empty() {
            app.store().submit(writes(project, gone)).await?;
        }
    }
}

async fn stretch(
    app: &App,
    project: ProjectId,
    (index, customer, after): (Index, CustomerId, u64),
) -> Result<Vec<u64>, Refused> {
    let page = Page { after, ..STRETCH };
    let of = key(customer.0);
    let under = (index, of.as_slice());
    Ok(app.store().find(project, under, page).await?)
}

fn removal(index: Index, customer: CustomerId, id: u64) -> [Write; 2] {
    let unlink = Write::Unlink {
        index,
        key: key(customer.0),
        id,
    };
    let kind = Kind::Activity;
    [unlink, Write::Delete { kind, id }]
}
