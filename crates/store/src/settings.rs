//! How much a store takes on at once.

use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The most commands in one transaction.
    pub batch: usize,
    /// The longest a command waits for others to share its transaction; never longer than the
    /// transaction before took, and not at all after the store was idle so long. On PostgreSQL,
    /// where many write one log, up to five times that, as long as it is less than the
    /// transaction before took.
    pub linger: Duration,
    /// The most overdue holds of a project that a transaction lets go unasked. Many may end in the
    /// same moment, and nobody shall wait for all of them.
    pub expiries: u32,
    /// The most submissions waiting; one more is [`crate::Fault::Busy`].
    pub queue: usize,
    /// The most idle reading connections kept open.
    pub readers: usize,
    /// What is checked before the store is opened.
    pub check: Check,
}

/// How well is the file looked at before it is served?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The whole file is read for damage (`quick_check`), and the books must balance. A
    /// gigabyte takes 1.2 s where the system has it in memory, and otherwise as long as the disk
    /// takes to give it.
    Quick,
    /// The books must balance; the rest of the file is not read. A million accounts take a
    /// second. For whoever checks copies of the file elsewhere.
    BooksOnly,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            batch: 256,
            linger: Duration::from_millis(2),
            expiries: 1_000,
            queue: 4096,
            readers: 16,
            check: Check::Quick,
        }
    }
}
