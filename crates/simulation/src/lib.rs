//! Would it have worked? A shop in a box, whose shoppers' true response to an offer we know, and
//! the stories that run against the whole core.
//!
//! Knows nothing of HTTP or storage.

mod catalogue;
mod chance;
mod shop;
mod shopper;
pub mod story;
mod trial;

pub use catalogue::{CATALOGUE, Product};
pub use chance::Chance;
pub use shop::{Cart, DAY_MS, Settings, Shop, Visit};
pub use shopper::{Nature, Shopper};
pub use trial::{Trial, trial};
