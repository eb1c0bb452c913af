//! What do the benches share? How servers and databases are started, what the shop holds, what is
//! asked of it, and how much CPU time that took.

pub mod cpu;
pub mod database;
pub mod market;
pub mod process;
pub mod requests;
pub mod shop;
pub mod site;
