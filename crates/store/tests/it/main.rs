//! Is a store what it promises to be? One suite, run against every engine.

mod conformance;
mod durability;
mod generator;
mod model;
mod races;
mod reads;
mod support;
