//! Does the proxy do to a connection what it is told to? A database that speaks a few messages is
//! on the other side.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use super::{
    messages::{First, Message, NO_PORTAL, first},
    *,
};

/// What the database was told: kinds, `x` for an Execute of no portal, and `.` at the end.
type Told = mpsc::UnboundedReceiver<char>;

async fn database() -> (String, Told) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(speak(stream, tell.clone()));
        }
    });
    (format!("postgres://user@{address}/db"), told)
}

async fn speak(mut stream: TcpStream, tell: mpsc::UnboundedSender<char>) {
    let First::Start(_) = first(&mut stream).await.unwrap() else {
        panic!("the proxy answers for TLS itself");
    };
    say(&mut stream, b'Z', b"I").await;
    let mut has_failed = false;
    while let Ok(Some(message)) = Message::read(&mut stream).await {
        let is_missing = message.body.starts_with(NO_PORTAL.as_bytes());
        let is_missing = is_missing && message.kind == b'E';
        tell.send(if is_missing {
            'x'
        } else {
            char::from(message.kind)
        })
        .unwrap();
        match message.kind {
            b'S' => {
                let state: &[u8] = if has_failed { b"E" } else { b"T" };
                say(&mut stream, b'Z', state).await;
                has_failed = false;
            }
            _ if has_failed => {}
            b'E' if is_missing => {
                has_failed = true;
                let text = format!("SERROR\0C34000\0Mportal \"{NO_PORTAL}\" does not exist\0\0");
                say(&mut stream, b'E', text.as_bytes()).await;
            }
            b'P' => say(&mut stream, b'1', b"").await,
            b'B' => say(&mut stream, b'2', b"").await,
            b'E' => say(&mut stream, b'C', b"SELECT 1\0").await,
            _ => {
                say(&mut stream, b'C', b"COMMIT\0").await;
                say(&mut stream, b'Z', b"I").await;
            }
        }
    }
    tell.send('.').unwrap();
}

async fn say(stream: &mut TcpStream, kind: u8, body: &[u8]) {
    let message = Message {
        kind,
        body: body.to_vec(),
    };
    // The proxy may have cut it off, which is what some tests want.
    let _ = stream.write_all(&message.bytes()).await;
}

/// A client after its start.
async fn client(proxy: &Proxy) -> TcpStream {
    let (host, ..) = host(proxy.address()).unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    // TLS, which there is not, and then version 3.0.
    stream
        .write_all(&[0, 0, 0, 8, 4, 210, 22, 47])
        .await
        .unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'N');
    stream.write_all(&[0, 0, 0, 8, 0, 3, 0, 0]).await.unwrap();
    assert_eq!(heard(&mut stream).await, "Z");
    stream
}

/// The kinds of what comes until the database is ready, `.` where the connection ends; an error
/// with its state.
async fn heard(stream: &mut TcpStream) -> String {
    let mut kinds = String::new();
    loop {
        match Message::read(stream).await {
            Ok(Some(Message { kind: b'E', body })) => {
                let text = String::from_utf8(body).unwrap();
                let state = text.split('\0').find_map(|field| field.strip_prefix('C'));
                kinds.push_str(state.unwrap());
            }
            Ok(Some(Message { kind, .. })) => kinds.push(char::from(kind)),
            Ok(None) | Err(_) => return kinds + ".",
        }
        if kinds.ends_with('Z') {
            return kinds;
        }
    }
}

/// Parse, Bind, Execute and Sync of one statement.
async fn run_statement(stream: &mut TcpStream, text: &str) {
    say(stream, b'P', format!("s\0{text}\0\0\0").as_bytes()).await;
    say(stream, b'B', b"p\0s\0\0\0\0\0\0\0").await;
    say(stream, b'E', b"p\0\0\0\0\0").await;
    say(stream, b'S', b"").await;
}

async fn simply(stream: &mut TcpStream, text: &str) {
    say(stream, b'Q', format!("{text}\0").as_bytes()).await;
}

/// What the database was told so far, up to and including this.
async fn told_until(told: &mut Told, last: char) -> String {
    let mut all = String::new();
    while let Some(one) = told.recv().await {
        all.push(one);
        if one == last {
            break;
        }
    }
    all
}

async fn proxy(trouble: Option<Trouble>) -> (Proxy, Told) {
    let (database, told) = database().await;
    let proxy = Proxy::before(&database, 7).await.unwrap();
    proxy.set(trouble);
    (proxy, told)
}

#[tokio::test]
async fn without_trouble_all_is_passed_on() {
    let delay = Trouble::Delay {
        most: Duration::from_millis(2),
    };
    for trouble in [None, Some(delay)] {
        let (proxy, mut told) = proxy(trouble).await;
        let mut client = client(&proxy).await;
        run_statement(&mut client, "SELECT 1").await;
        assert_eq!(heard(&mut client).await, "12CZ");
        simply(&mut client, "COMMIT").await;
        assert_eq!(heard(&mut client).await, "CZ");
        drop(client);
        assert_eq!(told_until(&mut told, '.').await, "PBESQ.");
    }
}

#[tokio::test]
async fn a_cut_ends_both_sides() {
    let (proxy, mut told) = proxy(Some(Trouble::Cut { one_in: 1 })).await;
    let mut client = client(&proxy).await;
    simply(&mut client, "SELECT 1").await;
    assert_eq!(heard(&mut client).await, ".");
    assert_eq!(told_until(&mut told, '.').await, ".");
}

#[tokio::test]
async fn a_half_closed_connection_tells_the_database_first() {
    let (proxy, mut told) = proxy(Some(Trouble::HalfClose { one_in: 1 })).await;
    let mut client = client(&proxy).await;
    simply(&mut client, "SELECT 1").await;
    assert_eq!(told_until(&mut told, '.').await, ".");
    assert_eq!(heard(&mut client).await, ".");
}

#[tokio::test]
async fn a_commit_arrives_and_its_answer_does_not() {
    for is_simple in [true, false] {
        let (proxy, mut told) = proxy(Some(Trouble::CutAfterCommit { one_in: 1 })).await;
        let mut client = client(&proxy).await;
        run_statement(&mut client, "SELECT 1").await;
        assert_eq!(heard(&mut client).await, "12CZ");
        if is_simple {
            simply(&mut client, "  commit").await;
            assert_eq!(heard(&mut client).await, ".");
            assert_eq!(told_until(&mut told, '.').await, "PBESQ.");
        } else {
            run_statement(&mut client, "COMMIT").await;
            // What was prepared before may be heard of still, what was done is not.
            let heard = heard(&mut client).await;
            assert!("12.".ends_with(heard.trim_start_matches('1')), "{heard}");
            assert_eq!(told_until(&mut told, '.').await, "PBESPBE.");
        }
    }
}

#[tokio::test]
async fn a_refused_statement_fails_on_both_sides() {
    let (proxy, mut told) = proxy(Some(Trouble::Refuse { one_in: 1 })).await;
    let mut client = client(&proxy).await;
    simply(&mut client, "BEGIN").await;
    assert_eq!(heard(&mut client).await, "CZ");
    run_statement(&mut client, "UPDATE account").await;
    assert_eq!(heard(&mut client).await, "1240001Z");
    simply(&mut client, "ROLLBACK").await;
    assert_eq!(heard(&mut client).await, "CZ");
    // The session goes on.
    proxy.set(None);
    run_statement(&mut client, "UPDATE account").await;
    assert_eq!(heard(&mut client).await, "12CZ");
    drop(client);
    assert_eq!(told_until(&mut told, '.').await, "QPBxSQPBES.");
}

#[test]
fn the_host_is_found_in_an_address() {
    for (address, expected) in [
        ("postgres://a:b@h:1/db", Some("h:1")),
        ("postgres://h/db?x=y", Some("h:5432")),
        ("postgresql://h?x=y", Some("h:5432")),
        ("postgres:///db", None),
        ("h:1", None),
    ] {
        let found = host(address).ok().map(|(host, ..)| host);
        assert_eq!(found.as_deref(), expected, "{address}");
    }
}

#[test]
fn every_trouble_comes_up() {
    let kinds = (0..40).map(|drawn| std::mem::discriminant(&Trouble::of(drawn)));
    let kinds: std::collections::HashSet<_> = kinds.collect();
    assert_eq!(kinds.len(), 5);
}
