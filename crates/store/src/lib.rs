//! Where is it kept? One batch interface over SQLite and an in-memory model.
//!
//! Knows nothing of promotions, rules or protocols: it keeps accounts, transfers, records and
//! links between them.
mod command;

pub use command::{
    Command, Expect, Fault, Index, Kind, Once, Outcome, Page, ProjectId, Record, Write,
};
