//! Does a decision keep its promises?
#[cfg(test)]
mod explained;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod shop;
