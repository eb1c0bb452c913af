//! Who was given which code? A publication, as rows of a table.

use serde_json::{Value, json};
use wire::{
    ids::{self, Tag},
    time,
    voucherify::Metadata,
};

use crate::{problem::Refused, publishing::Publication};

/// A row for each code that was given. One that failed gave none, and no column could tell that it
/// failed, so it has no row.
///
/// # Errors
/// When what is kept cannot be read.
pub fn rows_of(of: &Publication, source: Option<String>) -> Result<Vec<Value>, Refused> {
    let metadata: Option<Metadata> = of.metadata.read()?;
    let row = json!({
        "customer_id": of.customer.map(|id| ids::format(Tag::Customer, id)),
        "customer_source_id": source,
        "date": time::format(of.created_at),
        "channel": of.channel,
        "campaign": of.campaign.as_ref().map(|(_, name)| name),
        "metadata": metadata.unwrap_or_default(),
    });
    let codes = of.vouchers.iter().map(|(_, code)| with(&row, code));
    Ok(codes.collect())
}

fn with(row: &Value, code: &str) -> Value {
    let mut row = row.clone();
    if let Some(members) = row.as_object_mut() {
        members.insert("voucher_code".into(), code.into());
    }
    row
}
