//! How is an act asked over HTTP, and what does the answer say?

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::client::Client;
use simulation::workload::{Act, Answer, Command, FIRST_LOAD, GRANTED, Market, ORDER, name};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// An answer that takes longer is one that never came.
const PATIENCE: Duration = Duration::from_secs(5);
/// A hold lasts so many seconds: some end before they are used.
const HELD_SECONDS: u32 = 3;

/// Where a connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// After half of the request.
    Request,
    /// When the answer begins.
    Answer,
}

/// Asks once.
pub async fn ask(client: &Client, command: &Command) -> Answer {
    let (path, body) = request(&command.act);
    let client = client.with("idempotency-key", &command.key);
    match timeout(PATIENCE, client.post(&path, &body)).await {
        Ok(Ok((status, answer))) => heard(&command.act, (status, &answer)),
        Ok(Err(_)) | Err(_) => Answer::Unknown,
    }
}

/// Asks over a connection that breaks; whatever the server did, nobody hears of it.
pub async fn ask_cut((address, key): (&str, &str), command: &Command, cut: Cut) -> Answer {
    let (path, body) = request(&command.act);
    let body = body.to_string();
    let text = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\nidempotency-key: {}\r\ncontent-length: {}\r\n\r\n{body}",
        command.key,
        body.len()
    );
    // Nothing of it is of use but what the server does with it.
    let _ = timeout(PATIENCE, send_cut(address, text.as_bytes(), cut)).await;
    Answer::Unknown
}

async fn send_cut(address: &str, text: &[u8], cut: Cut) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    match cut {
        Cut::Request => {
            let half = text.get(..text.len() - text.len() / 8).unwrap_or_default();
            stream.write_all(half).await
        }
        Cut::Answer => {
            stream.write_all(text).await?;
            let mut one = [0; 1];
            stream.read(&mut one).await.map(|_| ())
        }
    }
}

/// Path and body.
fn request(act: &Act) -> (String, Value) {
    let till = |(shopper, code, order): (u32, &str, &str)| {
        json!({
            "redeemables": [{"object": "voucher", "id": code}],
            "customer": {"source_id": name(shopper)},
            "order": {"source_id": order, "amount": ORDER},
            "session": {"type": "LOCK", "key": order, "ttl": HELD_SECONDS, "ttl_unit": "SECONDS"}
        })
    };
    match act {
        Act::Identify { shopper } => {
            let allowed = json!({"personalise_offers": true, "measure": true});
            let body = json!({"source_id": name(*shopper), "consent": allowed});
            ("/v1/customers".into(), body)
        }
        Act::Decide { shopper } => {
            let body = json!({"customer": {"source_id": name(*shopper)}});
            ("/v1/decisions".into(), body)
        }
        Act::Hold {
            shopper,
            code,
            order,
        } => ("/v1/validations".into(), till((*shopper, code, order))),
        Act::Redeem {
            shopper,
            code,
            order,
        } => ("/v1/redemptions".into(), till((*shopper, code, order))),
        Act::Spend {
            shopper,
            card,
            order,
            credits,
        } => {
            let body = json!({
                "redeemables": [{"object": "voucher", "id": card, "gift": {"credits": credits}}],
                "customer": {"source_id": name(*shopper)},
                "order": {"source_id": order, "amount": ORDER}
            });
            ("/v1/redemptions".into(), body)
        }
        Act::Load { card, amount } => {
            let path = format!("/v1/vouchers/{card}/balance");
            (path, json!({"amount": amount}))
        }
        Act::RollBack { redemption } => {
            let path = format!("/v1/redemptions/{redemption}/rollback");
            (path, json!({}))
        }
    }
}

fn heard(act: &Act, (status, answer): (StatusCode, &Value)) -> Answer {
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Answer::Busy;
    }
    if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
        return Answer::Unknown;
    }
    if !status.is_success() {
        return refused(answer);
    }
    let is_valid = answer.pointer("/valid") == Some(&Value::Bool(true));
    match act {
        Act::Identify { .. } => Answer::Done,
        Act::Decide { .. } => match text(answer, "/offer/code") {
            none if none.is_empty() => Answer::Done,
            code => Answer::Granted { code },
        },
        Act::Hold { .. } if is_valid => Answer::Held,
        Act::Hold { .. } => {
            let error = answer.pointer("/inapplicable_redeemables/0/result/error");
            refused(error.unwrap_or(answer))
        }
        Act::Redeem { .. } | Act::Spend { .. } => Answer::Redeemed {
            id: text(answer, "/redemptions/0/id"),
            amount: answer.pointer("/redemptions/0").map_or(0, taken_off),
        },
        Act::Load { .. } => Answer::Loaded {
            balance: number(answer, "/balance").unwrap_or_default(),
        },
        Act::RollBack { .. } => Answer::RolledBack {
            id: text(answer, "/id"),
        },
    }
}

/// What a redemption took off its order, in cents.
pub fn taken_off(redemption: &Value) -> u64 {
    number(redemption, "/order/total_applied_discount_amount").unwrap_or_default()
}

/// The text at a place, empty where there is none.
pub fn text(value: &Value, place: &str) -> String {
    let found = value.pointer(place).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

pub fn number(value: &Value, place: &str) -> Option<u64> {
    value.pointer(place).and_then(Value::as_u64)
}

fn refused(answer: &Value) -> Answer {
    let places = ["/proffer/code", "/code", "/key"];
    let found = places
        .iter()
        .find_map(|place| answer.pointer(place).and_then(Value::as_str));
    let code = found.map_or_else(|| answer.to_string(), str::to_owned);
    Answer::Refused { code }
}

/// Makes all there is to redeem.
///
/// # Errors
/// What the server says instead.
pub async fn set_up(client: &Client, market: &Market) -> Result<(), String> {
    for one in &market.campaigns {
        let caps = [
            one.uses
                .map(|limit| json!({"reach": "campaign", "limit": limit})),
            one.uses_of_customer
                .map(|limit| json!({"reach": "customer", "limit": limit})),
        ];
        let caps: Vec<Value> = caps.into_iter().flatten().collect();
        let campaign = json!({
            "name": one.name,
            "campaign_type": "DISCOUNT_COUPONS",
            "voucher": {
                "type": "DISCOUNT_VOUCHER",
                "discount": {"type": "AMOUNT", "amount_off": one.off},
                "redemption": {"quantity": one.uses_of_code}
            },
            "proffer": {"budget": one.budget, "currency": "EUR", "caps": caps}
        });
        expect(client.post("/v1/campaigns", &campaign).await)?;
        for code in &one.codes {
            let path = format!("/v1/campaigns/{}/vouchers/{code}", one.name);
            expect(client.post(&path, &json!({})).await)?;
        }
    }
    for card in &market.cards {
        let gift = json!({"code": card, "type": "GIFT_VOUCHER", "gift": {"amount": FIRST_LOAD}});
        expect(client.post("/v1/vouchers", &gift).await)?;
    }
    let policy = json!({
        "policy": {"kind": "ranked", "campaigns": [GRANTED]}, "holdout_ppm": 0
    });
    expect(client.put("/v1/policy", &policy).await)?;
    for shopper in 0..simulation::workload::SHOPPERS {
        let (path, body) = request(&Act::Identify { shopper });
        expect(client.post(&path, &body).await)?;
    }
    Ok(())
}

/// The body of an answer that is a success.
///
/// # Errors
/// Any other answer.
pub fn expect(answer: Result<(StatusCode, Value), String>) -> Result<Value, String> {
    match answer? {
        (status, body) if status.is_success() => Ok(body),
        (status, body) => Err(format!("{status}: {body}")),
    }
}
