//! Do profiles agree with figures that others computed from real shops?
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros
)]

mod online_retail;
