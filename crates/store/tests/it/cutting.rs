//! What if the answer to a commit is lost? A proxy that loses it once, and what came of the batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use cluster::Database;
use ledger::Kind as TransferKind;
use store::{Command, Kind, Outcome, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;

const WHOLE: u8 = 0;
/// The next commit reaches the database, and its answer nobody.
const LOSE_ANSWER: u8 = 1;
/// The next commit reaches nobody.
const LOSE_QUESTION: u8 = 2;
/// The next commit is so late that the database has given the transaction up.
const DELAY_QUESTION: u8 = 3;

/// Forwards every connection to the database, but loses what it is told to lose once.
async fn proxy(to: String, listener: TcpListener, lose: Arc<AtomicU8>) {
    while let Ok((client, _)) = listener.accept().await {
        let server = TcpStream::connect(&to).await.unwrap();
        tokio::spawn(forward(client, server, Arc::clone(&lose)));
    }
}

async fn forward(mut client: TcpStream, mut server: TcpStream, lose: Arc<AtomicU8>) {
    let (mut asked, mut answered) = ([0; 65_536], [0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let asked = &asked[..read.unwrap_or(0)];
                let commits = asked.windows(7).any(|bytes| bytes == b"COMMIT\0");
                let lost = if commits { lose.swap(WHOLE, Ordering::SeqCst) } else { WHOLE };
                if asked.is_empty() || lost == LOSE_QUESTION {
                    return;
                }
                if lost == DELAY_QUESTION {
                    // It says so, and hangs up.
                    let read = server.read(&mut answered).await.unwrap();
                    client.write_all(&answered[..read]).await.unwrap();
                    return;
                }
                server.write_all(asked).await.unwrap();
                if lost == LOSE_ANSWER {
                    lose_answer(&mut server).await;
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let answered = &answered[..read.unwrap_or(0)];
                if answered.is_empty() || client.write_all(answered).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Until the commit is done.
async fn lose_answer(server: &mut TcpStream) {
    let (mut lost, mut some) = (Vec::new(), [0; 65_536]);
    while !lost.windows(7).any(|bytes| bytes == b"COMMIT\0") {
        let read = server.read(&mut some).await.unwrap();
        assert!(read > 0, "the database hung up");
        lost.extend_from_slice(&some[..read]);
    }
}

/// A store behind a proxy, and what tells the proxy.
fn behind_proxy(database: &Database) -> (Store, Arc<AtomicU8>) {
    let lose = Arc::new(AtomicU8::new(WHOLE));
    let store = behind(database, |to, listener| {
        proxy(to, listener, Arc::clone(&lose))
    });
    (store, lose)
}

/// Of so many commits every second is lost.
fn check(lost: u8, times: u64) {
    let Some(database) = database() else {
        return;
    };
    let (store, lose) = behind_proxy(&database);
    let both = |id| Command {
        openings: budget(100),
        chain: vec![spend(id, 1, TransferKind::Direct)],
        writes: vec![put(id, "x")],
        once: once(id as u8, 1, "taken"),
        ..command()
    };
    let id = [account(BUDGET)];
    for number in 1..=times {
        assert_eq!(submit(&store, both(2 * number)), Outcome::Applied);
        lose.store(lost, Ordering::SeqCst);
        assert_eq!(submit(&store, both(2 * number + 1)), Outcome::Applied);
        assert_eq!(lose.load(Ordering::SeqCst), WHOLE, "nothing was lost");
        let record = run(store.get(SHOP, Kind::Voucher, 2 * number + 1)).unwrap();
        assert_eq!(record.unwrap().version, 1);
        let budget = run(store.balances(SHOP, &id)).unwrap()[0].unwrap();
        assert_eq!(budget.debits.posted, 2 * number);
    }
    assert!(run(store.audit()).unwrap().is_clean());
}

#[test]
fn a_commit_whose_answer_was_lost_is_done_once() {
    check(LOSE_ANSWER, 5);
}

#[test]
fn a_commit_that_never_arrived_is_done_again() {
    check(LOSE_QUESTION, 5);
}

/// As after a process stood still in the middle of a transaction.
#[test]
fn a_commit_that_came_too_late_is_done_again() {
    check(DELAY_QUESTION, 1);
}
