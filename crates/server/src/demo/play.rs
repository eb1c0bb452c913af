//! How does a day go? Visitors are decided upon, shown what they get, buy or leave, and the shop
//! reports it all.

use std::collections::HashMap;

use axum::http::StatusCode;
use serde_json::{Value, json};
use simulation::{Shop, Shopper, Visit};
use tokio::task::JoinSet;

use super::shelf;
use crate::client::Client;

/// Calls under way at once: the writer saves the commands of all of them together.
const AT_ONCE: usize = 48;
/// Events in one batch.
const BATCH: usize = 400;
/// The bandit learns this often.
const LEARN_EVERY_DAYS: u32 = 7;
/// How long a code stays in a shopper's pocket: as the campaigns say.
const CODE_MS: i64 = 4 * simulation::DAY_MS;

/// The shop, its server, and the codes in people's pockets.
pub struct Days {
    client: Client,
    shop: Shop,
    start: i64,
    pocket: HashMap<u32, Code>,
    visits: u64,
}

#[derive(Clone)]
struct Code {
    code: String,
    until: i64,
}

/// A visitor with the code they may use and what it is worth on this cart.
struct Shown {
    visit: Visit,
    code: Option<Code>,
    worth: u64,
}

impl Days {
    pub fn new(client: Client, shop: Shop, start: i64) -> Self {
        Self {
            client,
            shop,
            start,
            pocket: HashMap::new(),
            visits: 0,
        }
    }

    pub fn visits(&self) -> u64 {
        self.visits
    }

    /// What the offers truly earned, in cents: known to a simulator alone.
    pub fn truth(&self) -> i64 {
        self.shop.truth(|_| true)
    }

    /// Campaigns, policy, and everybody's account with the consent they gave.
    pub async fn set_up(&self) -> Result<(), String> {
        let mut ids = Vec::new();
        for campaign in shelf::campaigns() {
            let made = self.call(self.start, "/v1/campaigns", &campaign).await?;
            if campaign.get("voucher").is_some() {
                ids.push(text(&made, "/id"));
            }
        }
        let (status, answer) = self.client.put("/v1/policy", &shelf::policy(&ids)).await?;
        expect_ok("/v1/policy", status, &answer)?;
        let people = self.shop.shoppers.iter().zip(0_u32..);
        let events = people.map(|(shopper, number)| shelf::identify(number, shopper));
        self.report(self.start, events.collect()).await
    }

    pub async fn play_one(&mut self) -> Result<(), String> {
        let evening = self.start + i64::from(self.shop.day() + 1) * simulation::DAY_MS - 1;
        let visits = self.shop.open();
        self.visits += visits.len() as u64;
        let coming = visits
            .iter()
            .filter_map(|visit| Some((visit, self.shopper(visit)?)));
        let views = coming.flat_map(|(visit, shopper)| shelf::viewed(visit, shopper));
        self.report(evening, views.collect()).await?;
        let shown = self.decide(visits).await?;
        let buying = self.buying(shown);
        let bought = self.redeem(buying).await?;
        let mut orders = Vec::new();
        for (visit, discount) in &bought {
            let shopper = self.shopper(visit);
            orders.extend(shopper.map(|one| shelf::completed(visit, *discount, one)));
            self.shop.bought(visit, *discount);
        }
        self.report(evening, orders).await?;
        self.shop.close();
        if self.shop.day().is_multiple_of(LEARN_EVERY_DAYS) {
            self.call(evening, "/v1/policy/learn", &json!({})).await?;
        }
        Ok(())
    }

    fn shopper(&self, visit: &Visit) -> Option<&Shopper> {
        self.shop.shoppers.get(visit.shopper as usize)
    }

    /// What each visitor is shown: a code from their pocket, a new one, or nothing.
    async fn decide(&mut self, visits: Vec<Visit>) -> Result<Vec<Shown>, String> {
        let mut waiting: Vec<(Visit, Option<Code>)> = visits
            .into_iter()
            .map(|visit| {
                let held = self
                    .pocket
                    .get(&visit.shopper)
                    .filter(|code| code.until > visit.at);
                let held = held.cloned();
                (visit, held)
            })
            .collect();
        let mut shown = Vec::with_capacity(waiting.len());
        let mut calls = JoinSet::new();
        while !waiting.is_empty() || !calls.is_empty() {
            while calls.len() < AT_ONCE
                && let Some((visit, held)) = waiting.pop()
            {
                calls.spawn(show(self.client.clone(), visit, held));
            }
            if let Some(done) = calls.join_next().await {
                shown.push(done.map_err(|error| error.to_string())??);
            }
        }
        for one in &shown {
            if let Some(code) = &one.code {
                self.pocket.insert(one.visit.shopper, code.clone());
            }
        }
        shown.sort_by_key(|one| one.visit.shopper);
        Ok(shown)
    }

    fn buying(&mut self, shown: Vec<Shown>) -> Vec<Shown> {
        shown
            .into_iter()
            .filter(|one| self.shop.shown(&one.visit, one.worth))
            .collect()
    }

    /// Pays: with the code where there is one that is worth something.
    async fn redeem(&mut self, buying: Vec<Shown>) -> Result<Vec<(Visit, u64)>, String> {
        let mut bought = Vec::with_capacity(buying.len());
        let mut calls = JoinSet::new();
        let mut waiting = buying;
        while !waiting.is_empty() || !calls.is_empty() {
            while calls.len() < AT_ONCE
                && let Some(one) = waiting.pop()
            {
                calls.spawn(pay(self.client.clone(), one));
            }
            if let Some(done) = calls.join_next().await {
                let (visit, discount) = done.map_err(|error| error.to_string())??;
                if discount > 0 {
                    self.pocket.remove(&visit.shopper);
                }
                bought.push((visit, discount));
            }
        }
        bought.sort_by_key(|(visit, _)| visit.shopper);
        Ok(bought)
    }

    async fn report(&self, now: i64, events: Vec<Value>) -> Result<(), String> {
        for batch in events.chunks(BATCH) {
            self.call(now, "/v1/batch", &json!({"batch": batch}))
                .await?;
        }
        Ok(())
    }

    async fn call(&self, now: i64, path: &str, body: &Value) -> Result<Value, String> {
        call(&self.client, now, (path, body)).await
    }
}

async fn call(client: &Client, now: i64, ask: (&str, &Value)) -> Result<Value, String> {
    let (path, body) = ask;
    let (status, answer) = client.post_at(now, path, body).await?;
    expect_ok(path, status, &answer)?;
    Ok(answer)
}

fn expect_ok(path: &str, status: StatusCode, answer: &Value) -> Result<(), String> {
    if status.is_success() {
        Ok(())
    } else {
        Err(format!("{path}: {status} {answer}"))
    }
}

/// Asks for a decision, and what its code would take off this cart.
async fn show(client: Client, visit: Visit, held: Option<Code>) -> Result<Shown, String> {
    let code = match held {
        Some(code) => Some(code),
        None => decide(&client, &visit).await?,
    };
    let worth = match &code {
        Some(code) => worth(&client, &visit, &code.code).await?,
        None => 0,
    };
    Ok(Shown { visit, code, worth })
}

async fn decide(client: &Client, visit: &Visit) -> Result<Option<Code>, String> {
    let body = json!({
        "customer": {"source_id": shelf::source_id(visit.shopper)},
        "order": shelf::order(visit),
        "placement": "cart"
    });
    let answer = call(client, visit.at, ("/v1/decisions", &body)).await?;
    let code = answer.pointer("/offer/code").and_then(Value::as_str);
    Ok(code.map(|code| Code {
        code: code.to_owned(),
        until: visit.at + CODE_MS,
    }))
}

fn redeeming(visit: &Visit, code: &str) -> Value {
    json!({
        "redeemables": [{"object": "voucher", "id": code}],
        "customer": {"source_id": shelf::source_id(visit.shopper)},
        "order": shelf::order(visit)
    })
}

async fn worth(client: &Client, visit: &Visit, code: &str) -> Result<u64, String> {
    let body = redeeming(visit, code);
    let answer = call(client, visit.at + 1_000, ("/v1/validations", &body)).await?;
    Ok(number(&answer, "/order/total_applied_discount_amount"))
}

async fn pay(client: Client, one: Shown) -> Result<(Visit, u64), String> {
    let Some(code) = one.code.filter(|_| one.worth > 0) else {
        return Ok((one.visit, 0));
    };
    let body = redeeming(&one.visit, &code.code);
    let at = one.visit.at + 300_000;
    let (status, answer) = client.post_at(at, "/v1/redemptions", &body).await?;
    // Refused at the till (the budget may just have gone): the full price is paid.
    let is_refused = status.is_client_error();
    if is_refused {
        return Ok((one.visit, 0));
    }
    expect_ok("/v1/redemptions", status, &answer)?;
    let discount = number(&answer, "/order/total_applied_discount_amount");
    Ok((one.visit, discount))
}

fn number(answer: &Value, pointer: &str) -> u64 {
    answer.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}

fn text(answer: &Value, pointer: &str) -> String {
    answer
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
