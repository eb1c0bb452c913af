//! What lies between the server and its database, and breaks? A proxy that forwards every
//! connection and, while it is told to, delays, cuts, closes one half, loses the answer to a
//! COMMIT, or has a statement fail as one that met another transaction.

mod messages;
mod pump;
#[cfg(test)]
mod tests;

use std::time::Duration;

use simulation::workload::Dice;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// The stream of a seed that the connections draw from.
const CONNECTIONS: u32 = 1 << 22;

/// What happens to connections now. Each of so many messages is hit, by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Every message of that kind waits so long at most.
    Delay { most: Duration },
    /// Both sides hear of the end at once.
    Cut { one_in: usize },
    /// The database hears that nobody asks any more; the server waits for its answers a while.
    HalfClose { one_in: usize },
    /// COMMIT reaches the database, and its answer reaches nobody.
    CutAfterCommit { one_in: usize },
    /// A statement fails with 40001, and its transaction with it.
    Refuse { one_in: usize },
}

impl Trouble {
    /// The kind and its strength, of a number that is drawn.
    #[must_use]
    pub fn of(drawn: u64) -> Self {
        let one_in = [3, 10, 40].get((drawn / 8 % 3) as usize).copied();
        let one_in = one_in.unwrap_or(10);
        match drawn % 5 {
            0 => Self::Delay {
                most: Duration::from_micros(one_in as u64 * 200),
            },
            1 => Self::Cut {
                one_in: one_in * 10,
            },
            2 => Self::HalfClose {
                one_in: one_in * 10,
            },
            3 => Self::CutAfterCommit { one_in },
            _ => Self::Refuse { one_in },
        }
    }
}

/// A proxy before one database, until it is dropped.
pub struct Proxy {
    address: String,
    trouble: watch::Sender<Option<Trouble>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a port of its own. `database` is `postgres://…` with a host, and it is spoken to
    /// without TLS.
    ///
    /// # Errors
    /// When the address has no host, or there is no port.
    pub async fn before(database: &str, seed: u64) -> Result<Self, String> {
        let (target, start, end) = host(database)?;
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.map_err(|error| error.to_string())?;
        let own = listener.local_addr().map_err(|error| error.to_string())?;
        let mut address = database.to_owned();
        address.replace_range(start..end, &own.to_string());
        let trouble = watch::Sender::new(None);
        let told = trouble.subscribe();
        let accepting = tokio::spawn(accept(listener, target, (seed, told)));
        Ok(Self {
            address,
            trouble,
            accepting,
        })
    }

    /// What to tell the server instead of the database's address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// From now on.
    pub fn set(&self, trouble: Option<Trouble>) {
        self.trouble.send_replace(trouble);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Host and port, and where in the address they stand.
fn host(address: &str) -> Result<(String, usize, usize), String> {
    let missing = || format!("{address} names no host");
    let after_scheme = address.find("://").ok_or_else(missing)? + 3;
    let rest = address.get(after_scheme..).unwrap_or_default();
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    let begin = authority.rfind('@').map_or(0, |at| at + 1);
    let host = authority.get(begin..).unwrap_or_default();
    if host.is_empty() {
        return Err(missing());
    }
    let target = if host.contains(':') {
        host.to_owned()
    } else {
        format!("{host}:5432")
    };
    Ok((target, after_scheme + begin, after_scheme + end))
}

async fn accept(
    listener: TcpListener,
    target: String,
    (seed, told): (u64, watch::Receiver<Option<Trouble>>),
) {
    let mut number = CONNECTIONS;
    while let Ok((client, _)) = listener.accept().await {
        number += 1;
        let dice = Dice::new(seed, number);
        let (target, told) = (target.clone(), told.clone());
        tokio::spawn(async move {
            // A database that is away is one more thing that happens to a connection.
            if let Ok(database) = TcpStream::connect(&target).await {
                let _ = pump::run((client, database), dice, told).await;
            }
        });
    }
}
