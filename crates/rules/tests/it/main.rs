//! Do the text, its meaning and the fast path agree?

mod generate;
mod oracle;
mod parsing;
