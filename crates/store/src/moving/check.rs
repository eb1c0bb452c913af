//! Is a file whole, and does it say of itself what is so? Read to its end, before anything is
//! written.

use std::path::Path;

use super::contents::Tally;
use super::export::add;
use super::file::Source;
use super::{Contents, Counts, Halt, Progress, Step, total};

/// What is known of a file that was read to its end.
pub(super) struct Checked {
    /// A hash over header and footer.
    pub(super) name: [u8; 32],
    pub(super) contents: Contents,
    /// How many rows there are in the stretches that were asked for.
    pub(super) before: Counts,
}

/// Reads a file and compares its rows with its footer; counts those of the first stretches.
pub(super) fn check(
    from: &Path,
    done: u64,
    look: &mut (dyn FnMut(Progress) + Send),
) -> Result<Checked, Halt> {
    let mut source = Source::open(from)?;
    let header = source.header()?;
    let (step, of) = (Step::Checking, total(&header.counts));
    let (mut tally, mut before, mut stretches) = (Tally::default(), Counts::new(), 0);
    let footer = loop {
        if stretches == done {
            before = tally.counts().clone();
        }
        match source.body()? {
            Ok(stretch) => add(&mut tally, &stretch)?,
            Err(footer) => break footer,
        }
        stretches += 1;
        let rows = tally.rows();
        look(Progress { step, rows, of });
    };
    let contents = tally.finish();
    if let Some(what) = footer.difference(&contents) {
        return Err(Halt::NotItsFooter(what));
    }
    if header.counts != contents.counts {
        return Err(Halt::NotItsFooter("the counts of the header".into()));
    }
    if !contents.balance() {
        return Err(Halt::Unbalanced);
    }
    Ok(Checked {
        name: source.name(),
        contents,
        before,
    })
}
