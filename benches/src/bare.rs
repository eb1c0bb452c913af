//! What is the least that SQLite must do for a redemption? The rows that a command writes, by the
//! statements that somebody would write by hand: guarded sums, no reading first.

use std::collections::BTreeSet;

use ledger::{
    AccountId, Asset, Code, Currency, FUNDING_LINES, Limit, Minor, Opening, Transfer, TransferId,
};
use rusqlite::{CachedStatement, Connection, params};
use store::{Command, Write};

use crate::folder::Folder;

pub struct Bare {
    connection: Connection,
    /// Dropped last.
    _folder: Folder,
}

const ONCE: &str = "INSERT INTO once (project, key, fingerprint, answer, created_at) \
                    VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
const OPEN: &str = "INSERT INTO accounts \
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, 0, ?10) \
                    ON CONFLICT DO NOTHING";
const DEBIT: &str = "INSERT INTO accounts \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10, 0, 0) \
                     ON CONFLICT DO UPDATE SET debits_posted = debits_posted + ?10 \
                     WHERE limited <> 1 OR debits_pending + debits_posted + ?10 <= credits_posted";
const CREDIT: &str = "INSERT INTO accounts \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, 0, ?10) \
                      ON CONFLICT DO UPDATE SET credits_posted = credits_posted + ?10";
const TRANSFER: &str = "INSERT INTO transfers VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, \
                        ?11, ?12, ?13, 0, NULL, NULL, NULL, NULL, ?14)";
const RECORD: &str = "INSERT INTO records (project, kind, id, version, body) \
                      VALUES (?1, ?2, ?3, 1, ?4) \
                      ON CONFLICT DO UPDATE SET version = version + 1, body = excluded.body";
const COUNT: &str = "INSERT INTO counts VALUES (?1, ?2, ?3) \
                     ON CONFLICT DO UPDATE SET records = records + excluded.records";
const UNIQUE: &str = "INSERT INTO unique_links (project, idx, key, id) VALUES (?1, ?2, ?3, ?4)";
const LINK: &str = "INSERT INTO links (project, idx, key, id) VALUES (?1, ?2, ?3, ?4) \
                    ON CONFLICT DO NOTHING";

/// The statements, prepared once per transaction.
struct Statements<'a> {
    once: CachedStatement<'a>,
    open: CachedStatement<'a>,
    debit: CachedStatement<'a>,
    credit: CachedStatement<'a>,
    transfer: CachedStatement<'a>,
    record: CachedStatement<'a>,
    unique: CachedStatement<'a>,
    link: CachedStatement<'a>,
}

impl Bare {
    /// Opens a file in which the store has made its tables, and sets it up as the store does.
    pub fn open(folder: Folder) -> Result<Self, String> {
        let connection = Connection::open(folder.file()).map_err(|error| error.to_string())?;
        let pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                       PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY; \
                       PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4096;";
        let set = connection.execute_batch(pragmas);
        set.map_err(|error| error.to_string())?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self {
            connection,
            _folder: folder,
        })
    }

    /// Writes what the commands write, in one transaction.
    pub fn apply(&mut self, commands: &[Command]) -> Result<(), String> {
        self.transact(commands).map_err(|error| error.to_string())
    }

    fn transact(&mut self, commands: &[Command]) -> rusqlite::Result<()> {
        let begin = "BEGIN IMMEDIATE";
        self.connection.prepare_cached(begin)?.execute([])?;
        let mut statements = Statements::prepare(&self.connection)?;
        for command in commands {
            statements.apply(command)?;
        }
        drop(statements);
        self.count(commands)?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }

    fn count(&self, commands: &[Command]) -> rusqlite::Result<()> {
        let mut count = self.connection.prepare_cached(COUNT)?;
        let Some(first) = commands.first() else {
            return Ok(());
        };
        let more = i64::try_from(commands.len()).unwrap_or(i64::MAX);
        for write in &first.writes {
            if let Write::Put { kind, .. } = write {
                count.execute(params![first.project.0, *kind as u8, more])?;
            }
        }
        Ok(())
    }
}

impl<'a> Statements<'a> {
    fn prepare(connection: &'a Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            once: connection.prepare_cached(ONCE)?,
            open: connection.prepare_cached(OPEN)?,
            debit: connection.prepare_cached(DEBIT)?,
            credit: connection.prepare_cached(CREDIT)?,
            transfer: connection.prepare_cached(TRANSFER)?,
            record: connection.prepare_cached(RECORD)?,
            unique: connection.prepare_cached(UNIQUE)?,
            link: connection.prepare_cached(LINK)?,
        })
    }

    fn apply(&mut self, command: &Command) -> rusqlite::Result<()> {
        let project = command.project.0;
        if let Some(once) = &command.once {
            let row = params![
                project,
                once.key,
                once.fingerprint,
                once.answer,
                command.now
            ];
            took(self.once.execute(row)?)?;
        }
        for (opening, line) in command.openings.iter().zip(FUNDING_LINES..) {
            self.fund(command, (opening, line))?;
        }
        for transfer in &command.chain {
            self.transfer(command, transfer)?;
        }
        self.parties(command)?;
        for write in &command.writes {
            self.write(project, write)?;
        }
        Ok(())
    }

    fn parties(&mut self, command: &Command) -> rusqlite::Result<()> {
        for (party, chain) in parties_of(command) {
            let key = party.to_be_bytes();
            self.link
                .execute(params![command.project.0, 0, key, chain])?;
        }
        Ok(())
    }

    /// Opens an account that starts with something, where it is missing.
    fn fund(
        &mut self,
        command: &Command,
        (opening, line): (&Opening, u32),
    ) -> rusqlite::Result<()> {
        let Some((amount, source, code)) = opening.funding else {
            return Ok(());
        };
        let is_new = amount_to(&mut self.open, command.project.0, (opening, amount))? == 1;
        if !is_new {
            return Ok(());
        }
        let from = source_of(opening, source);
        took(amount_to(
            &mut self.debit,
            command.project.0,
            (&from, amount),
        )?)?;
        let transfer = funding_of(command, opening.id, (line, amount, source, code));
        self.record_transfer(command, &transfer)
    }

    fn transfer(&mut self, command: &Command, transfer: &Transfer) -> rusqlite::Result<()> {
        let opening = |id: AccountId| command.openings.iter().find(|opening| opening.id == id);
        for (statement, id) in [
            (&mut self.debit, transfer.debit),
            (&mut self.credit, transfer.credit),
        ] {
            let Some(opening) = opening(id) else {
                return Err(rusqlite::Error::QueryReturnedNoRows);
            };
            took(amount_to(
                statement,
                command.project.0,
                (opening, transfer.amount),
            )?)?;
        }
        self.record_transfer(command, transfer)
    }

    fn record_transfer(&mut self, command: &Command, transfer: &Transfer) -> rusqlite::Result<()> {
        let (debit, credit) = (transfer.debit, transfer.credit);
        self.transfer.execute(params![
            command.project.0,
            transfer.id.chain.cast_signed(),
            transfer.id.line,
            debit.kind,
            debit.owner.cast_signed(),
            debit.party.cast_signed(),
            debit.window,
            credit.kind,
            credit.owner.cast_signed(),
            credit.party.cast_signed(),
            credit.window,
            transfer.amount.cast_signed(),
            transfer.code.0,
            command.now,
        ])?;
        Ok(())
    }

    fn write(&mut self, project: u32, write: &Write) -> rusqlite::Result<()> {
        match write {
            Write::Put { kind, id, body } => {
                let row = params![project, *kind as u8, id.cast_signed(), body];
                self.record.execute(row)?;
            }
            Write::Link { index, key, id } => {
                let statement = match index.is_unique() {
                    true => &mut self.unique,
                    false => &mut self.link,
                };
                statement.execute(params![project, *index as u8, key, id.cast_signed()])?;
            }
            // No redemption does either.
            Write::Delete { .. } | Write::Unlink { .. } => {}
        }
        Ok(())
    }
}

/// Under whom the transfers of a command are found, and their chain.
pub fn parties_of(command: &Command) -> BTreeSet<(u64, i64)> {
    let of = |transfer: &Transfer| {
        let chain = transfer.id.chain.cast_signed();
        [transfer.debit.party, transfer.credit.party].map(|party| (party, chain))
    };
    let all = command.chain.iter().flat_map(of);
    all.filter(|(party, _)| *party != 0).collect()
}

/// The transfer that an account starts with, on a line of its own.
pub fn funding_of(
    command: &Command,
    credit: AccountId,
    (line, amount, debit, code): (u32, Minor, AccountId, Code),
) -> Transfer {
    let chain = command.chain.first().map_or(0, |first| first.id.chain);
    Transfer {
        id: TransferId { chain, line },
        debit,
        credit,
        amount,
        code,
        kind: ledger::Kind::Direct,
    }
}

/// The account from which another starts with something.
pub fn source_of(opening: &Opening, source: AccountId) -> Opening {
    Opening {
        id: source,
        limit: Limit::None,
        ..*opening
    }
}

/// The asset of an account, its detail, and how the account is limited.
pub fn numbers_of(opening: &Opening) -> [i64; 3] {
    let (asset, detail) = match opening.asset {
        Asset::Currency(Currency([a, b, c])) => (0, i64::from(u32::from_be_bytes([0, a, b, c]))),
        Asset::Points(programme) => (1, programme.cast_signed()),
        Asset::Uses => (2, 0),
        Asset::Touches => (3, 0),
    };
    let limited = match opening.limit {
        Limit::None => 0,
        Limit::DebitsWithinCredits => 1,
        Limit::CreditsWithinDebits => 2,
    };
    [asset, detail, limited]
}

fn amount_to(
    statement: &mut CachedStatement<'_>,
    project: u32,
    (opening, amount): (&Opening, u64),
) -> rusqlite::Result<usize> {
    let id = opening.id;
    let [asset, detail, limited] = numbers_of(opening);
    statement.execute(params![
        project,
        id.kind % 100,
        id.owner.cast_signed(),
        id.party.cast_signed(),
        id.window,
        id.kind / 100,
        asset,
        detail,
        limited,
        amount.cast_signed(),
    ])
}

/// A guard that held, or a row that was new.
fn took(rows: usize) -> rusqlite::Result<()> {
    match rows {
        1 => Ok(()),
        _ => Err(rusqlite::Error::StatementChangedRows(rows)),
    }
}
