//! Would it have worked? A shop in a box, whose shoppers' true response to an offer we know, and
//! the stories that run against the whole core. And does a server keep its word while it is made to
//! fail? A load of shoppers at tight limits, and who keeps account of what they heard.
//!
//! Knows nothing of HTTP or storage.

pub mod auditor;
mod catalogue;
mod chance;
mod shop;
mod shopper;
pub mod story;
mod trial;
pub mod workload;

pub use catalogue::{CATALOGUE, Product};
pub use chance::Chance;
pub use shop::{Cart, DAY_MS, Settings, Shop, Visit};
pub use shopper::{Nature, Shopper};
pub use trial::{Trial, trial};
