//! Many things in one call: rows as JSON or as a table, gone through in the background.

mod form;
mod tables;

use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode},
};
use serde_json::{Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{ActionType, AsyncActionStarted, Key, MetadataForMany},
};

use self::{form::text_of, tables::Table};
use super::{
    campaigns,
    dialect::{parse, refuse},
    resources::At,
};
use crate::{
    actions::importing::{self, Rows},
    app::App,
    auth::{Caller, CampaignsWrite, CustomersWrite, Needs, Redeem},
    once::{self, Answer},
    problem::Refused,
};

/// The largest body of these calls.
const BODY_LIMIT: usize = 10 * 1024 * 1024;
/// Orders of one call.
const MAX_ORDERS: usize = 2_000;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(vouchers))
        .routes(routes!(vouchers_csv))
        .routes(routes!(vouchers_bulk))
        .routes(routes!(vouchers_metadata))
        .routes(routes!(codes))
        .routes(routes!(codes_csv))
        .routes(routes!(customers_csv))
        .routes(routes!(customers_bulk))
        .routes(routes!(customers_metadata))
        .routes(routes!(products_csv))
        .routes(routes!(products_bulk))
        .routes(routes!(products_metadata))
        .routes(routes!(skus_csv))
        .routes(routes!(orders))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

/// A call as it came: where, and with what.
struct Came<'a> {
    at: At<'a>,
    once: Option<once::Key>,
    headers: &'a HeaderMap,
    body: &'a [u8],
}

impl<'a> Came<'a> {
    fn of<S: Needs>(
        app: &'a App,
        caller: &Caller<S>,
        (call, headers, body): (&str, &'a HeaderMap, &'a [u8]),
    ) -> Result<Self, Refused> {
        Ok(Self {
            at: At::of(app, caller),
            once: once::Key::of(headers, caller.project, (call, body))?,
            headers,
            body,
        })
    }

    /// Rows of a JSON list.
    fn list(&self) -> Result<Vec<Value>, Refused> {
        serde_json::from_slice(self.body).map_err(|error| {
            let details = format!(": must be a JSON list: {error}");
            refuse(Key::InvalidPayload, details)
        })
    }

    /// Rows of a table.
    fn table(&self, table: Table) -> Result<Vec<Value>, Refused> {
        table.rows(text_of(self.headers, self.body)?)
    }

    /// The same metadata for each that is named.
    fn metadata(&self, name: &str) -> Result<Vec<Value>, Refused> {
        let sent: MetadataForMany = parse(self.body)?;
        let names = match name {
            "code" => &sent.codes,
            _ => &sent.source_ids,
        };
        let row = |of: &String| json!({name: of, "metadata": sent.metadata});
        Ok(names.iter().map(row).collect())
    }

    async fn begin(
        self,
        (kind, what, rows): (ActionType, Rows, Vec<Value>),
        status: StatusCode,
    ) -> Result<Answer, Refused> {
        if let Some(place) = rows.iter().position(|row| !row.is_object()) {
            let details = format!("/{place}: is not an object");
            return Err(refuse(Key::InvalidPayload, details));
        }
        importing::begin(self.at, (kind, what, rows), (self.once, status)).await
    }
}

/// Make vouchers that stand alone, with codes of your choice.
#[utoipa::path(post, path = "/v1/vouchers/import",
    request_body(content = Object, example = json!({"rows": "a list of vouchers"})),
    responses((status = 202, body = AsyncActionStarted)))]
async fn vouchers(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = ("POST /v1/vouchers/import", &headers, body.as_ref());
    let came = Came::of(&app, &caller, call)?;
    let rows = came.list()?;
    let what = (ActionType::VouchersImport, Rows::Vouchers, rows);
    came.begin(what, StatusCode::ACCEPTED).await
}

/// Make vouchers that stand alone, from a table with a column `Code`.
#[utoipa::path(post, path = "/v1/vouchers/importCSV",
    request_body(content = Object, example = json!({"file": "a table"})),
    responses((status = 202, body = AsyncActionStarted)))]
async fn vouchers_csv(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = ("POST /v1/vouchers/importCSV", &headers, body.as_ref());
    let came = Came::of(&app, &caller, call)?;
    let rows = came.table(Table::Vouchers)?;
    let what = (ActionType::VouchersImportCsv, Rows::Vouchers, rows);
    came.begin(what, StatusCode::ACCEPTED).await
}

/// Change the metadata of vouchers, of each its own.
#[utoipa::path(post, path = "/v1/vouchers/bulk/async",
    request_body(content = Object, example = json!({"rows": "a list of code and metadata"})),
    responses((status = 202, body = AsyncActionStarted)))]
async fn vouchers_bulk(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = ("POST /v1/vouchers/bulk/async", &headers, body.as_ref());
    let came = Came::of(&app, &caller, call)?;
    let rows = came.list()?;
    let what = (ActionType::VouchersBulkUpdate, Rows::VoucherChanges, rows);
    came.begin(what, StatusCode::ACCEPTED).await
}

/// Change the metadata of vouchers, of all alike.
#[utoipa::path(post, path = "/v1/vouchers/metadata/async", request_body = MetadataForMany,
    responses((status = 202, body = AsyncActionStarted)))]
async fn vouchers_metadata(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = ("POST /v1/vouchers/metadata/async", &headers, body.as_ref());
    let came = Came::of(&app, &caller, call)?;
    let rows = came.metadata("code")?;
    let kind = ActionType::VouchersMetadataUpdate;
    let what = (kind, Rows::VoucherChanges, rows);
    came.begin(what, StatusCode::ACCEPTED).await
}

/// The rows of a campaign that has codes.
async fn of_campaign(at: At<'_>, name: &str) -> Result<Rows, Refused> {
    let compiled = at.app.compiled(at.project).await?;
    let campaign = campaigns::find(at.app, (at.project, &compiled), name).await?;
    Ok(Rows::Codes {
        campaign: ids::format(Tag::Campaign, campaign.thing.id.0),
    })
}

/// Add codes of your choice to a campaign.
#[utoipa::path(post, path = "/v1/campaigns/{id}/import",
    request_body(content = Object, example = json!({"rows": "a list of codes"})),
    responses((status = 202, body = AsyncActionStarted)))]
async fn codes(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let path = format!("POST /v1/campaigns/{name}/import");
    let came = Came::of(&app, &caller, (&path, &headers, &body))?;
    let (what, rows) = (of_campaign(came.at, &name).await?, came.list()?);
    let what = (ActionType::CampaignVouchersImport, what, rows);
    came.begin(what, StatusCode::ACCEPTED).await
}

/// Add codes of your choice to a campaign, from a table with a column `Code`.
#[utoipa::path(post, path = "/v1/campaigns/{id}/importCSV",
    request_body(content = Object, example = json!({"file": "a table"})),
    responses((status = 200, body = AsyncActionStarted)))]
async fn codes_csv(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let path = format!("POST /v1/campaigns/{name}/importCSV");
    let came = Came::of(&app, &caller, (&path, &headers, &body))?;
    let what = of_campaign(came.at, &name).await?;
    let rows = came.table(Table::Vouchers)?;
    let what = (ActionType::CampaignVouchersImportCsv, what, rows);
    came.begin(what, StatusCode::OK).await
}

/// Make or change customers, from a table with a column `Source_id`.
#[utoipa::path(post, path = "/v1/customers/importCSV",
    request_body(content = Object, example = json!({"file": "a table"})),
    responses((status = 202, body = AsyncActionStarted)))]
async fn customers_csv(
    State(app): State<App>,
    caller: Caller<CustomersWrite>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = ("POST /v1/customers/importCSV", &headers, body.as_ref());
    let came = Came::of(&app, &caller, call)?;
    let rows = came.table(Table::Customers)?;
    let what = (ActionType::CustomersImportCsv, Rows::Customers, rows);
    came.begin(what, StatusCode::ACCEPTED).await
}

/// Make or change customers.
#[utoipa::path(post, path = "/v1/customers/bulk/async",
    request_body(content = Object, example = json!({"rows": "a list of customers"})),
    responses((status = 202, body = AsyncActionStarted)))]
async fn customers_bulk(
    State(app): State<App>,
    caller: Caller<CustomersWrite>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = ("POST /v1/customers/bulk/async", &headers, body.as_ref());
    let came = Came::of(&app, &caller, call)?;
    let rows = came.list()?;
    let what = (ActionType::CustomersBulkUpdate, Rows::Customers, rows);
    came.begin(what, StatusCode::ACCEPTED).await
}

/// Change the metadata of customers, of all alike.
#[utoipa::path(post, path = "/v1/customers/metadata/async", request_body = MetadataForMany,
    responses((status = 202, body = AsyncActionStarted)))]
async fn customers_metadata(
    State(app): State<App>,
    caller: Caller<CustomersWrite>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = ("POST /v1/customers/metadata/async", &headers, body.as_ref());
    let came = Came::of(&app, &caller, call)?;
    let rows = came.metadata("source_id")?;
    let kind = ActionType::CustomersMetadataUpdate;
    let what = (kind, Rows::CustomerChanges, rows);
    came.begin(what, StatusCode::ACCEPTED).await
}

/// Make or change products, from a table with a column `Source_id`.
#[utoipa::path(post, path = "/v1/products/importCSV",
    request_body(content = Object, example = json!({"file": "a table"})),
    responses((status = 200, body = AsyncActionStarted)))]
async fn products_csv(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = ("POST /v1/products/importCSV", &headers, body.as_ref());
    let came = Came::of(&app, &caller, call)?;
    let rows = came.table(Table::Products)?;
    let what = (ActionType::ProductsImportCsv, Rows::Products, rows);
    came.begin(what, StatusCode::OK).await
}

/// Make or change products.
#[utoipa::path(post, path = "/v1/products/bulk/async",
    request_body(content = Object, example = json!({"rows": "a list of products"})),
    responses((status = 202, body = AsyncActionStarted)))]
async fn products_bulk(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = ("POST /v1/products/bulk/async", &headers, body.as_ref());
    let came = Came::of(&app, &caller, call)?;
    let rows = came.list()?;
    let what = (ActionType::ProductsBulkUpdate, Rows::Products, rows);
    came.begin(what, StatusCode::ACCEPTED).await
}

/// Change the metadata of products, of all alike.
#[utoipa::path(post, path = "/v1/products/metadata/async", request_body = MetadataForMany,
    responses((status = 202, body = AsyncActionStarted)))]
async fn products_metadata(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = ("POST /v1/products/metadata/async", &headers, body.as_ref());
    let came = Came::of(&app, &caller, call)?;
    let rows = came.metadata("source_id")?;
    let kind = ActionType::ProductsMetadataUpdate;
    let what = (kind, Rows::ProductChanges, rows);
    came.begin(what, StatusCode::ACCEPTED).await
}

/// Make or change SKUs, from a table with a column `Product_id`.
#[utoipa::path(post, path = "/v1/skus/importCSV",
    request_body(content = Object, example = json!({"file": "a table"})),
    responses((status = 200, body = AsyncActionStarted)))]
async fn skus_csv(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = ("POST /v1/skus/importCSV", &headers, body.as_ref());
    let came = Came::of(&app, &caller, call)?;
    let rows = came.table(Table::Skus)?;
    let what = (ActionType::SkusImportCsv, Rows::Skus, rows);
    came.begin(what, StatusCode::OK).await
}

/// Make or change orders of the past: they earn no points.
#[utoipa::path(post, path = "/v1/orders/import",
    request_body(content = Object, example = json!({"rows": "a list of orders"})),
    responses((status = 200, body = AsyncActionStarted)))]
async fn orders(
    State(app): State<App>,
    caller: Caller<Redeem>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = ("POST /v1/orders/import", &headers, body.as_ref());
    let came = Came::of(&app, &caller, call)?;
    let rows = came.list()?;
    if rows.len() > MAX_ORDERS {
        let details = format!(": at most {MAX_ORDERS} orders in one call");
        return Err(refuse(Key::InvalidPayload, details));
    }
    let what = (ActionType::OrdersImport, Rows::Orders, rows);
    came.begin(what, StatusCode::OK).await
}
