//! Do the text, its meaning and the fast path agree?

// Clippy's leave for tests does not reach the functions that tests call.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod fast;
mod generate;
mod oracle;
mod parsing;
mod schema;
mod verdict;
