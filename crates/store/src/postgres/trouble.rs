//! What does it mean that a statement failed? May it be tried again, and is it known what is so?

use tokio_postgres::Error;
use tokio_postgres::error::DbError;

use crate::Fault;
use crate::numbers::Unknown;

/// Says nothing of any row: an error of the database may quote one, and a URL holds a password.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Another transaction was first, or in the way. Nothing of this one is durable.
    Contended(String),
    /// The connection is of no more use. What was asked last may be durable.
    Lost(String),
    /// The database refuses, and would again.
    Failed(String),
}

impl Trouble {
    pub(super) fn fault(self) -> Fault {
        match self {
            Trouble::Contended(_) => Fault::Busy,
            Trouble::Lost(what) | Trouble::Failed(what) => Fault::Disk(what),
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        let Some(told) = error.as_db_error() else {
            return match error.is_closed() || is_of_the_network(&error) {
                true => Trouble::Lost("the connection to the database was lost".into()),
                // Of the driver: it names columns and types, never values.
                false => Trouble::Failed(error.to_string()),
            };
        };
        let what = describe(told);
        let code = told.code().code();
        match code.get(..2) {
            // Outcome unknown: said by engines that spread over machines.
            _ if code == "40003" => Trouble::Lost(what),
            // Serialisation failed, deadlock.
            Some("40") => Trouble::Contended(what),
            // A key that another transaction added first; a row that another one holds; a table
            // that another one made.
            _ if ["23505", "55P03", "42P07", "42710"].contains(&code) => Trouble::Contended(what),
            // The connection failed, the server stops.
            Some("08" | "57") => Trouble::Lost(what),
            // Too many connections; a transaction that its process forgot for too long.
            _ if ["53300", "25P03"].contains(&code) => Trouble::Lost(what),
            _ => Trouble::Failed(what),
        }
    }
}

impl From<Unknown> for Trouble {
    fn from(Unknown(number): Unknown) -> Trouble {
        Trouble::Failed(format!("{number} stands for nothing in its column"))
    }
}

fn is_of_the_network(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<std::io::Error>() {
            return true;
        }
        source = cause.source();
    }
    false
}

fn describe(error: &DbError) -> String {
    let code = error.code().code();
    let place = error.constraint().or(error.table());
    match place {
        Some(place) => format!("the database answers {code} ({place})"),
        None => format!("the database answers {code}"),
    }
}

/// Whether an addition failed because the row is there.
pub(super) fn is_taken(error: &Error) -> bool {
    error.code().is_some_and(|code| code.code() == "23505")
}
