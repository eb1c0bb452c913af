//! What can be expected? Posteriors over outcomes, and the chance that each offer is the best.
//!
//! Numbers in, numbers out: knows nothing of any other crate of ours. The formulas are explained
//! in `docs/STATISTICS.md`.

mod allocation;
mod best;
mod posterior;

pub use allocation::{WHOLE, allocate, choose, restrict};
pub use best::chances_of_best;
pub use posterior::{Evidence, Posterior, posteriors};
