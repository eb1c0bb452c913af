//! How is one row of many done? As the call for one thing would do it.

use serde::de::DeserializeOwned;
use serde_json::Value;
use wire::voucherify::{
    CampaignVouchersCreate, Key, Metadata, Product, Sent, Sku, VoucherCreate, VoucherUpdate,
};

use super::{
    campaigns,
    customers::{self, CustomerWrite},
    dialect::{parse, refuse, retry},
    orders,
    resources::{self, At, Call, load},
    skus, vouchers,
};
use crate::{
    actions::importing::Rows, configuration::write, once, people::People, problem::Refused,
};

/// Does one row. Under the same key it makes nothing twice.
///
/// # Errors
/// As the call for one thing does.
pub async fn done(at: At<'_>, what: &Rows, (row, once): (Value, once::Key)) -> Result<(), Refused> {
    match what {
        Rows::Vouchers => made_voucher(at, (&row, once)).await,
        Rows::Codes { campaign } => made_code(at, campaign, (&row, once)).await,
        Rows::VoucherChanges => changed_voucher(at, &row).await,
        Rows::Customers => set_customer(at, &row).await,
        Rows::CustomerChanges => changed_customer(at, &row).await,
        Rows::Products => set_product(at, (&row, once)).await,
        Rows::ProductChanges => changed_product(at, &row).await,
        Rows::Skus => set_sku(at, (&row, once)).await,
        Rows::Orders => orders::imported(at, (&read(&row)?, once)).await,
    }
}

fn read<T: DeserializeOwned>(row: &Value) -> Result<T, Refused> {
    // Written down and read as a body is, so that a refusal names the place.
    parse(&write(row)?)
}

/// What a row calls the thing it is about.
fn named<'a>(row: &'a Value, names: &[&str]) -> Result<&'a str, Refused> {
    let mut found = names.iter().filter_map(|name| row.get(name)?.as_str());
    let found = found.find(|name| !name.is_empty());
    let first = names.first().copied().unwrap_or_default();
    found.ok_or_else(|| refuse(Key::InvalidPayload, format!("/{first}: is required")))
}

async fn made_voucher(at: At<'_>, (row, once): (&Value, once::Key)) -> Result<(), Refused> {
    let input: VoucherCreate = read(row)?;
    named(row, &["code"])?;
    retry(|| vouchers::created(at, (&input, Some(once)))).await?;
    Ok(())
}

async fn made_code(
    at: At<'_>,
    campaign: &str,
    (row, once): (&Value, once::Key),
) -> Result<(), Refused> {
    let input: CampaignVouchersCreate = read(row)?;
    named(row, &["code"])?;
    retry(|| campaigns::codes_added(at, (campaign, Some(once)), (&input, 1))).await?;
    Ok(())
}

async fn changed_voucher(at: At<'_>, row: &Value) -> Result<(), Refused> {
    let code = named(row, &["code"])?;
    let sent = VoucherUpdate {
        metadata: Some(metadata_of(row)?),
        ..VoucherUpdate::default()
    };
    retry(|| vouchers::modified(at, (code, &sent))).await?;
    Ok(())
}

fn metadata_of(row: &Value) -> Result<Metadata, Refused> {
    let metadata = row.get("metadata").cloned();
    let wrong = |error: serde_json::Error| {
        let malformed = wire::Malformed::at("/metadata", error.to_string());
        super::dialect::malformed(&malformed)
    };
    serde_json::from_value(metadata.unwrap_or_default()).map_err(wrong)
}

async fn set_customer(at: At<'_>, row: &Value) -> Result<(), Refused> {
    let input = CustomerWrite::of_row(row)?;
    // One without a name would be somebody else each time.
    named(row, &["source_id", "id"])?;
    customers::upsert(at, (None, &input)).await.map(drop)
}

async fn changed_customer(at: At<'_>, row: &Value) -> Result<(), Refused> {
    let name = named(row, &["source_id", "id"])?;
    let mut people = People::open(at.app, at.project)?;
    customers::known(&mut people, name).await?;
    drop(people);
    let mut sent = Sent::new();
    sent.insert("metadata".into(), serde_json::json!(metadata_of(row)?));
    let input = CustomerWrite::of_row(&Value::Object(sent))?;
    customers::upsert(at, (Some(name), &input)).await.map(drop)
}

/// The members of a row, without its own id, which says only which thing is meant.
fn members(row: &Value) -> Result<Sent, Refused> {
    let mut sent: Sent = read(row)?;
    sent.remove("id");
    Ok(sent)
}

async fn set_product(at: At<'_>, (row, once): (&Value, once::Key)) -> Result<(), Refused> {
    let sent = members(row)?;
    match row.get("id").and_then(Value::as_str) {
        Some(id) => resources::update::<Product>(at, id, &sent).await,
        None => {
            let call = || Call::new(&sent, Some(once));
            retry(|| resources::made(at, Product::default(), call())).await
        }
    }
    .map(drop)
}

async fn changed_product(at: At<'_>, row: &Value) -> Result<(), Refused> {
    let name = named(row, &["source_id", "id"])?;
    let mut sent = Sent::new();
    sent.insert("metadata".into(), serde_json::json!(metadata_of(row)?));
    resources::update::<Product>(at, name, &sent)
        .await
        .map(drop)
}

async fn set_sku(at: At<'_>, (row, once): (&Value, once::Key)) -> Result<(), Refused> {
    let mut sent = members(row)?;
    sent.remove("product_id");
    if let Some(id) = row.get("id").and_then(Value::as_str) {
        let attempt = async || {
            let sku = load::<Sku>(at, id).await?;
            resources::changed(at, sku, Call::new(&sent, None)).await
        };
        return retry(attempt).await.map(drop);
    }
    let product = named(row, &["product_id"])?;
    let attempt = async || skus::created(at, product, Call::new(&sent, Some(once))).await;
    retry(attempt).await.map(drop)
}
