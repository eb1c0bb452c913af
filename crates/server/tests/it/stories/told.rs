//! What do the answers of the API say in the words of a story?

use serde_json::Value;
use simulation::story::world::{Decided, Granted, Minor, Taken, Timestamp};

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub fn minor(value: &Value) -> Minor {
    value.as_u64().unwrap_or(0)
}

pub fn all(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A decision as its answer and its trace tell it.
pub fn decided(answer: &Value, trace: &Value) -> Decided {
    let fates = all(&trace["candidates"]);
    let fates = fates.map(|one| (text(&one["name"]), fate(one)));
    let told = all(&trace["explanation"]["shopper"]);
    Decided {
        offer: answer["offer"]["name"].as_str().map(str::to_owned),
        fates: fates.collect(),
        told: told.map(text).collect(),
    }
}

fn fate(candidate: &Value) -> String {
    match candidate["fate"].as_str() {
        Some(fate @ ("chosen" | "passed" | "withheld")) => fate.to_owned(),
        _ => text(&candidate["code"]),
    }
}

/// What a redeemable took, as the order after it tells.
pub fn taken(by: &str, order: &Value, result: &Value) -> Taken {
    let lines = all(&order["items"]).map(|item| minor(&item["applied_discount_amount"]));
    Taken {
        by: by.to_owned(),
        amount: minor(&order["total_applied_discount_amount"]),
        lines: lines.collect(),
        points: minor(&result["points"]),
    }
}

/// Why a row does not apply.
pub fn refusal(row: &Value) -> String {
    let result = &row["result"];
    if let Some(code) = result["error"]["proffer"]["code"].as_str() {
        return code.to_owned();
    }
    match result["details"]["key"].as_str() {
        Some("exclusion_rules_not_met") => "no_stack".to_owned(),
        Some(key) => key.to_owned(),
        None => row.to_string(),
    }
}

/// What a decision put in a wallet; codes given by hand are left out.
pub fn granted(grant: &Value) -> Option<Granted> {
    let id = grant["id"].as_str()?;
    let until = wire::time::parse(grant["expires_at"].as_str()?)?;
    id.starts_with("grant_").then(|| Granted {
        campaign: text(&grant["name"]),
        code: grant["code"].as_str().map(str::to_owned),
        until,
    })
}

/// A fact as a condition reads it.
pub fn fact(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// When what a session holds lapses.
pub fn held_until(session: &Value, now: Timestamp) -> Option<Timestamp> {
    let minutes = i64::try_from(session["ttl"].as_u64()?).ok()?;
    Some(now + minutes * 60_000)
}
