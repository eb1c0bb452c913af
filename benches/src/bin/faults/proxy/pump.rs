//! How does one connection go, message by message, in both directions?

use std::{
    io::Result,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use simulation::workload::Dice;
use tokio::{
    io::{AsyncWriteExt as _, BufReader},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    Trouble,
    messages::{First, Message, Statements, What, first},
};

/// How long answers are waited for that nobody shall hear.
const UNHEARD: Duration = Duration::from_secs(2);

/// What becomes of a message on its way to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Passed,
    Cut,
    HalfClosed,
    /// Passed, and then all ends: whether its answer is awaited or not.
    LastOne {
        is_awaited: bool,
    },
    /// A failing one is passed in its place.
    Refused,
}

/// Passes messages on until one side ends or trouble ends both.
///
/// # Errors
/// Whatever ended the connection.
pub async fn run(
    (mut client, mut database): (TcpStream, TcpStream),
    dice: Dice,
    told: watch::Receiver<Option<Trouble>>,
) -> Result<()> {
    client.set_nodelay(true)?;
    database.set_nodelay(true)?;
    loop {
        match first(&mut client).await? {
            First::Without => client.write_all(b"N").await?,
            First::Start(bytes) => {
                database.write_all(&bytes).await?;
                break;
            }
        }
    }
    let (from_client, to_client) = client.into_split();
    let (from_database, to_database) = database.into_split();
    let asking = Asking {
        from: BufReader::new(from_client),
        to: to_database,
        statements: Statements::default(),
        dice,
        told,
        is_deaf: Arc::default(),
    };
    let is_deaf = asking.is_deaf.clone();
    let mut answering = tokio::spawn(answer(from_database, to_client, is_deaf));
    let fate = tokio::select! {
        fate = asking.run() => fate,
        answered = &mut answering => return answered.unwrap_or(Ok(())),
    };
    // A half-closed connection still hears; after a lost COMMIT the database may answer, unheard,
    // before it learns that nobody listens.
    if let Ok((Fate::HalfClosed | Fate::LastOne { is_awaited: true }, _to)) = fate {
        let _ = timeout(UNHEARD, &mut answering).await;
    }
    answering.abort();
    Ok(())
}

/// From the client to the database.
struct Asking {
    from: BufReader<OwnedReadHalf>,
    to: OwnedWriteHalf,
    statements: Statements,
    dice: Dice,
    told: watch::Receiver<Option<Trouble>>,
    /// The client hears no answer any more.
    is_deaf: Arc<AtomicBool>,
}

impl Asking {
    /// How it ended, and the half towards the database, so that the caller chooses when that ends.
    async fn run(mut self) -> Result<(Fate, OwnedWriteHalf)> {
        while let Some(message) = Message::read(&mut self.from).await? {
            let what = self.statements.pass(&message);
            let trouble = *self.told.borrow();
            match self.fate(trouble, what).await {
                Fate::Passed => self.to.write_all(&message.bytes()).await?,
                Fate::Refused => {
                    let failing = Message::failing_execute();
                    self.to.write_all(&failing.bytes()).await?;
                }
                Fate::Cut => return Ok((Fate::Cut, self.to)),
                Fate::HalfClosed => {
                    self.to.shutdown().await?;
                    return Ok((Fate::HalfClosed, self.to));
                }
                last @ Fate::LastOne { .. } => {
                    // Before it is passed on, so that no answer is faster.
                    self.is_deaf.store(true, Ordering::SeqCst);
                    self.to.write_all(&message.bytes()).await?;
                    return Ok((last, self.to));
                }
            }
        }
        Ok((Fate::Cut, self.to))
    }

    async fn fate(&mut self, trouble: Option<Trouble>, what: What) -> Fate {
        let dice = &mut self.dice;
        let mut hits = |one_in: usize| dice.below(one_in) == 0;
        match (trouble, what) {
            (Some(Trouble::Delay { most }), _) => {
                let most = usize::try_from(most.as_micros()).unwrap_or(0);
                sleep(Duration::from_micros(self.dice.below(most) as u64)).await;
                Fate::Passed
            }
            (Some(Trouble::Cut { one_in }), _) if hits(one_in) => Fate::Cut,
            (Some(Trouble::HalfClose { one_in }), _) if hits(one_in) => Fate::HalfClosed,
            (Some(Trouble::CutAfterCommit { one_in }), What::Commit) if hits(one_in) => {
                Fate::LastOne {
                    is_awaited: hits(2),
                }
            }
            (Some(Trouble::Refuse { one_in }), What::Statement) if hits(one_in) => Fate::Refused,
            _ => Fate::Passed,
        }
    }
}

/// From the database to the client, until it hears no more.
async fn answer(
    from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    is_deaf: Arc<AtomicBool>,
) -> Result<()> {
    let mut from = BufReader::new(from);
    while let Some(mut message) = Message::read(&mut from).await? {
        message.as_serialization_failure();
        if is_deaf.load(Ordering::SeqCst) {
            return Ok(());
        }
        to.write_all(&message.bytes()).await?;
    }
    to.shutdown().await
}
