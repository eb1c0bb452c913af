//! Why did a move not come to its end? A sentence for whoever waits for it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::{Fault, ProjectId};

/// In the order in which they are looked for.
#[derive(Debug)]
pub enum Halt {
    /// A file is there already, and nothing is written over.
    Exists(PathBuf),
    /// Somebody else is exporting to the same file.
    Taken(PathBuf),
    /// The file cannot be read or written, and why.
    File(PathBuf, io::Error),
    /// It does not begin as an export does.
    NotAnExport(PathBuf),
    /// Its format or what its rows hold is of a later version.
    Newer { what: &'static str, number: u32 },
    /// The file ends inside the part that begins there: it was cut short, or a length is damaged.
    CutShort { end: u64, at: u64 },
    /// A byte is not what was written: in which stretch (0 is the header) and from where on.
    Damaged { stretch: u64, at: u64 },
    /// The rows of the file are not what its footer says.
    NotItsFooter(String),
    /// Debits and credits differ in the store or in the file.
    Unbalanced,
    /// The store holds data that is not of this import.
    NotEmpty(ProjectId),
    /// An import of another file was begun in this store.
    OtherFile,
    /// Another process is importing into this store.
    Overtaken,
    /// The store is not what the file says, and what differs first.
    Differs(String),
    /// The audit found so many things wrong, and this first.
    Unsound(usize, String),
    /// The store failed.
    Store(Fault),
}

impl Halt {
    pub(super) fn file(path: &Path) -> impl Fn(io::Error) -> Halt + Copy {
        move |error| Halt::File(path.to_path_buf(), error)
    }
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Halt {
        Halt::Store(fault)
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Halt::Exists(path) => write!(f, "{} exists already", path.display()),
            Halt::Taken(path) => {
                write!(f, "somebody else is writing to {}", path.display())
            }
            Halt::File(path, error) => write!(f, "{}: {error}", path.display()),
            Halt::NotAnExport(path) => write!(f, "{} is not an export", path.display()),
            Halt::Newer { what, number } => write!(
                f,
                "the file was written by a newer version: {what} {number} is not known here"
            ),
            Halt::CutShort { end, at } => write!(
                f,
                "the file ends at byte {end}, inside the part that begins at byte {at}: it was cut \
                 short or is damaged there"
            ),
            Halt::Damaged { stretch: 0, at } => {
                write!(f, "the file is damaged in its header, from byte {at} on")
            }
            Halt::Damaged { stretch, at } => {
                write!(
                    f,
                    "the file is damaged in stretch {stretch}, from byte {at} on"
                )
            }
            Halt::NotItsFooter(what) => {
                write!(
                    f,
                    "the rows of the file are not what its footer says: {what}"
                )
            }
            Halt::Unbalanced => f.write_str("the books do not balance, so nothing is moved"),
            Halt::NotEmpty(project) => write!(
                f,
                "the store holds data of project {} that is not of this import; \
                 an import needs an empty store",
                project.0
            ),
            Halt::OtherFile => f.write_str(
                "an import of another file was begun in this store; \
                 go on with that one or begin with an empty store",
            ),
            Halt::Overtaken => f.write_str("another import into this store is going on"),
            Halt::Differs(what) => write!(
                f,
                "the store is not what the file says: {what}; was it used meanwhile? \
                 Begin again with an empty store"
            ),
            Halt::Unsound(count, first) => {
                write!(f, "the audit found {count} things wrong, first {first}")
            }
            Halt::Store(Fault::Disk(what)) => write!(f, "the store failed: {what}"),
            Halt::Store(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for Halt {}
