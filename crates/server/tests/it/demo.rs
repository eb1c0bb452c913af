//! The demo plays a shop through the public API, and what it measures holds what is true.

use std::process::{Command, Output};

use serde_json::Value;
use server::{
    app::{App, SYSTEM},
    auth::Scope,
    ids::Ids,
    reports,
    setting::TRUTH,
    setup::{self, LIVE, SANDBOX},
};
use store::Kind;

use crate::place::Place;

/// Plays the demo and compares its interval with the simulator's own account.
async fn check(shoppers: u32, days: u32) {
    let place = Place::new();
    let output = play(&place, (shoppers, days));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (truth, app) = played(&place).await;
    let readout = reports::readout(&app, SANDBOX).await.unwrap().unwrap();
    let treated: u64 = readout
        .n
        .iter()
        .filter(|(arm, _)| *arm != readout.against)
        .map(|n| n.1)
        .sum();
    let effect = readout.contrasts[0].effect.times(treated);
    assert!(
        effect.low <= truth && truth <= effect.high,
        "{effect:?} without {truth}"
    );
    assert!(
        effect.standard_error > 0.0 && truth != 0.0,
        "{effect:?} {truth}"
    );
    assert!(app.store().audit().await.unwrap().is_clean());
}

fn play(place: &Place, (shoppers, days): (u32, u32)) -> Output {
    Command::new(env!("CARGO_BIN_EXE_proffer"))
        .args(["demo", "--exit", "--listen", "127.0.0.1:0"])
        .args(["--shoppers", &shoppers.to_string()])
        .args(["--days", &days.to_string()])
        .args(place.words())
        .output()
        .unwrap()
}

async fn played(place: &Place) -> (f64, App) {
    let store = place.open().await;
    let record = store
        .get(SANDBOX, Kind::Setting, TRUTH)
        .await
        .unwrap()
        .unwrap();
    let body: Value = serde_json::from_slice(&record.body).unwrap();
    let truth = body["true_incremental_profit"].as_f64().unwrap();
    (truth, App::start(store, None, Ids::fresh()).await.unwrap())
}

#[tokio::test]
async fn it_is_not_played_where_somebody_is_served() {
    let place = Place::new();
    let app = App::start(place.open().await, None, Ids::fresh()).await;
    let app = app.unwrap();
    setup::new_key(&app, LIVE, "a shop's", &Scope::ALL)
        .await
        .unwrap();
    let refused = play(&place, (9, 1));
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.contains("needs an empty store"), "{told}");
    let keys = app.store().count_records(SYSTEM, Kind::ApiKey).await;
    assert_eq!(keys.unwrap(), 1);
}

#[tokio::test]
async fn the_interval_contains_the_truth() {
    check(500, 21).await;
}

#[tokio::test]
#[ignore = "takes a minute; run with the slow tests"]
async fn the_interval_of_the_whole_demo_contains_the_truth() {
    check(5_000, 90).await;
}
