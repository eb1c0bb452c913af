//! The network: HTTP, pages, jobs and the `proffer` binary.
//!
//! A handler authorises, loads, calls the core, saves and answers; it holds no rule of the
//! business. Knows everything; nothing depends on it.

pub mod actions;
pub mod activity;
pub mod api;
pub mod app;
pub mod auth;
pub mod browsers;
pub mod catalogue;
pub mod checkout;
pub mod cli;
pub mod client;
pub mod clock;
pub mod compact;
pub mod configuration;
pub mod counting;
pub mod deciding;
pub mod demo;
pub mod description;
pub mod exports;
pub mod following;
pub mod funding;
pub mod goods;
pub mod guessing;
pub mod holding;
pub mod ids;
pub mod ingest;
pub mod jobs;
pub mod learn;
pub mod leases;
mod lending;
pub mod loyalty;
pub mod moving;
pub mod once;
mod outward;
pub mod pages;
pub mod people;
pub mod problem;
pub mod publishing;
pub mod referring;
pub mod replay;
pub mod reports;
pub mod retention;
pub mod router;
pub mod schemas;
pub mod segments;
pub mod serving;
pub mod setting;
pub mod setup;
pub mod telemetry;
pub mod tokens;
pub mod versioned;
pub mod vouchers;
pub mod webhooks;
pub mod withdrawing;
