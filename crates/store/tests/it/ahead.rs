//! What is told ahead is answered as if it were not, and on PostgreSQL without another round trip.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cluster::Database;
use ledger::{AccountId, Kind as TransferKind};
use store::{Ahead, Command, Index, Kind, Store, View, Whose};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::support::*;

const ANN: u64 = 5_000;
const KEY: &[u8] = b"ann";
const WEEK: u32 = 9;

/// An account of Ann's own, in a period.
fn own(window: u32) -> AccountId {
    AccountId {
        party: ANN,
        window,
        ..account(BUDGET)
    }
}

/// Two records under one number, an account of its own in each of two periods, a key that leads to
/// it and one that leads to nothing that is kept.
fn fill(store: &Store) {
    let record = |kind, body: &str| store::Write::Put {
        kind,
        id: ANN,
        body: body.as_bytes().to_vec(),
    };
    let mut openings = budget(100);
    for window in [0, WEEK, WEEK + 1] {
        openings.extend(budget(7).into_iter().map(|mut opening| {
            opening.id = AccountId {
                party: ANN,
                window,
                ..opening.id
            };
            opening
        }));
    }
    let filled = Command {
        openings,
        chain: vec![spend(1, 1, TransferKind::Direct)],
        writes: vec![
            record(Kind::Customer, "person"),
            record(Kind::Nodes, "nodes"),
            link(Index::Identifier, "ann", ANN),
            link(Index::Identifier, "lost", ANN + 1),
        ],
        ..command()
    };
    assert_eq!(submit(store, filled), store::Outcome::Applied);
}

/// Everything that a decision asks, told as text.
fn answers(view: &mut View, key: &[u8], number: u64) -> Vec<String> {
    let ids = [own(0), own(WEEK), own(WEEK + 2), account(BUDGET)];
    run(async {
        vec![
            format!("{:?}", view.find_one(Index::Identifier, key).await),
            format!("{:?}", view.get(Kind::Customer, number).await),
            format!("{:?}", view.get(Kind::Nodes, number).await),
            format!("{:?}", view.balances(&ids).await),
        ]
    })
}

fn foresee(view: &mut View, whose: Whose<'_>) {
    let ahead = Ahead {
        whose,
        kinds: &[Kind::Customer, Kind::Nodes],
        windows: &[0, WEEK, WEEK + 2],
        shared: &|| vec![account(BUDGET)],
    };
    run(view.foresee(&ahead)).unwrap();
}

#[test]
fn what_is_told_ahead_is_answered_alike() {
    on_each_engine(|store| {
        fill(store);
        for (key, number) in [(KEY, ANN), (b"lost", ANN + 1), (b"nobody", 3)] {
            let plain = answers(&mut store.view(SHOP).unwrap(), key, number);
            for whose in [Whose::Key(Index::Identifier, key), Whose::Number(number)] {
                let mut view = store.view(SHOP).unwrap();
                foresee(&mut view, whose);
                assert_eq!(answers(&mut view, key, number), plain, "{whose:?}");
                // What was not told is asked all the same.
                let other = run(view.account(own(WEEK + 1))).unwrap();
                assert!(other.is_some());
                let plain = run(store.view(SHOP).unwrap().get(Kind::Voucher, ANN));
                assert_eq!(run(view.get(Kind::Voucher, ANN)), plain);
            }
        }
    });
}

/// How long the client has nothing to say before it is answered.
const QUIET: Duration = Duration::from_millis(50);

/// Forwards everything, and counts how often the client waits for an answer: it gets none before it
/// has said all that it says without one.
async fn counted(to: String, listener: TcpListener, trips: Arc<AtomicUsize>) {
    while let Ok((client, _)) = listener.accept().await {
        let server = TcpStream::connect(&to).await.unwrap();
        tokio::spawn(answer_late((client, server), Arc::clone(&trips)));
    }
}

async fn answer_late((mut client, mut server): (TcpStream, TcpStream), trips: Arc<AtomicUsize>) {
    let (mut asked, mut answered) = ([0; 65_536], [0; 65_536]);
    let mut held = Vec::new();
    let mut is_asked = false;
    let mut answer_at = Instant::now();
    loop {
        tokio::select! {
            biased;
            read = client.read(&mut asked) => {
                let asked = &asked[..read.unwrap_or(0)];
                if asked.is_empty() || server.write_all(asked).await.is_err() {
                    return;
                }
                is_asked = true;
                answer_at = Instant::now() + QUIET;
            }
            read = server.read(&mut answered) => {
                let answered = &answered[..read.unwrap_or(0)];
                if answered.is_empty() {
                    return;
                }
                held.extend_from_slice(answered);
            }
            () = tokio::time::sleep_until(answer_at), if !held.is_empty() => {
                trips.fetch_add(usize::from(is_asked), Ordering::SeqCst);
                is_asked = false;
                if client.write_all(&std::mem::take(&mut held)).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn behind_counter(database: &Database) -> (Store, Arc<AtomicUsize>) {
    let trips = Arc::new(AtomicUsize::new(0));
    let store = behind(database, |to, listener| {
        counted(to, listener, Arc::clone(&trips))
    });
    (store, trips)
}

fn pause(ms: u64) {
    run(async { tokio::time::sleep(Duration::from_millis(ms)).await });
}

#[test]
fn all_that_a_decision_reads_is_one_round_trip() {
    let Some(database) = database() else {
        return;
    };
    let (store, trips) = behind_counter(&database);
    fill(&store);
    let asked = |is_ahead: bool| {
        let before = trips.load(Ordering::SeqCst);
        let mut view = store.view(SHOP).unwrap();
        if is_ahead {
            foresee(&mut view, Whose::Key(Index::Identifier, KEY));
        }
        answers(&mut view, KEY, ANN);
        let spent = trips.load(Ordering::SeqCst) - before;
        drop(view);
        // What ends the view is on its way beside whatever is asked next.
        pause(150);
        spent
    };
    // The first of each prepares its statements.
    let (_, _) = (asked(true), asked(false));
    for _ in 0..2 {
        assert_eq!(asked(true), 1);
        // Each question one, and that of the shared balance over a connection of its own.
        let plain = asked(false);
        assert!(plain >= 4, "{plain}");
        // By then the balance that all share is read anew.
        pause(260);
    }
}
