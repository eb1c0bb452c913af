//! Whose memberships may have changed, and who looks? Every command by which they can is seen by
//! [`noting`], which adds to it a note of whom it is about; nothing where a project has neither
//! segments of which it is kept who is in them, nor tiers. A job looks at those soon after, at each
//! once for all the notes of them that wait. A note goes when they were looked at: whoever is
//! killed in between leaves it to others, and to look twice changes nothing.
//!
//! What time alone changes is found once a day, when everybody is looked at. So it is when such a
//! segment is made: whom it takes in then is kept, for they have not entered it.

use std::collections::BTreeSet;

use ledger::{AccountId, Timestamp};
use offers::chart::AccountKind;
use serde::{Deserialize, Serialize};
use store::{Command, Expect, Index, Kind, Page, Record, Write};

use super::look;
use crate::{
    actions::{wait, wait_no_more},
    api::At,
    app::App,
    clock,
    people::Person,
    problem::Refused,
    setup::writes,
    versioned::{self, Versioned},
    vouchers,
};

/// Notes, and customers, that are gone through at a time.
const STRETCH: u32 = 100;
const FIRST: Page = Page {
    after: 0,
    limit: STRETCH,
    newest_first: false,
};

/// Who is to be looked at, as of when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    whom: Whom,
    at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Whom {
    These(BTreeSet<Whose>),
    /// Everybody behind this number.
    After(u64),
}

/// A customer, or whoever holds a card or referred others by a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Whose {
    Customer(u64),
    Voucher(u64),
}

impl Versioned for Note {
    const NAME: &'static str = "recheck";
}

/// The command, with a note of those whose memberships it may change.
///
/// # Errors
/// When the configuration cannot be read.
pub async fn noting(app: &App, mut command: Command) -> Result<Command, Refused> {
    if !app.compiled(command.project).await?.has_memberships() {
        return Ok(command);
    }
    let whose = whose(&command);
    if whose.is_empty() {
        return Ok(command);
    }
    let at = match command.now {
        Timestamp::MIN => clock::wall(),
        now => now,
    };
    let whom = Whom::These(whose);
    command.writes.extend(Note { whom, at }.begin(app)?);
    Ok(command)
}

/// What has everybody looked at.
///
/// # Errors
/// When there is no number left for it.
pub fn everybody(at: At<'_>) -> Result<[Write; 2], Refused> {
    let whom = Whom::After(0);
    Note { whom, at: at.now }.begin(at.app)
}

/// Has everybody looked at, unless that is being done.
///
/// # Errors
/// When the store fails.
pub async fn daily(at: At<'_>) -> Result<(), Refused> {
    let compiled = at.app.compiled(at.project).await?;
    if compiled.segments.kept.is_empty() {
        return Ok(());
    }
    let notes = waiting(at).await?;
    let is_done = |(_, note): &(Record, Note)| matches!(note.whom, Whom::After(_));
    if !notes.iter().any(is_done) {
        let note = everybody(at)?;
        at.app
            .store()
            .submit(writes(at.project, note.into()))
            .await?;
    }
    Ok(())
}

/// Whom a command is about.
fn whose(command: &Command) -> BTreeSet<Whose> {
    let written = command.writes.iter().filter_map(Whose::written);
    let moved = command.chain.iter().flat_map(|one| [one.debit, one.credit]);
    written.chain(moved.filter_map(Whose::moved)).collect()
}

impl Whose {
    fn written(write: &Write) -> Option<Self> {
        let number = |key: &[u8]| key.try_into().ok().map(u64::from_be_bytes);
        match write {
            Write::Put {
                kind: Kind::Customer | Kind::Nodes,
                id,
                ..
            } => Some(Self::Customer(*id)),
            Write::Link {
                index: Index::ActivityOfCustomer | Index::CardsOfCustomer,
                key,
                ..
            } => number(key).map(Self::Customer),
            Write::Link {
                index: Index::RedemptionsOfVoucher | Index::HoldersOfVoucher,
                key,
                ..
            } => number(key).map(Self::Voucher),
            _ => None,
        }
    }

    fn moved(account: AccountId) -> Option<Self> {
        let kinds = [AccountKind::CardPoints, AccountKind::GiftBalance];
        let is_card = kinds.iter().any(|kind| kind.number() == account.kind);
        is_card.then_some(Self::Voucher(account.owner))
    }

    /// Which customer that is, where it is one.
    async fn customer(self, at: At<'_>) -> Result<Option<u64>, Refused> {
        match self {
            Self::Customer(number) => Ok(Some(number)),
            Self::Voucher(id) => {
                let record = at.app.store().get(at.project, Kind::Voucher, id).await?;
                let issued = record.map(|record| vouchers::read(&record.body));
                Ok(issued.transpose()?.and_then(|one| one.thing.holder()))
            }
        }
    }
}

impl Note {
    fn begin(&self, app: &App) -> Result<[Write; 2], Refused> {
        let id = app.next_id()?;
        Ok([self.put(id)?, wait(Kind::Recheck, id)])
    }

    fn put(&self, id: u64) -> Result<Write, Refused> {
        let body = versioned::write(self)?;
        let kind = Kind::Recheck;
        Ok(Write::Put { kind, id, body })
    }
}

/// Looks at those of the oldest notes; at each of them once, as of the newest note.
///
/// # Errors
/// When the store fails, or somebody cannot be looked at; the others are all the same.
pub async fn step(at: At<'_>) -> Result<(), Refused> {
    let mut seen = BTreeSet::new();
    let mut done = Vec::new();
    let mut failed = Ok(());
    for (record, note) in waiting(at).await?.into_iter().rev() {
        let as_of = At { now: note.at, ..at };
        let looked = match &note.whom {
            Whom::These(whose) => these(as_of, (whose, &mut seen)).await,
            Whom::After(after) => behind(as_of, (&record, *after)).await,
        };
        match looked {
            Ok(Looked::All) => done.push(record.id),
            Ok(Looked::Part) => {}
            Err(refused) => failed = Err(refused),
        }
    }
    let kind = Kind::Recheck;
    let gone = done.into_iter();
    let gone = gone.flat_map(|id| [Write::Delete { kind, id }, wait_no_more(kind, id)]);
    at.app
        .store()
        .submit(writes(at.project, gone.collect()))
        .await?;
    failed
}

/// How far it came.
enum Looked {
    All,
    Part,
}

async fn waiting(at: At<'_>) -> Result<Vec<(Record, Note)>, Refused> {
    let mut view = at.app.store().view(at.project)?;
    let kind = Kind::Recheck;
    let ids = view.find(Index::Waiting, &[kind.into()], FIRST).await?;
    let records = view.get_many(kind, &ids).await?.into_iter().flatten();
    let notes = records.map(|record| {
        let note = versioned::read(&record.body)?;
        Ok((record, note))
    });
    notes.collect()
}

async fn these(
    at: At<'_>,
    (whose, seen): (&BTreeSet<Whose>, &mut BTreeSet<u64>),
) -> Result<Looked, Refused> {
    for one in whose {
        if let Some(customer) = one.customer(at).await?
            && !seen.contains(&customer)
        {
            look(at, customer).await?;
            seen.insert(customer);
        }
    }
    Ok(Looked::All)
}

/// A stretch of all customers, and where the next begins.
async fn behind(at: At<'_>, (record, after): (&Record, u64)) -> Result<Looked, Refused> {
    let page = Page { after, ..FIRST };
    let kind = Kind::Customer;
    let found = at.app.store().list(at.project, kind, page).await?;
    for one in &found {
        let person: Person = versioned::read(&one.body)?;
        if person.merged_into.is_none() {
            look(at, one.id).await?;
        }
        // Whoever waits for an answer goes first.
        tokio::task::yield_now().await;
    }
    let Some(last) = found.last() else {
        return Ok(Looked::All);
    };
    let next = Note {
        whom: Whom::After(last.id),
        at: at.now,
    };
    let mut command = writes(at.project, vec![next.put(record.id)?]);
    command.expects.push(Expect {
        kind: Kind::Recheck,
        id: record.id,
        version: record.version,
    });
    // Where another process was faster, what it wrote counts.
    at.app.store().submit(command).await?;
    Ok(Looked::Part)
}
