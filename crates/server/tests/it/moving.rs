//! What whoever moves or restores a store relies on: the two commands by themselves, from a server
//! that goes on serving, and a copy put back in the place of a store that was killed.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::http::StatusCode;
use serde_json::json;
use server::client::Client;
use store::{Kind, moving};
use tokio::time::sleep;

use crate::{
    place::{Folder, Place, is_sqlites},
    shop::{NOON, Shop},
};

fn proffer(arguments: &[&str], place: &Place) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_proffer"));
    command.args(arguments).args(place.words());
    command.env_remove("PROFFER_STORE").output().unwrap()
}

fn export(place: &Place, to: &Path) -> Output {
    proffer(&["export", "--to", to.to_str().unwrap()], place)
}

fn import(from: &Path, place: &Place) -> Output {
    proffer(&["import", "--from", from.to_str().unwrap()], place)
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// It ended with 1 and one sentence that says this.
fn refused(output: &Output, what: &str) {
    let told = told(output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains(what), "{told}");
    assert!(
        told.starts_with("proffer: ") && told.lines().count() == 1,
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_goes_on_serving_is_moved_as_of_one_moment() {
    let shop = Shop::start().await;
    shop.percent_off("Spring", 10, json!({"budget": 1_000_000}))
        .await;
    let stop = Arc::new(AtomicBool::new(false));
    let decided = Arc::new(AtomicU64::new(0));
    let traffic = {
        let (client, stop, decided) = (shop.noon(), stop.clone(), decided.clone());
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let number = decided.fetch_add(1, Ordering::Relaxed);
                let id = format!("c-{number}");
                let body = json!({"source_id": id});
                let (status, answer) = client.post("/v1/customers", &body).await.unwrap();
                assert_eq!(status, StatusCode::OK, "{answer}");
            }
        })
    };
    while decided.load(Ordering::Relaxed) < 5 {
        sleep(Duration::from_millis(5)).await;
    }
    let (folder, place) = (Folder::new(), Place::new());
    let file = folder.0.join("all.proffer");
    // The server goes on meanwhile.
    let moved = tokio::task::block_in_place(|| {
        let exported = export(&shop.place, &file);
        assert!(exported.status.success(), "{}", told(&exported));
        assert!(told(&exported).contains(" rows of "), "{exported:?}");
        import(&file, &place)
    });
    assert!(moved.status.success(), "{}", told(&moved));
    assert!(told(&moved).contains("compared and audited"), "{moved:?}");
    assert_eq!(
        told(&moved).lines().count(),
        1,
        "quiet where nobody watches"
    );
    stop.store(true, Ordering::Relaxed);
    traffic.await.unwrap();
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let store = place.open().await;
    assert!(store.audit().await.unwrap().is_clean());
    let customers = store.count_records(server::setup::SANDBOX, Kind::Customer);
    let customers = customers.await.unwrap();
    assert!((5..=decided.load(Ordering::Relaxed)).contains(&customers));
    store.close().await.unwrap();
    let server = Served::start(&place).await;
    let client = Client::new(&server.base, &shop.sandbox_key)
        .with("proffer-now", &wire::time::format(NOON).unwrap());
    let (status, found) = client.get("/v1/campaigns/Spring").await.unwrap();
    assert_eq!(status, StatusCode::OK, "{found}");
    let (status, found) = client.get("/v1/customers/c-0").await.unwrap();
    assert_eq!(status, StatusCode::OK, "{found}");
}

#[test]
fn nothing_is_written_over_and_every_refusal_is_a_sentence() {
    let folder = Folder::new();
    let at = |name: &str| folder.0.join(name);
    let (place, new, file) = (Place::new(), Place::new(), at("all.proffer"));
    assert!(proffer(&["key"], &place).status.success());
    assert!(export(&place, &file).status.success());
    let before = fs::read(&file).unwrap();
    refused(&export(&place, &file), "exists already");
    assert!(fs::read(&file).unwrap() == before);
    refused(&import(&at("fiel"), &new), "No such file");
    refused(&import(&file, &place), "an import needs an empty store");
    let damaged = at("damaged");
    let mut bytes = before.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&damaged, bytes).unwrap();
    refused(&import(&damaged, &new), "the file is damaged in stretch ");
    fs::write(&damaged, &before[..middle]).unwrap();
    refused(&import(&damaged, &new), "was cut short");
    assert!(import(&file, &new).status.success());
    refused(&import(&file, &new), "an import needs an empty store");
    let again = at("again");
    assert!(export(&new, &again).status.success());
    let after = fs::read(&again).unwrap();
    // Apart from the time in the header, and its checksum.
    let differ = before.iter().zip(&after).filter(|(a, b)| a != b).count();
    assert!(before.len() == after.len() && differ <= 8 + 8, "{differ}");
    let mistyped = proffer(&["import", "--form", "x"], &new);
    assert_eq!(mistyped.status.code(), Some(2));
}

#[test]
fn a_name_that_was_mistyped_makes_no_store() {
    if is_sqlites("folders that are not there") {
        return;
    }
    let folder = Folder::new();
    let at = |name: &str| folder.0.join(name);
    let place = |name: &str| Place::Folder(Folder(at(name)));
    let (missing, new, file) = (place("dtaa"), place("new"), at("all.proffer"));
    refused(&export(&missing, &file), "there is no store in");
    assert!(!file.exists() && !at("dtaa").exists());
    refused(&import(&at("fiel"), &new), "No such file");
    assert!(!at("new").exists());
}

/// The first process was killed when one stretch was durable.
#[tokio::test]
async fn half_a_store_is_served_by_nobody_until_its_import_has_ended() {
    let folder = Folder::new();
    let (place, half) = (Place::new(), Place::new());
    let file = folder.0.join("all.proffer");
    assert!(proffer(&["key"], &place).status.success());
    assert!(export(&place, &file).status.success());
    let store = half.open().await;
    let begun = tokio::spawn({
        let (store, file) = (store.clone(), file.clone());
        async move {
            let mut stretches = 0;
            let mut look = |progress: moving::Progress| {
                stretches += u32::from(progress.step == moving::Step::Importing);
                if stretches == 1 {
                    std::panic::resume_unwind(Box::new("killed"));
                }
            };
            let _ = moving::import(&store, (&file, NOON), &mut look).await;
        }
    });
    assert!(begun.await.unwrap_err().is_panic());
    assert_eq!(store.importing().await.unwrap().unwrap().done, 1);
    store.close().await.unwrap();
    let sentence = "an import into this store was begun and has not ended";
    refused(&proffer(&["serve"], &half), sentence);
    refused(&proffer(&["key"], &half), sentence);
    refused(&export(&half, &folder.0.join("no")), sentence);
    assert!(import(&file, &half).status.success());
    let keys = proffer(&["keys"], &half);
    assert_eq!(String::from_utf8(keys.stdout).unwrap().lines().count(), 1);
}

/// As the page for operators says: stop, take the log away, put the copy in its place, start.
#[tokio::test]
async fn a_backup_is_put_back_in_the_place_of_a_store_that_was_killed() {
    if is_sqlites("files that are put back") {
        return;
    }
    let folder = Folder::new();
    let (data, copy) = (folder.0.join("data"), folder.0.join("copy.db"));
    let place = Place::Folder(Folder(data.clone()));
    let key = proffer(&["key"], &place).stdout;
    let key = String::from_utf8(key).unwrap().trim().to_owned();
    let mut server = Served::start(&place).await;
    let client = Client::new(&server.base, &key);
    let add = async |id: &str| {
        let (status, answer) = client
            .post("/v1/customers", &json!({"source_id": id}))
            .await
            .unwrap();
        assert_eq!(status, StatusCode::OK, "{answer}");
    };
    add("before").await;
    let backup = proffer(&["backup", "--to", copy.to_str().unwrap()], &place);
    assert!(backup.status.success(), "{}", told(&backup));
    add("after").await;
    server.kill();
    assert!(data.join("proffer.db-wal").metadata().unwrap().len() > 0);
    for suffix in ["", "-wal", "-shm"] {
        fs::remove_file(data.join(format!("proffer.db{suffix}"))).unwrap();
    }
    fs::copy(&copy, data.join("proffer.db")).unwrap();
    let server = Served::start(&place).await;
    let client = Client::new(&server.base, &key);
    let status = async |id: &str| {
        let path = format!("/v1/customers/{id}");
        client.get(&path).await.unwrap().0
    };
    assert_eq!(status("before").await, StatusCode::OK);
    assert_eq!(status("after").await, StatusCode::NOT_FOUND);
}

/// The server as a process, killed with its test.
struct Served {
    process: Child,
    base: String,
}

impl Served {
    async fn start(place: &Place) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let process = Command::new(env!("CARGO_BIN_EXE_proffer"))
            .args(["serve", "--listen", &address])
            .args(place.words())
            .env("PROFFER_LOG", "error")
            .env_remove("PROFFER_STORE")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let base = format!("http://{address}");
        let served = Self { process, base };
        let client = Client::new(&served.base, "nobody");
        for _ in 0..500 {
            if client.get("/readyz").await.is_ok() {
                return served;
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("it does not come up");
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
