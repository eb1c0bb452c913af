//! The server over HTTP: what it answers, what it keeps, and what it does not.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod campaigns;
mod catalogue;
mod clients;
mod consent;
mod crash;
mod customers;
mod decisions;
mod demo;
mod effects;
mod endpoints;
mod experiments;
mod guessing;
mod identity;
mod ingest;
mod lending;
mod limits;
mod metadata_schemas;
mod moving;
mod oauth;
mod openapi;
mod operations;
mod pages;
mod place;
mod policy;
mod problems;
mod processes;
mod qualifications;
mod redemptions;
mod retention;
mod rollbacks;
mod scopes;
mod segments;
mod shop;
mod single;
mod stacking;
mod stories;
mod validations;
mod vouchers;
