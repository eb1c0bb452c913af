//! How does somebody move everything from one store to another? Two commands and a file between
//! them.

use std::{
    io::{IsTerminal as _, Write as _, stderr},
    path::PathBuf,
};

use clap::Args;
use store::{
    Store,
    moving::{self, Contents, Halt, Progress, Step},
};

use crate::{cli::Data, clock, problem::Refused};

#[derive(Args)]
pub struct Export {
    #[command(flatten)]
    data: Data,
    /// The file to write; it must not exist.
    #[arg(long)]
    to: PathBuf,
}

#[derive(Args)]
pub struct Import {
    #[command(flatten)]
    data: Data,
    /// The file that `export` wrote.
    #[arg(long)]
    from: PathBuf,
}

/// Writes everything to a file, while others use the store.
///
/// # Errors
/// What went wrong, for a person to read; then there is no such file.
pub async fn export(asked: Export) -> Result<(), Refused> {
    let store = asked.data.open().await?;
    let mut line = Line::new();
    let look = &mut |progress| line.show(progress);
    let moved = moving::export(&store, (&asked.to, clock::wall()), look).await;
    line.end();
    tell(&moved?, &format!("are in {}", asked.to.display()));
    Ok(())
}

/// Brings a file into an empty store, or goes on with what was begun.
///
/// # Errors
/// What went wrong, for a person to read.
pub async fn import(asked: Import) -> Result<(), Refused> {
    // A name that was mistyped makes no store.
    if let Err(error) = std::fs::File::open(&asked.from) {
        let from = asked.from.display();
        return Err(Refused::Fault(format!("{from}: {error}")));
    }
    let store = asked.data.open_to_import().await?;
    let mut line = Line::new();
    let look = &mut |progress| line.show(progress);
    let moved = moving::import(&store, (&asked.from, clock::wall()), look).await;
    line.end();
    // Closed also after a refusal: what was brought in is durable either way.
    let closed = store.close().await;
    tell(&moved?, "were moved, read back, compared and audited");
    Ok(closed?)
}

/// # Errors
/// When an import into the store was begun and has not ended.
pub async fn refuse_half(store: Store) -> Result<Store, Refused> {
    match store.importing().await? {
        None => Ok(store),
        Some(_) => Err(Refused::Fault(
            "an import into this store was begun and has not ended: run it again".into(),
        )),
    }
}

fn tell(contents: &Contents, what: &str) {
    let (rows, projects) = (contents.rows(), contents.counts.len());
    eprintln!("proffer: {rows} rows of {projects} projects {what}");
}

impl From<Halt> for Refused {
    fn from(halt: Halt) -> Self {
        Self::Fault(halt.to_string())
    }
}

/// One line that is written over; none where nobody watches.
struct Line {
    is_watched: bool,
    shown: Option<(Step, u64)>,
}

impl Line {
    fn new() -> Self {
        Self {
            is_watched: stderr().is_terminal(),
            shown: None,
        }
    }

    fn show(&mut self, progress: Progress) {
        let now = (progress.step, percent(progress));
        if !self.is_watched || self.shown == Some(now) {
            return;
        }
        self.shown = Some(now);
        // Whoever does not want to see it does not stop it.
        let _ = write!(stderr(), "\r{:<70}", words(progress));
    }

    fn end(&self) {
        if self.shown.is_some() {
            eprintln!();
        }
    }
}

fn percent(progress: Progress) -> u64 {
    let Progress { rows, of, .. } = progress;
    rows.saturating_mul(100).checked_div(of).unwrap_or(100)
}

fn words(progress: Progress) -> String {
    let step = match progress.step {
        Step::Exporting => "exporting",
        Step::Checking => "checking the file",
        Step::Importing => "importing",
        Step::Comparing => "comparing",
        Step::Auditing => "auditing",
    };
    let (rows, of) = (progress.rows, progress.of);
    format!("{step}: {rows} of {of} rows, {} %", percent(progress))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_rows_and_percent() {
        let check = |(rows, of), expected: &str| {
            let step = Step::Importing;
            assert_eq!(words(Progress { step, rows, of }), expected);
        };
        check((0, 3), "importing: 0 of 3 rows, 0 %");
        check((2, 3), "importing: 2 of 3 rows, 66 %");
        check((3, 3), "importing: 3 of 3 rows, 100 %");
        check((0, 0), "importing: 0 of 0 rows, 100 %");
    }
}
