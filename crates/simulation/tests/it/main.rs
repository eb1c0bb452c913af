//! Does the shop in a box tell the truth, and do the stories come true?
#[cfg(test)]
mod stories;
