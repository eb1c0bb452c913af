//! Do profiles agree with figures that others computed from real shops?
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros
)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod online_retail;
