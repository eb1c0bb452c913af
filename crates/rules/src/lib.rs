//! Who qualifies? CEL text becomes a [`Condition`], a condition a typed program,
//! and all live conditions one [`Index`].
//!
//! Knows nothing of money, customers, offers or storage.

mod clock;
mod condition;
mod cover;
mod facts;
mod fraction;
mod index;
mod lexicon;
mod lower;
mod masks;
mod moment;
mod parse;
mod print;
mod program;
mod reads;
mod schema;
mod spec;

pub use condition::{Clock, Condition, Diagnostic, Fold, LINES, Op, Operator, Term, Verdict, ZONE};
pub use facts::{Facts, Path, Timestamp, Value};
pub use fraction::Fraction;
pub use index::Index;
pub use lexicon::{Encoded, Lexicon};
pub use parse::{MAX_BRACKETS, MAX_DEPTH, MAX_LIST, MAX_NODES, MAX_SOURCE, MAX_TOKENS, parse};
pub use program::{Answer, Program};
pub use reads::{Reads, Telling};
pub use schema::{Schema, Type, check};
