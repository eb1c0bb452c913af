//! What happened to a customer? What has a number of its own, a redemption or a rollback, is found
//! by it; that an order came, was paid or was canceled has none, and is kept beside the order.

use ledger::Timestamp;
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

/// That something became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turned {
    pub order: u64,
    pub turn: OrderTurn,
    pub at: Timestamp,
}

impl Versioned for Turned {
    const NAME: &'static str = "activity";
}

impl Turned {
    /// What writes it down; nothing where nobody knows whose order it is.
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
    let of = key(customer.0);
    loop {
        let found = app
            .store()
            .find(project, (index, of.as_slice()), STRETCH)
            .await?;
        if found.is_empty() {
            return Ok(());
        }
        let gone = found.iter().flat_map(|id| {
            let unlink = Write::Unlink {
                index,
                key: of.clone(),
                id: *id,
            };
            let delete = Write::Delete {
                kind: Kind::Activity,
                id: *id,
            };
            [unlink, delete]
        });
        app.store().submit(writes(project, gone.collect())).await?;
    }
}
