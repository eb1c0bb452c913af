//! How is the database spoken to? One connection, its statements prepared once each.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{join_all, try_join_all};
use tokio::runtime::Handle;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, NoTls, Row, Statement};

use crate::Fault;

use super::tls::{self, Tls};
use super::trouble::Trouble;

/// How long a connection may take to come about, where the URL does not say.
const CONNECT: Duration = Duration::from_secs(5);
/// After how long without an answer of the other machine a connection is given up.
const SILENCE: Duration = Duration::from_secs(10);

/// Asked of every connection; an engine that does not know one of them does without. All that is
/// read is read by key, so a plan that reads a whole table is a mistake of the planner, which it
/// makes while a table is small and keeps. A transaction that its process forgot gives its locks
/// back, and none waits for ever. Whoever turned syncing off did not mean this database.
const HINTS: [&str; 9] = [
    "SET plan_cache_mode = force_generic_plan",
    "SET enable_seqscan = off",
    "SET enable_hashjoin = off",
    "SET enable_mergejoin = off",
    "SET jit = off",
    "SET lock_timeout = '10s'",
    "SET idle_in_transaction_session_timeout = '60s'",
    "SET application_name = 'proffer'",
    "SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit', true) = 'off'",
];

/// What a parameter of a statement is.
pub(super) type Param<'a> = &'a (dyn ToSql + Sync);

/// Opens connections; they live on the runtime on which the store was connected, whoever asks.
pub(super) struct Connector {
    config: Config,
    tls: Option<Tls>,
    runtime: Handle,
}

impl Connector {
    /// `postgres://user:password@host:port/name?sslmode=require&sslrootcert=file`, and what else
    /// the driver reads. Without `sslmode=require` nothing is encrypted; with it the certificate
    /// is always checked.
    pub(super) fn new(url: &str) -> Result<Connector, Fault> {
        let (url, authority) = tls::cut_authority(url);
        // The driver's own words may quote a piece of a password.
        let unreadable = |_| Fault::Disk("the URL of the database cannot be read".into());
        let mut config: Config = url.parse().map_err(unreadable)?;
        let tls = match config.get_ssl_mode() {
            SslMode::Require => Some(Tls::new(authority.as_deref())?),
            _ => {
                config.ssl_mode(SslMode::Disable);
                None
            }
        };
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        config.keepalives_idle(SILENCE).tcp_user_timeout(SILENCE);
        let runtime = Handle::try_current()
            .map_err(|_| Fault::Disk("a store is connected on a runtime".into()))?;
        Ok(Connector {
            config,
            tls,
            runtime,
        })
    }

    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub(super) async fn connect(&self) -> Result<Connection, Trouble> {
        let (config, tls) = (self.config.clone(), self.tls.clone());
        let opening = self.runtime.spawn(open(config, tls));
        let client = opening
            .await
            .map_err(|_| Trouble::Lost("the runtime of the store has ended".into()))??;
        let connection = Connection {
            client,
            statements: Mutex::default(),
        };
        let hints = HINTS.map(|hint| connection.client.batch_execute(hint).boxed());
        join_all(hints).await;
        match connection.is_closed() {
            true => Err(Trouble::Lost("the database hung up".into())),
            false => Ok(connection),
        }
    }
}

async fn open(config: Config, tls: Option<Tls>) -> Result<Client, Trouble> {
    let failed = |error: Error| match error.as_db_error() {
        Some(_) => Trouble::from(error),
        None => Trouble::Lost(unreachable(&error)),
    };
    // It ends with its client, or with the connection: whoever asks next finds it closed.
    match tls {
        None => {
            let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
            tokio::spawn(connection.map(drop));
            Ok(client)
        }
        Some(tls) => {
            let (client, connection) = config.connect(tls).await.map_err(failed)?;
            tokio::spawn(connection.map(drop));
            Ok(client)
        }
    }
}

/// Of the network or of what encrypts it; no cause quotes the URL.
fn unreachable(error: &Error) -> String {
    let mut what = format!("the database cannot be reached: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        what.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    what
}

pub(super) struct Connection {
    client: Client,
    statements: Mutex<HashMap<&'static str, Statement>>,
}

impl Connection {
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// What needs no parameters: the beginning and end of a transaction, migrations.
    pub(super) async fn run(&self, text: &str) -> Result<(), Error> {
        self.client.batch_execute(text).await
    }

    /// Sends something and does not wait; what is asked next is done after it.
    pub(super) fn send(&self, text: &str) {
        let _ = self.client.batch_execute(text).now_or_never();
    }

    /// Once prepared, it is sent before this first waits: of statements that are begun in an order
    /// and waited for together, each is done after the one before.
    pub(super) async fn query(
        &self,
        text: &'static str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, Error> {
        let statement = self.statement(text).await?;
        self.client.query(&statement, params).await
    }

    /// How many rows it changed. Sent as [`Connection::query`].
    pub(super) async fn execute(
        &self,
        text: &'static str,
        params: &[Param<'_>],
    ) -> Result<u64, Error> {
        let statement = self.statement(text).await?;
        self.client.execute(&statement, params).await
    }

    /// Rows one after the other, for whoever does not want to hold them all.
    pub(super) async fn stream(
        &self,
        text: &'static str,
    ) -> Result<tokio_postgres::RowStream, Error> {
        self.stream_of(text, &[]).await
    }

    /// The same, of a statement with parameters.
    pub(super) async fn stream_of(
        &self,
        text: &'static str,
        params: &[Param<'_>],
    ) -> Result<tokio_postgres::RowStream, Error> {
        let statement = self.statement(text).await?;
        let params = params.iter().copied();
        self.client.query_raw(&statement, params).await
    }

    pub(super) async fn prepare(&self, texts: &[&'static str]) -> Result<(), Error> {
        let all = texts.iter().map(|text| self.statement(text).boxed());
        let all: Vec<_> = all.collect();
        try_join_all(all).await?;
        Ok(())
    }

    pub(super) async fn statement(&self, text: &'static str) -> Result<Statement, Error> {
        if let Some(statement) = self.known(text) {
            return Ok(statement);
        }
        let statement = self.client.prepare(text).await?;
        let mut statements = self
            .statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        statements.insert(text, statement.clone());
        Ok(statement)
    }

    fn known(&self, text: &str) -> Option<Statement> {
        let statements = self
            .statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        statements.get(text).cloned()
    }
}
