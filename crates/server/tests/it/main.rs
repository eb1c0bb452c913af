//! The server over HTTP: what it answers, what it keeps, and what it does not.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod campaigns;
mod catalogue;
mod consent;
mod crash;
mod custom_events;
mod customers;
mod decisions;
mod demo;
mod effects;
mod experiments;
mod identity;
mod ingest;
mod lending;
mod limits;
mod lives;
mod moving;
mod openapi;
mod operations;
mod orders;
mod pages;
mod place;
mod policy;
mod problems;
mod processes;
mod publications;
mod qualifications;
mod redemptions;
mod referrals;
mod retention;
mod rollbacks;
mod scopes;
mod segments;
mod shop;
mod stacking;
mod stories;
mod validations;
mod vouchers;
mod wallet_rows;
