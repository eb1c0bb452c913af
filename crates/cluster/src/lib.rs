//! Where do tests and benches find PostgreSQL? In clusters that nobody else uses, made with the
//! tools that are installed: a [`Cluster`] ends with whoever made it, and a [`Database`] is one of
//! many in the cluster that all tests of a checkout share.
//!
//! Knows nothing of what is kept there, and is no part of the product.

mod place;
mod private;
mod shared;
mod tools;

pub use place::UNSYNCED;
pub use private::Cluster;
pub use shared::Database;
pub use tools::{Tools, free_port, give, succeed};

/// Set where everything must be tried: then it is an error that PostgreSQL is absent.
const NEEDED: &str = "PROFFER_NEEDS_POSTGRES";

/// The tools of PostgreSQL; where they are absent that is said, and what needs them is passed over.
///
/// # Errors
/// When they are absent and nothing may be passed over.
pub fn installed() -> Result<Option<Tools>, String> {
    let found = Tools::find();
    if found.is_some() {
        return Ok(found);
    }
    if std::env::var_os(NEEDED).is_some() {
        return Err(format!("{NEEDED} is set and PostgreSQL is not installed"));
    }
    eprintln!("PostgreSQL is not installed: what needs it is passed over");
    Ok(None)
}
