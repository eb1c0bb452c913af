//! Where is it kept? One batch interface over SQLite and an in-memory model.
//!
//! Knows nothing of promotions, rules or protocols: it keeps accounts, transfers, records and
//! links between them.

mod audit;
mod batch;
mod books;
mod command;
mod funding;
mod hash;
mod memory;
mod read;
mod settings;
mod sqlite;
mod store;
mod view;

pub use audit::{Audit, Finding};
pub use command::{
    Command, Expect, Fault, Index, Kind, Once, Outcome, Page, ProjectId, Record, Write,
};
pub use read::{AccountsOf, SavedTransfer, TransferFilter};
pub use settings::Settings;
pub use store::Store;
pub use view::View;
