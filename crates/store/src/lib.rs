//! Where is it kept? One batch interface over SQLite, PostgreSQL and an in-memory model.
//!
//! Knows nothing of promotions, rules or protocols: it keeps accounts, transfers, records and
//! links between them. A change is a [`Command`]: all of it is durable before its [`Outcome`] is
//! given, or none of it happened. [`Store::memory`] is the meaning in slow plain code, and every
//! engine is held to it, command for command.
//!
//! # How a batch is applied
//!
//! Callers put commands in a bounded queue; one thread takes up to [`Settings::batch`] of them,
//! waiting at most [`Settings::linger`] and only if several callers came just before. In one
//! transaction it loads the rows they touch, judges each command in memory after those before it,
//! saves every changed row once, commits, and only then answers. What is refused was never
//! written, so nothing is undone on disk. Rows are read inside the transaction that saves them;
//! what the writer remembers between batches, the highest numbers kept, it forgets when another
//! process wrote to the file, so a second process is safe, only slower. [`Store::balances`] alone
//! answers out of memory, and only to advise.
//!
//! That is SQLite. On PostgreSQL ([`Store::connect`]) a task takes the place of the thread and
//! locks the place of the only writer: `migrations/postgres` describes the tables, and page 0011 of
//! the decisions who waits for whom.
//!
//! # The files
//!
//! | File | Holds |
//! |---|---|
//! | `NAME` | tables and indexes, described in `migrations/sqlite` |
//! | `NAME-wal` | the log: committed changes not yet in `NAME`; kept near 16 MiB and reused |
//! | `NAME-shm` | where things are in the log; shared by processes, rebuilt when missing |
//!
//! `NAME` and `NAME-wal` belong together: to copy a running store use [`Store::backup`]. Between
//! engines everything is moved by [`moving`].
//!
//! # What is synced when
//!
//! | When | What is synced |
//! |---|---|
//! | a batch commits (`synchronous = FULL`) | the log, before any of its callers is answered |
//! | the log passes 16 MiB; [`Store::close`] | the log, then the file, before the log is reused |
//! | the store is created | the file, the log, their folder |
//! | [`Store::backup`] | the copy under its working name, then its folder after renaming |
//!
//! After a crash the log is read up to the last whole commit: what was acknowledged is there, what
//! was half written never happened. Opening checks the file ([`Check::Quick`]) and that debits
//! equal credits in every project and asset; [`Store::audit`] also computes every account again
//! from its transfers.
//!
//! What is deleted or written over is zeros in `NAME` (`secure_delete = ON`); the log may hold it
//! until it is written over in turn, or emptied by [`Store::empty_log`].

mod ahead;
mod audit;
mod balances;
mod batch;
mod books;
mod command;
mod funding;
mod hash;
mod memory;
pub mod moving;
mod numbers;
mod postgres;
mod queue;
mod read;
mod recent;
mod settings;
mod sqlite;
mod store;
mod view;
mod wanted;

pub use ahead::{Ahead, Whose};
pub use audit::{Audit, Finding};
pub use command::{
    Command, Expect, Fault, Index, Kind, Once, Outcome, Page, ProjectId, Record, Write,
};
pub use read::{AccountsOf, SavedTransfer, TransferFilter};
pub use recent::{Look, Seen};
pub use settings::{Check, Settings};
pub use store::Store;
pub use view::View;
