//! How is a file brought into a store? Stretch by stretch, each durable with a mark of how far it
//! came, so that whoever was stopped goes on; then the store is read back and compared.

use std::path::Path;

use ledger::Timestamp;

use crate::{Command, Expect, Outcome, Store, Write};

use super::check::{Checked, check};
use super::export::read;
use super::file::Source;
use super::{ASIDE, Contents, Counts, Halt, MARK, Mark, Progress, Step, total};

/// Brings everything of a file into a store that is empty, or where an import of this file was
/// begun and not ended: that one goes on. Nobody else may use the store meanwhile; nobody is served
/// from it either, as [`Store::importing`] says.
///
/// # Errors
/// See [`Halt`]. Nothing was written before the whole file was found sound; after that, the same
/// call goes on where this one stopped.
pub async fn import(
    store: &Store,
    (from, now): (&Path, Timestamp),
    look: &mut (dyn FnMut(Progress) + Send),
) -> Result<Contents, Halt> {
    let begun = store.importing().await?;
    let checked = check(from, begun.map_or(0, |mark| mark.done), look)?;
    let mark = match begun {
        Some(mark) if mark.file != checked.name => return Err(Halt::OtherFile),
        Some(mark) => mark,
        None => Mark {
            file: checked.name,
            done: 0,
        },
    };
    refuse_others(store.export().await?.counts(), &checked)?;
    if begun.is_none() {
        begin(store, mark, now).await?;
    }
    let mark = load(store, (from, mark), (total(&checked.contents.counts), look)).await?;
    compare(store, &checked.contents, look).await?;
    audit(store, &checked.contents, look).await?;
    end(store, mark, now).await?;
    Ok(checked.contents)
}

/// The store holds what the stretches before the mark hold, and nothing else.
fn refuse_others(counts: &Counts, checked: &Checked) -> Result<(), Halt> {
    let projects = counts.keys().chain(checked.before.keys());
    let mut others = projects.filter(|one| counts.get(one) != checked.before.get(one));
    match others.next() {
        Some(project) => Err(Halt::NotEmpty(*project)),
        None => Ok(()),
    }
}

async fn begin(store: &Store, mark: Mark, now: Timestamp) -> Result<(), Halt> {
    let (kind, id) = MARK;
    let put = Write::Put {
        kind,
        id,
        body: mark.file.to_vec(),
    };
    change_mark(store, (put, 0), now).await
}

async fn end(store: &Store, mark: Mark, now: Timestamp) -> Result<(), Halt> {
    let (kind, id) = MARK;
    change_mark(store, (Write::Delete { kind, id }, mark.version()), now).await
}

async fn change_mark(
    store: &Store,
    (write, version): (Write, u64),
    now: Timestamp,
) -> Result<(), Halt> {
    let (kind, id) = MARK;
    let command = Command {
        project: ASIDE,
        now,
        once: None,
        expects: vec![Expect { kind, id, version }],
        openings: Vec::new(),
        chain: Vec::new(),
        writes: vec![write],
    };
    match store.submit(command).await? {
        Outcome::Applied => Ok(()),
        _ => Err(Halt::Overtaken),
    }
}

async fn load(
    store: &Store,
    (from, mut mark): (&Path, Mark),
    (of, look): (u64, &mut (dyn FnMut(Progress) + Send)),
) -> Result<Mark, Halt> {
    let mut source = Source::open(from)?;
    source.header()?;
    let (mut number, mut rows) = (0, 0);
    while let Ok(stretch) = source.body()? {
        rows += stretch.rows.len() as u64;
        number += 1;
        if number > mark.done {
            mark = store.load(stretch, mark).await?.ok_or(Halt::Overtaken)?;
        }
        let step = Step::Importing;
        look(Progress { step, rows, of });
    }
    Ok(mark)
}

async fn compare(
    store: &Store,
    wanted: &Contents,
    look: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), Halt> {
    let there = read(store.export().await?, (Step::Comparing, look)).await?;
    match wanted.difference(&there) {
        Some(what) => Err(Halt::Differs(what)),
        None => Ok(()),
    }
}

async fn audit(
    store: &Store,
    wanted: &Contents,
    look: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), Halt> {
    let (step, of) = (Step::Auditing, wanted.rows());
    look(Progress { step, rows: 0, of });
    let findings = store.audit().await?.findings;
    if let Some(first) = findings.first() {
        return Err(Halt::Unsound(findings.len(), format!("{first:?}")));
    }
    let rows = of;
    look(Progress { step, rows, of });
    Ok(())
}
