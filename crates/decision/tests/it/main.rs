//! Does a decision keep its promises?
mod explained;
mod generated;
mod promises;
mod rows;
mod shop;
