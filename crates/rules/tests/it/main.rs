//! Do the text, its meaning and the fast path agree?

mod fast;
mod generate;
mod oracle;
mod parsing;
mod schema;
