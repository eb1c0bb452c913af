//! What does a process say about everything, over HTTP?

use serde_json::Value;
use server::client::Client;
use simulation::{
    auditor::{Code, Redemption, Seen},
    workload::Market,
};

use crate::calls::{expect, number, taken_off, text};

/// Rows of a page: as many as are given.
const ROWS: usize = 100;

/// # Errors
/// When it does not answer.
pub async fn look(client: &Client, market: &Market) -> Result<Seen, String> {
    let mut seen = Seen::default();
    let rows = list(client, ("/v1/redemptions?result=SUCCESS", "redemptions")).await?;
    seen.redemptions = rows.iter().map(redemption).collect();
    for campaign in &market.campaigns {
        let name = campaign.name;
        let path = format!("/v1/vouchers?campaign={name}");
        for row in list(client, (&path, "vouchers")).await? {
            let code = Code {
                campaign: name.to_owned(),
                uses: number(&row, "/redemption/redeemed_quantity").unwrap_or_default(),
            };
            seen.codes.insert(text(&row, "/code"), code);
        }
        let path = format!("/v1/campaigns/{name}/statement");
        let statement = expect(client.get(&path).await)?;
        let discount = number(&statement, "/posted/discount");
        seen.discounts
            .extend(discount.map(|one| (name.to_owned(), one)));
    }
    for card in &market.cards {
        let shown = expect(client.get(&format!("/v1/vouchers/{card}")).await)?;
        let balance = number(&shown, "/gift/balance");
        seen.balances.extend(balance.map(|one| (card.clone(), one)));
    }
    Ok(seen)
}

async fn list(client: &Client, (path, of): (&str, &str)) -> Result<Vec<Value>, String> {
    let mut rows = Vec::new();
    loop {
        let page = rows.len() / ROWS + 1;
        let with = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{with}limit={ROWS}&page={page}");
        let mut answer = expect(client.get(&path).await)?;
        let Some(Value::Array(more)) = answer.get_mut(of).map(Value::take) else {
            return Err(format!("{path}: {answer}"));
        };
        let is_last = more.len() < ROWS;
        rows.extend(more);
        if is_last {
            return Ok(rows);
        }
    }
}

fn redemption(row: &Value) -> Redemption {
    Redemption {
        id: text(row, "/id"),
        order: text(row, "/order/source_id"),
        shopper: text(row, "/customer/source_id"),
        code: text(row, "/voucher/code"),
        amount: taken_off(row),
        is_rolled_back: text(row, "/status") == "ROLLED_BACK",
    }
}
