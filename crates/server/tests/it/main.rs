//! The server over HTTP: what it answers, what it keeps, and what it does not.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod consent;
mod customers;
mod decisions;
mod experiments;
mod identity;
mod ingest;
mod policy;
mod shop;
