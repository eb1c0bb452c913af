//! What is said between a client and a PostgreSQL database? As much of its protocol (version 3,
//! PostgreSQL 17 documentation, chapter 53) as tells one message from the next, and a COMMIT from
//! other statements.

use std::{
    collections::BTreeMap,
    io::{Error, ErrorKind, Result},
};

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// No message of ours is longer; a longer one is somebody else's protocol.
const MAX_BYTES: usize = 1 << 28;
/// The requests that come before a start: TLS, GSS.
const WITHOUT: [u32; 2] = [80_877_103, 80_877_104];
/// A portal that no client has.
pub const NO_PORTAL: &str = "proffer_has_no_such_portal";
/// What a database says of a portal that is not there, and of a transaction that met another.
const INVALID_CURSOR_NAME: &[u8] = b"C34000\0";
const SERIALIZATION_FAILURE: &[u8] = b"C40001\0";

/// A message with its type, as it is on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub kind: u8,
    /// After type and length.
    pub body: Vec<u8>,
}

impl Message {
    /// `None` where the other side has ended.
    ///
    /// # Errors
    /// When it ends within a message.
    pub async fn read<R: AsyncRead + Unpin>(from: &mut R) -> Result<Option<Self>> {
        let mut kind = [0; 1];
        if from.read(&mut kind).await? == 0 {
            return Ok(None);
        }
        let [kind] = kind;
        let body = read_body(from).await?;
        Ok(Some(Self { kind, body }))
    }

    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.kind];
        bytes.extend(untyped(&self.body));
        bytes
    }

    /// An Execute that fails, and its transaction with it: the database then ignores what comes
    /// until the next Sync, as after any error, so both sides stay in step.
    #[must_use]
    pub fn failing_execute() -> Self {
        let mut body = NO_PORTAL.as_bytes().to_vec();
        body.extend([0; 5]);
        Self { kind: b'E', body }
    }

    /// Turns the database's word on [`Message::failing_execute`] into 40001.
    pub fn as_serialization_failure(&mut self) {
        let speaks_of = |part: &[u8]| {
            let mut windows = self.body.windows(part.len());
            windows.position(|window| window == part)
        };
        if self.kind != b'E' || speaks_of(NO_PORTAL.as_bytes()).is_none() {
            return;
        }
        if let Some(at) = speaks_of(INVALID_CURSOR_NAME)
            && let Some(code) = self.body.get_mut(at..at + SERIALIZATION_FAILURE.len())
        {
            code.copy_from_slice(SERIALIZATION_FAILURE);
        }
    }
}

/// What a client sends first: a length and a body without a type.
#[derive(Debug, PartialEq, Eq)]
pub enum First {
    /// It asks for TLS, which is answered with `N`, and starts again.
    Without,
    /// To be passed on.
    Start(Vec<u8>),
}

/// # Errors
/// When the client ends before it has said so much.
pub async fn first<R: AsyncRead + Unpin>(from: &mut R) -> Result<First> {
    let body = read_body(from).await?;
    let code = body
        .first_chunk::<4>()
        .map(|code| u32::from_be_bytes(*code));
    if code.is_some_and(|code| WITHOUT.contains(&code)) {
        return Ok(First::Without);
    }
    Ok(First::Start(untyped(&body)))
}

fn untyped(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes
}

async fn read_body<R: AsyncRead + Unpin>(from: &mut R) -> Result<Vec<u8>> {
    let length = from.read_u32().await? as usize;
    let wrong = || {
        Error::new(
            ErrorKind::InvalidData,
            format!("a message of {length} bytes"),
        )
    };
    let length = length.checked_sub(4).filter(|length| *length <= MAX_BYTES);
    let mut body = vec![0; length.ok_or_else(wrong)?];
    from.read_exact(&mut body).await?;
    Ok(body)
}

/// Which statements and portals of a connection are a COMMIT.
#[derive(Default)]
pub struct Statements {
    /// By the statement's name.
    prepared: BTreeMap<Vec<u8>, What>,
    /// By the portal's name.
    bound: BTreeMap<Vec<u8>, What>,
}

/// What running a message does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Commit,
    /// BEGIN, ROLLBACK and what sets up a session: it is not made to fail.
    Frame,
    /// A statement of a client's own, run by Execute.
    Statement,
    /// It runs nothing.
    Nothing,
}

impl Statements {
    /// Remembers what a client prepares, and tells what a message of its does.
    pub fn pass(&mut self, message: &Message) -> What {
        let mut names = message.body.split(|byte| *byte == 0);
        let mut name = || names.next().unwrap_or_default().to_vec();
        match message.kind {
            b'Q' => match what(&name()) {
                What::Statement => What::Frame,
                other => other,
            },
            b'P' => {
                let (statement, text) = (name(), name());
                self.prepared.insert(statement, what(&text));
                What::Nothing
            }
            b'B' => {
                let (portal, statement) = (name(), name());
                let prepared = self.prepared.get(&statement).copied();
                self.bound.insert(portal, prepared.unwrap_or(What::Frame));
                What::Nothing
            }
            b'E' => self.bound.get(&name()).copied().unwrap_or(What::Frame),
            _ => What::Nothing,
        }
    }
}

fn what(text: &[u8]) -> What {
    let text = String::from_utf8_lossy(text);
    let word = text
        .split(|one: char| !one.is_ascii_alphabetic())
        .find(|word| !word.is_empty());
    match word.unwrap_or_default().to_ascii_uppercase().as_str() {
        "COMMIT" | "END" => What::Commit,
        "BEGIN" | "START" | "ROLLBACK" | "SET" | "" => What::Frame,
        _ => What::Statement,
    }
}
