//! What was put on a card, and what was paid with it? Its transactions, as rows of a table.

use serde_json::{Value, json};
use store::{ProjectId, View};

use crate::{
    configuration::Stored,
    moves::{self, Line},
    problem::Refused,
    vouchers::Issued,
};

/// Lines whose redemptions and orders are read at a time.
const TOLD: usize = 200;

/// The rows of one card, oldest first.
///
/// # Errors
/// When the store cannot be read.
pub async fn of_card(
    view: &mut View,
    (project, issued): (ProjectId, &Stored<Issued>),
) -> Result<Vec<Value>, Refused> {
    let lines: Vec<Line> = moves::lines(view, (project, &issued.thing)).await?;
    let mut rows = Vec::with_capacity(lines.len());
    for lines in lines.chunks(TOLD) {
        for row in moves::rows(view, issued, lines).await? {
            let row = serde_json::to_value(row);
            let row = row.map_err(|error| Refused::Fault(error.to_string()))?;
            rows.push(flat(row));
        }
    }
    Ok(rows)
}

/// A table has its own columns for what moved and what was left.
fn flat(mut row: Value) -> Value {
    let balance = row.pointer("/details/balance").cloned().unwrap_or_default();
    let moved = balance.get("amount").or_else(|| balance.get("points"));
    if let Some(members) = row.as_object_mut() {
        members.insert("amount".into(), json!(moved));
        members.insert("balance".into(), json!(balance.get("balance")));
    }
    row
}
