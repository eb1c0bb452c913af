//! What must stand before the first use? Households, campaigns with their rule, and codes.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use server::client::Client;
use wire::ids::{Tag, parse};

use super::{
    data::{Data, Mailing},
    orders::Asked,
};
use crate::shop::{Shop, ok};

/// Before the first campaign begins.
const BEFORE: &str = "2016-11-01T00:00:00.000Z";
/// What a code takes off where no real use of its campaign tells, in minor units.
const DEFAULT_AMOUNT: u64 = 100;

/// A campaign as the server knows it.
pub struct Standing {
    pub number: u64,
    /// What each use takes off, in minor units.
    pub amount: u64,
    /// What its metadata says, read back.
    pub kind: String,
}

/// Campaigns by the id they have in the data.
pub type Standings = BTreeMap<String, Standing>;

/// # Errors
/// When a call is refused.
pub async fn all(shop: &Shop, data: &Data, uses: &[Asked<'_>]) -> Result<Standings, String> {
    let client = &shop.client.with("proffer-now", BEFORE);
    for household in &data.households {
        let mailed: Vec<&str> = data
            .mailings
            .iter()
            .filter(|mailing| mailing.mailed.contains(household))
            .map(|mailing| mailing.id.as_str())
            .collect();
        // What is said of somebody who did not agree cannot be read by a rule.
        let body = json!({
            "source_id": household,
            "metadata": {"mailed": mailed},
            "consent": {"personalise_offers": true, "measure": true},
        });
        let answer = client.post("/v1/customers", &body).await?;
        ok("POST /v1/customers", answer)?;
    }
    let mut standings = Standings::new();
    for mailing in &data.mailings {
        let amount = amount_of(mailing, uses);
        standings.insert(mailing.id.clone(), campaign(client, mailing, amount).await?);
    }
    for code in data.covers.keys() {
        let campaign = code.split_once('-').map_or("", |(campaign, _)| campaign);
        let path = format!("/v1/campaigns/{}/vouchers/{code}", in_url(campaign));
        ok(&path, client.post(&path, &json!({})).await?)?;
    }
    Ok(standings)
}

/// Campaigns are found by name too.
fn in_url(campaign: &str) -> String {
    format!("campaign-{campaign}")
}

async fn campaign(client: &Client, mailing: &Mailing, amount: u64) -> Result<Standing, String> {
    let body = body(mailing, amount)?;
    let made = ok(
        "POST /v1/campaigns",
        client.post("/v1/campaigns", &body).await?,
    )?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let id = text(made.get("id"));
    let number = parse(Tag::Campaign, &id).map_err(|_| format!("no campaign id: {made}"))?;
    let kind = made
        .get("metadata")
        .and_then(|metadata| metadata.get("type"));
    Ok(Standing {
        number,
        amount,
        kind: text(kind),
    })
}

/// Mailed households only, on orders with a product that the scanned code covers.
fn body(mailing: &Mailing, amount: u64) -> Result<Value, String> {
    let written = |at| wire::time::format(at).ok_or("an instant out of range");
    let rule = format!(
        "\"{}\" in customer.metadata.mailed && \
         order.lines.exists(line, order.metadata.scanned in line.metadata.codes)",
        mailing.id
    );
    let discount = json!({"type": "AMOUNT", "amount_off": amount, "effect": "APPLY_TO_ORDER"});
    Ok(json!({
        "name": in_url(&mailing.id),
        "campaign_type": "DISCOUNT_COUPONS",
        "type": "STATIC",
        "start_date": written(mailing.from)?,
        "expiration_date": written(mailing.until)?,
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": discount},
        "metadata": {"type": mailing.kind},
        "proffer": {"rule": rule},
    }))
}

/// What the codes of this campaign most often really took off; of two that are as frequent the
/// smaller.
fn amount_of(mailing: &Mailing, uses: &[Asked<'_>]) -> u64 {
    let mut times: HashMap<u64, u32> = HashMap::new();
    let real = uses
        .iter()
        .filter(|asked| asked.of.campaign == mailing.id && asked.taken > 0);
    for asked in real {
        *times.entry(asked.taken).or_default() += 1;
    }
    let most = times
        .into_iter()
        .max_by_key(|(amount, times)| (*times, std::cmp::Reverse(*amount)));
    most.map_or(DEFAULT_AMOUNT, |(amount, _)| amount)
}
