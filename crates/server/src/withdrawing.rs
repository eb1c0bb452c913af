//! What becomes of decisions when the consent they were made under is taken back, or the customer
//! erased? Their inputs go; that they were made, and what was given, stays. The erased are on no
//! segment's list any more. Nor is it kept in which segments either were.
//!
//! The command that takes the consent back also notes whose decisions are to be stripped. That is
//! done in stretches, before anything is acknowledged; what a crash interrupts the jobs finish.

use ledger::Timestamp;
use profiles::CustomerId;
use store::{Command, Expect, Index, Kind, Outcome, Page, ProjectId, Record, Write};

use crate::{
    activity,
    app::App,
    deciding::{Recorded, made_for},
    membership,
    problem::Refused,
    segments,
    setup::writes,
    versioned,
    vouchers::key,
};

/// Decisions stripped in one command.
const STRETCH: u32 = 200;
/// Somebody else may strip the same decision at the same time.
const MAX_ATTEMPTS: usize = 20;

/// What notes a customer whose decisions are to be stripped.
#[must_use]
pub fn noted(customer: CustomerId) -> Write {
    Write::Link {
        index: Index::TakenBack,
        key: Vec::new(),
        id: customer.0,
    }
}

/// Strips all decisions of all customers noted, of which a crash may have left some.
///
/// # Errors
/// When the store fails.
pub async fn strip_all(app: &App, project: ProjectId, now: Timestamp) -> Result<(), Refused> {
    loop {
        let page = page(0);
        let found = app.store().find(project, (Index::TakenBack, &[]), page);
        let noted: Vec<CustomerId> = found.await?.into_iter().map(CustomerId).collect();
        strip(app, (project, now), &noted).await?;
        if noted.len() < STRETCH as usize {
            return Ok(());
        }
    }
}

/// Strips all decisions of these customers, who are noted; of the erased, none is found by their
/// number afterwards.
///
/// # Errors
/// When the store fails.
pub async fn strip(
    app: &App,
    (project, now): (ProjectId, Timestamp),
    noted: &[CustomerId],
) -> Result<(), Refused> {
    for customer in noted {
        let record = app.store().get(project, Kind::Customer, customer.0).await?;
        let stripping = Stripping {
            app,
            project,
            now,
            customer: *customer,
            is_erased: record.is_none(),
        };
        stripping.strip().await?;
    }
    Ok(())
}

fn page(after: u64) -> Page {
    Page {
        after,
        limit: STRETCH,
        newest_first: false,
    }
}

/// The decisions of one customer, on their way to be stripped.
struct Stripping<'a> {
    app: &'a App,
    project: ProjectId,
    now: Timestamp,
    customer: CustomerId,
    is_erased: bool,
}

impl Stripping<'_> {
    async fn strip(&self) -> Result<(), Refused> {
        let mut after = 0;
        while let Some(last) = self.stretch(after).await? {
            after = last;
        }
        if self.is_erased {
            segments::forget(self.app, self.project, self.customer).await?;
            activity::forget(self.app, self.project, self.customer).await?;
        }
        let at = (self.project, self.now);
        membership::forget(self.app, at, self.customer).await?;
        let done = Write::Unlink {
            index: Index::TakenBack,
            key: Vec::new(),
            id: self.customer.0,
        };
        let command = writes(self.project, vec![done]);
        self.submit(command).await?;
        Ok(())
    }

    /// Strips the decisions after one; the last of them, `None` where there were none.
    async fn stretch(&self, after: u64) -> Result<Option<u64>, Refused> {
        for _ in 0..MAX_ATTEMPTS {
            let mut view = self.app.store().view(self.project)?;
            let ids = made_for(&mut view, (self.customer, page(after))).await?;
            let records = view.get_many(Kind::Decision, &ids).await?;
            drop(view);
            let mut command = writes(self.project, Vec::new());
            for record in records.iter().flatten() {
                strip_one(record, &mut command)?;
            }
            if self.is_erased {
                let unlinks = ids.iter().flat_map(|id| self.unlinked(*id));
                command.writes.extend(unlinks);
            }
            if command.writes.is_empty() || self.submit(command).await? {
                return Ok(ids.last().copied());
            }
        }
        Err(Refused::Busy)
    }

    /// That a decision is not found by the customer's number any more.
    fn unlinked(&self, id: u64) -> [Write; 2] {
        let indexes = [Index::DecisionsOfCustomer, Index::GrantsOfCustomer];
        indexes.map(|index| Write::Unlink {
            index,
            key: key(self.customer.0),
            id,
        })
    }

    /// `false` where somebody else changed one of the records.
    async fn submit(&self, command: Command) -> Result<bool, Refused> {
        let command = Command {
            now: self.now,
            ..command
        };
        match self.app.store().submit(command).await? {
            Outcome::Applied => Ok(true),
            Outcome::Stale { .. } => Ok(false),
            other => Err(Refused::Fault(format!("decisions to strip: {other:?}"))),
        }
    }
}

fn strip_one(record: &Record, command: &mut Command) -> Result<(), Refused> {
    let mut recorded: Recorded = versioned::read(&record.body)?;
    if recorded.stripped {
        return Ok(());
    }
    recorded.strip();
    command.expects.push(Expect {
        kind: Kind::Decision,
        id: record.id,
        version: record.version,
    });
    command.writes.push(Write::Put {
        kind: Kind::Decision,
        id: record.id,
        body: versioned::write(&recorded)?,
    });
    Ok(())
}
