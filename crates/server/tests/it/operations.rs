//! What whoever runs it relies on: changes that race, clients that hang up, keys made while it
//! serves, stopping, and the command line's way with folders.

use std::{
    io::Write as _,
    net::TcpStream,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use axum::http::{Method, StatusCode};
use serde_json::json;
use server::{
    app::App,
    auth::Scope,
    client::Client,
    ids::Ids,
    setup::{self, LIVE, SANDBOX},
};
use store::{Settings, Store};
use tokio::time::sleep;

use crate::{
    place::{Folder, Place, is_sqlites},
    shop::{NOON, Shop},
};

fn proffer(arguments: &[&str], place: &Place) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_proffer"));
    command.args(arguments).args(place.words());
    command.output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_never_names_an_offer_that_is_gone() {
    let shop = Shop::start().await;
    shop.customer("ann").await;
    for turn in 0..30 {
        let name = format!("Gone {turn}");
        let id = shop.percent_off(&name, 10, json!({})).await;
        let policy = json!({"policy": {"kind": "ranked", "campaigns": [name]}});
        let path = format!("/v1/campaigns/{id}");
        let client = shop.noon();
        let key = [("x-app-token", shop.sandbox_key.as_str())];
        let (put, deleted) = tokio::join!(
            client.put("/v1/policy", &policy),
            shop.raw((Method::DELETE, &path), &key, "")
        );
        let (put, deleted) = (put.unwrap().0.is_success(), deleted.0.is_success());
        assert!(put != deleted, "one of both: put {put}, deleted {deleted}");
        shop.get(NOON, "/v1/policy").await;
        shop.decide(NOON, "ann").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_race_are_both_kept() {
    let shop = Shop::start().await;
    for turn in 0..20 {
        let currency = ["USD", "EUR"][turn % 2];
        let origin = format!("https://{turn}.example");
        let client = shop.noon();
        let (one, other) = (json!({"currency": currency}), json!({"origins": [origin]}));
        let (one, other) = tokio::join!(
            client.put("/v1/settings", &one),
            client.put("/v1/settings", &other)
        );
        assert_eq!(
            (one.unwrap().0, other.unwrap().0),
            (StatusCode::OK, StatusCode::OK)
        );
        let kept = shop.get(NOON, "/v1/settings").await;
        assert_eq!(kept["currency"], currency);
        assert_eq!(kept["origins"], json!([origin]));
    }
}

/// Whenever the caller goes, what is in memory is what is in the store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_hangs_up_leaves_nothing_old_in_force() {
    let shop = Shop::start().await;
    for turn in 0..60_u64 {
        shop.app.compiled(SANDBOX).await.unwrap();
        let (app, micros) = (shop.app.clone(), turn * 40);
        let call =
            tokio::spawn(async move { app.reconfigure(setup::writes(SANDBOX, Vec::new())).await });
        sleep(Duration::from_micros(micros)).await;
        call.abort();
        let _ = call.await;
        // Commands are applied in order: after this one, the aborted one is in or never comes.
        let after = setup::writes(SANDBOX, Vec::new());
        shop.app.store().submit(after).await.unwrap();
        let found = follows(&shop.app).await;
        assert!(found, "turn {turn}: what is in force is not what is kept");
    }
}

/// Whether memory follows the store, at once or soon.
async fn follows(app: &App) -> bool {
    for _ in 0..200 {
        let number = (store::Kind::Setting, server::setting::CONFIGURATION);
        let kept = app.store().get(SANDBOX, number.0, number.1).await.unwrap();
        let compiled = app.compiled(SANDBOX).await.unwrap();
        if compiled.snapshot.id.0 == kept.map_or(0, |record| record.version) {
            return true;
        }
        sleep(Duration::from_millis(5)).await;
    }
    false
}

#[tokio::test]
async fn a_key_made_or_revoked_by_another_process_is_so_here_soon() {
    let shop = Shop::start().await;
    let (status, _) = Client::new(&shop.base, "sk_live_nobody")
        .get("/v1/policy")
        .await
        .unwrap();
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let made = proffer(&["key", "--name", "later"], &shop.place);
    let key = String::from_utf8(made.stdout).unwrap();
    let client = Client::new(&shop.base, key.trim());
    answers(&client, StatusCode::OK).await;
    let listed = proffer(&["keys"], &shop.place);
    let listed = String::from_utf8(listed.stdout).unwrap();
    let line = listed.lines().find(|line| line.contains(" live later "));
    let number = line.and_then(|line| line.split(' ').next()).unwrap();
    let revoked = proffer(&["keys", "--revoke", number], &shop.place);
    assert!(revoked.status.success(), "{revoked:?}");
    answers(&client, StatusCode::UNAUTHORIZED).await;
    let again = proffer(&["keys", "--revoke", number], &shop.place);
    assert!(!again.status.success(), "{again:?}");
}

/// Soon, if not at once.
async fn answers(client: &Client, status: StatusCode) {
    for _ in 0..100 {
        if client.get("/v1/policy").await.unwrap().0 == status {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("{status}: never");
}

#[tokio::test]
async fn half_a_request_does_not_keep_the_server_from_stopping() {
    let place = Place::new();
    let made = proffer(&["key"], &place);
    let key = String::from_utf8(made.stdout).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut server = Command::new(env!("CARGO_BIN_EXE_proffer"))
        .args(["serve", "--grace", "1"])
        .args(["--listen", &address.to_string()])
        .args(place.words())
        .env("PROFFER_LOG", "error")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let client = Client::new(&format!("http://{address}"), key.trim());
    let begun = Instant::now();
    while client.get("/readyz").await.is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "it does not come up"
        );
        sleep(Duration::from_millis(20)).await;
    }
    let mut half = TcpStream::connect(address).unwrap();
    half.write_all(b"GET /healthz HTTP/1.1\r\nHo").unwrap();
    sleep(Duration::from_millis(100)).await;
    let pid = server.id().to_string();
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    let mut ended = None;
    for _ in 0..400 {
        ended = server.try_wait().unwrap();
        if ended.is_some() {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    server.kill().unwrap();
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
    drop(half);
}

#[tokio::test]
async fn only_serving_and_making_keys_make_a_store() {
    if is_sqlites("folders and backups") {
        return;
    }
    let folder = Folder::new();
    let (data, missing) = (folder.0.join("data"), folder.0.join("dtaa"));
    let (data, missing) = (Place::Folder(Folder(data)), Place::Folder(Folder(missing)));
    let made = proffer(&["key"], &data);
    assert!(made.status.success(), "{made:?}");
    let told = String::from_utf8(made.stderr).unwrap();
    assert!(told.contains(&data.words()[1]), "{told}");
    let copy = folder.0.join("copy.db");
    let to = copy.to_str().unwrap();
    for arguments in [
        ["backup", "--to", to].as_slice(),
        &["replay-decision", "dec_1"],
    ] {
        let failed = proffer(arguments, &missing);
        assert!(!failed.status.success(), "{failed:?}");
        let is_made = std::path::Path::new(&missing.words()[1]).exists();
        assert!(!is_made, "{arguments:?} made a folder");
    }
    assert!(!copy.exists());
    assert!(proffer(&["backup", "--to", to], &data).status.success());
    let store = Store::open(&copy, Settings::default()).unwrap();
    let app = App::start(store, None, Ids::fresh()).await.unwrap();
    assert_eq!(app.keys().len(), 1, "the copy holds the key");
    setup::new_key(&app, LIVE, "more", &[Scope::Decide])
        .await
        .unwrap();
    app.store().clone().close().await.unwrap();
    let before = std::fs::read(&copy).unwrap();
    let again = proffer(&["backup", "--to", to], &data);
    assert!(!again.status.success(), "{again:?}");
    assert_eq!(
        std::fs::read(&copy).unwrap(),
        before,
        "the file is as it was"
    );
}
