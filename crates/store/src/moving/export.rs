//! How is a store written to a file? Under a working name, which is changed when it is whole.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Seek;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ledger::Timestamp;

use crate::Store;

use super::contents::Tally;
use super::file::{Frame, Header, Sink, unwritable};
use super::{Contents, Export, Halt, Progress, SCHEMA, Step, Stretch, total};

/// For its owner alone: it holds what is known of people, and the secrets of the installation.
const OWN: u32 = 0o600;

/// Writes everything of one moment to a file that must not be there yet, while the store goes on
/// serving. One that was cut short is begun anew: its moment is gone.
///
/// # Errors
/// See [`Halt`]. Then there is no file of this name.
pub async fn export(
    store: &Store,
    (to, made_at): (&Path, Timestamp),
    look: &mut (dyn FnMut(Progress) + Send),
) -> Result<Contents, Halt> {
    refuse_existing(to)?;
    let part = part_of(to);
    let file = begin(&part)?;
    // Held until the file has its name.
    let lock = file.try_clone().map_err(Halt::file(&part))?;
    let rows = store.export().await?;
    let contents = write(rows, Sink::new(&part, file)?, (made_at, look)).await;
    let named = contents.and_then(|contents| {
        refuse_existing(to)?;
        fs::rename(&part, to).map_err(Halt::file(to))?;
        sync_folder(to)?;
        Ok(contents)
    });
    if named.is_err() {
        // Nobody wants half of it; if it stays the next export writes over it.
        let _ = fs::remove_file(&part);
    }
    drop(lock);
    named
}

fn refuse_existing(to: &Path) -> Result<(), Halt> {
    match to.symlink_metadata() {
        Ok(_) => Err(Halt::Exists(to.to_path_buf())),
        Err(_) => Ok(()),
    }
}

fn part_of(to: &Path) -> PathBuf {
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    PathBuf::from(part)
}

fn begin(part: &Path) -> Result<File, Halt> {
    let wrong = Halt::file(part);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(OWN);
    let mut file = options.open(part).map_err(wrong)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Halt::Taken(part.to_path_buf())),
        Err(TryLockError::Error(error)) => return Err(wrong(error)),
    }
    let own = fs::Permissions::from_mode(OWN);
    file.set_permissions(own).map_err(wrong)?;
    file.set_len(0).map_err(wrong)?;
    file.rewind().map_err(wrong)?;
    Ok(file)
}

async fn write(
    mut rows: Export,
    mut sink: Sink,
    (made_at, look): (Timestamp, &mut (dyn FnMut(Progress) + Send)),
) -> Result<Contents, Halt> {
    let counts = rows.counts().clone();
    let of = total(&counts);
    sink.write(&Frame::Header(Header {
        schema: SCHEMA,
        made_at,
        counts: counts.clone(),
    }))?;
    let mut tally = Tally::default();
    let step = Step::Exporting;
    while let Some(stretch) = rows.next().await? {
        add(&mut tally, &stretch)?;
        sink.write(&Frame::Stretch(stretch))?;
        let rows = tally.rows();
        look(Progress { step, rows, of });
    }
    let contents = tally.finish();
    if contents.counts != counts {
        let all = contents.rows();
        return Err(Halt::Differs(format!("{all} of {of} rows could be read")));
    }
    if !contents.balance() {
        return Err(Halt::Unbalanced);
    }
    sink.write(&Frame::Footer(contents.clone()))?;
    sink.finish()?;
    Ok(contents)
}

/// What a store holds, without a file.
pub(super) async fn read(
    mut rows: Export,
    (step, look): (Step, &mut (dyn FnMut(Progress) + Send)),
) -> Result<Contents, Halt> {
    let of = total(rows.counts());
    let mut tally = Tally::default();
    while let Some(stretch) = rows.next().await? {
        add(&mut tally, &stretch)?;
        let rows = tally.rows();
        look(Progress { step, rows, of });
    }
    Ok(tally.finish())
}

pub(super) fn add(tally: &mut Tally, stretch: &Stretch) -> Result<(), Halt> {
    tally.add(stretch).map_err(unwritable(Path::new("a row")))
}

/// A name is durable when its folder is.
fn sync_folder(of: &Path) -> Result<(), Halt> {
    let folder = of.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new(".")));
    folder
        .and_then(|folder| folder.sync_all())
        .map_err(Halt::file(of))
}
