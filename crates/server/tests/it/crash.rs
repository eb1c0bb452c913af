//! The server is killed at random moments under load, again and again. After each restart the books
//! balance, nothing that was acknowledged is missing, and nothing is counted twice.

use std::{
    collections::BTreeSet,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use offers::{CampaignId, chart};
use serde_json::{Value, json};
use server::{client::Client, setup::SANDBOX};
use simulation::Chance;
use tokio::{sync::Mutex, task::JoinSet, time::sleep};

use crate::place::Place;

/// So often it is killed.
const KILLS: u32 = 50;
const CALLERS: u32 = 6;
/// What one redemption takes off, in cents.
const OFF: u64 = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_is_durable() {
    let place = Place::new();
    let key = new_key(&place);
    let port = free_port();
    let client = Client::new(&format!("http://127.0.0.1:{port}"), &key);
    let chance = Chance::new(4);
    let mut server = start(&place, port);
    ready(&client).await;
    let campaign = set_up(&client).await;
    let load = Load::new(client.clone());
    for kill in 0..KILLS {
        let callers = load.begin();
        let wait = 20 + chance.below(130, (kill, 0, 0));
        sleep(Duration::from_millis(wait)).await;
        server.kill().unwrap();
        server.wait().unwrap();
        callers.join_all().await;
        audited(&place, campaign, &load).await;
        server = start(&place, port);
        ready(&client).await;
        load.retry().await;
    }
    server.kill().unwrap();
    server.wait().unwrap();
    let spent = audited(&place, campaign, &load).await;
    let acknowledged = load.acknowledged.lock().await.len() as u64;
    assert_eq!(spent, acknowledged * OFF, "each order counts once");
    assert!(
        acknowledged > u64::from(KILLS),
        "there was load: {acknowledged}"
    );
}

#[tokio::test]
async fn a_log_that_cannot_be_written_costs_no_answer() {
    let place = Place::new();
    let key = new_key(&place);
    let port = free_port();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let mut server = serving(&place, port)
        .env("PROFFER_LOG", "info")
        .stderr(full.unwrap())
        .spawn()
        .unwrap();
    let client = Client::new(&format!("http://127.0.0.1:{port}"), &key);
    ready(&client).await;
    set_up(&client).await;
    server.kill().unwrap();
    server.wait().unwrap();
}

/// Orders that were answered, and orders of which nobody knows whether they were.
struct Load {
    client: Client,
    next: AtomicU64,
    acknowledged: Mutex<BTreeSet<u64>>,
    unknown: Mutex<BTreeSet<u64>>,
}

impl Load {
    fn new(client: Client) -> Arc<Self> {
        Arc::new(Self {
            client,
            next: AtomicU64::new(1),
            acknowledged: Mutex::default(),
            unknown: Mutex::default(),
        })
    }

    /// Callers that redeem one order after the other until the server is gone.
    fn begin(self: &Arc<Self>) -> JoinSet<()> {
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let load = self.clone();
            callers.spawn(async move { while load.redeem_next().await {} });
        }
        callers
    }

    async fn redeem_next(&self) -> bool {
        let order = self.next.fetch_add(1, Ordering::Relaxed);
        self.unknown.lock().await.insert(order);
        self.redeem(order).await
    }

    async fn redeem(&self, order: u64) -> bool {
        let body = json!({
            "redeemables": [{"object": "voucher", "id": "CRASH"}],
            "order": {"source_id": format!("o-{order}"), "amount": 1_000}
        });
        match self.client.post("/v1/redemptions", &body).await {
            Ok((status, answer)) => {
                assert_eq!(status, 200, "{answer}");
                self.unknown.lock().await.remove(&order);
                self.acknowledged.lock().await.insert(order);
                true
            }
            Err(_) => false,
        }
    }

    /// What a shop does after a broken connection: it asks again.
    async fn retry(&self) {
        let unknown: Vec<u64> = self.unknown.lock().await.iter().copied().collect();
        for order in unknown {
            assert!(self.redeem(order).await);
        }
    }
}

/// Opens the store as a restart does, checks it whole, and gives back what the budget spent.
async fn audited(place: &Place, campaign: CampaignId, load: &Load) -> u64 {
    let store = place.open().await;
    let audit = store.audit().await.unwrap();
    assert!(audit.is_clean(), "{audit:?}");
    let budget = store
        .account(SANDBOX, chart::budget(campaign))
        .await
        .unwrap();
    let spent = budget.map_or(0, |account| account.debits.posted);
    let acknowledged = load.acknowledged.lock().await.len() as u64;
    let unknown = load.unknown.lock().await.len() as u64;
    assert!(
        spent >= acknowledged * OFF,
        "{spent} for {acknowledged} acknowledged"
    );
    assert!(
        spent <= (acknowledged + unknown) * OFF,
        "{spent}: something counted twice"
    );
    store.close().await.unwrap();
    spent
}

async fn set_up(client: &Client) -> CampaignId {
    let campaign = json!({
        "name": "Crash",
        "campaign_type": "DISCOUNT_COUPONS",
        "voucher": {
            "type": "DISCOUNT_VOUCHER",
            "discount": {"type": "AMOUNT", "amount_off": OFF},
            "redemption": {"quantity": null}
        },
        "proffer": {"budget": 100_000_000, "currency": "EUR"}
    });
    let (status, made) = client.post("/v1/campaigns", &campaign).await.unwrap();
    assert_eq!(status, 200, "{made}");
    let id = made.pointer("/id").and_then(Value::as_str).unwrap();
    let path = format!("/v1/campaigns/{id}/vouchers/CRASH");
    let (status, answer) = client.post(&path, &json!({})).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    CampaignId(wire::ids::parse(wire::ids::Tag::Campaign, id).unwrap())
}

fn new_key(place: &Place) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_proffer"))
        .args(["key", "--sandbox"])
        .args(place.words())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn start(place: &Place, port: u16) -> Child {
    let mut command = serving(place, port);
    command.env("PROFFER_LOG", "error").spawn().unwrap()
}

fn serving(place: &Place, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_proffer"));
    command
        .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
        .args(place.words())
        .stdout(Stdio::null());
    command
}

async fn ready(client: &Client) {
    for _ in 0..500 {
        if client
            .get("/readyz")
            .await
            .is_ok_and(|(status, _)| status == 200)
        {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("the server does not come up");
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
