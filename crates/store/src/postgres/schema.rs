//! Which tables are there, and does this version know them?
//!
//! Migrations are numbered files that are applied once each, in order, and never edited: the hash
//! of each is kept in the database and compared by every process that connects. They only add, so
//! that processes of the version before go on serving while they are applied and after; one that
//! starts then and knows less than was applied refuses, so the last of them is replaced before it
//! has to start again.

use crate::Fault;
use crate::hash::fnv1a;
use crate::numbers::signed;

use super::columns::get;
use super::connection::{Connection, Param};
use super::trouble::Trouble;

/// Every migration, the first first.
const MIGRATIONS: [&str; 2] = [
    include_str!("../../migrations/postgres/0001_books_records_links.sql"),
    include_str!("../../migrations/postgres/0002_accounts_of_a_party.sql"),
];

/// How often two processes may get in each other's way before they begin: each such time one of
/// them came further.
const ATTEMPTS: usize = 10;

/// Brings the database up to date. Of processes that start at once one does, and the others wait.
pub(super) async fn migrate(connection: &Connection) -> Result<(), Fault> {
    let mut last = Fault::Busy;
    for _ in 0..ATTEMPTS {
        match migrate_once(connection).await {
            Ok(()) => return Ok(()),
            Err(Trouble::Contended(what)) => last = Fault::Disk(what),
            Err(trouble) => return Err(trouble.fault()),
        }
        connection.send("ROLLBACK");
    }
    Err(last)
}

/// The row with number 0 stands for the schema: who changes it holds that row.
async fn migrate_once(connection: &Connection) -> Result<(), Trouble> {
    let create = "CREATE TABLE IF NOT EXISTS migrations (number BIGINT PRIMARY KEY, hash BIGINT)";
    let guard = "INSERT INTO migrations (number, hash) VALUES (0, 0) ON CONFLICT DO NOTHING";
    connection.run(create).await?;
    connection.run(guard).await?;
    connection.run("BEGIN").await?;
    let lock = "SELECT hash FROM migrations WHERE number = 0 FOR UPDATE";
    connection.query(lock, &[]).await?;
    let select = "SELECT hash FROM migrations WHERE number > 0 ORDER BY number";
    let applied = connection.query(select, &[]).await?;
    if applied.len() > MIGRATIONS.len() {
        let (newest, known) = (applied.len(), MIGRATIONS.len());
        return Err(Trouble::Failed(format!(
            "schema {newest} is newer than {known}, the last known"
        )));
    }
    let mut applied = applied.iter();
    for (number, text) in (1_i64..).zip(MIGRATIONS) {
        let hash = signed(fnv1a(text.bytes()));
        match applied.next().map(|row| get::<i64>(row, 0)).transpose()? {
            Some(before) if before == hash => {}
            Some(_) => {
                return Err(Trouble::Failed(format!(
                    "migration {number} was applied as another text"
                )));
            }
            None => apply(connection, (number, hash), text).await?,
        }
    }
    Ok(connection.run("COMMIT").await?)
}

async fn apply(
    connection: &Connection,
    (number, hash): (i64, i64),
    text: &str,
) -> Result<(), Trouble> {
    connection.run(text).await?;
    let note = "INSERT INTO migrations (number, hash) VALUES ($1, $2)";
    let row: [Param<'_>; 2] = [&number, &hash];
    connection.execute(note, &row).await?;
    Ok(())
}
