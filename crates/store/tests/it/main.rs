//! Is a store what it promises to be? One suite, run against every engine.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod ahead;
mod conformance;
mod cutting;
mod durability;
mod generator;
mod model;
mod moving;
mod processes;
mod races;
mod reads;
mod restoring;
mod support;
