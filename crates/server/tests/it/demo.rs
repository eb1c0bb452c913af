//! The demo plays a shop through the public API, and what it measures holds what is true.

use std::{path::Path, process::Command};

use serde_json::Value;
use server::{app::App, demo::TRUTH, ids::Ids, reports, setup::SANDBOX};
use store::{Kind, Settings, Store};

use crate::shop::Folder;

/// Plays the demo and compares its interval with the simulator's own account.
async fn check(shoppers: u32, days: u32) {
    let name = format!("proffer-demo-it-{}-{shoppers}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(name));
    let output = Command::new(env!("CARGO_BIN_EXE_proffer"))
        .args(["demo", "--exit", "--listen", "127.0.0.1:0"])
        .args([
            "--shoppers",
            &shoppers.to_string(),
            "--days",
            &days.to_string(),
        ])
        .arg("--data")
        .arg(&folder.0)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (truth, app) = played(&folder.0).await;
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

async fn played(folder: &Path) -> (f64, App) {
    let store = Store::open(&folder.join("proffer.db"), Settings::default()).unwrap();
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
async fn the_interval_contains_the_truth() {
    check(500, 21).await;
}

#[tokio::test]
#[ignore = "takes a minute; run with the slow tests"]
async fn the_interval_of_the_whole_demo_contains_the_truth() {
    check(5_000, 90).await;
}
