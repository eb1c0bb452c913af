//! How is a table asked for?

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Filter;
use crate::time::{self, Timestamp};

/// Of what a table is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportedObject {
    Voucher,
    Redemption,
    Customer,
    Publication,
    Order,
    PointsExpiration,
    VoucherTransactions,
    Product,
    Sku,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExportStatus {
    Scheduled,
    InProgress,
    Done,
    Error,
}

#[derive(Clone, Debug, PartialEq, Deserialize, ToSchema)]
pub struct ExportCreate {
    pub exported_object: ExportedObject,
    #[serde(default)]
    pub parameters: Option<ExportParameters>,
}

/// Which rows, which columns, in which order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ExportParameters {
    /// `created_at` or `-created_at`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// `metadata.x` is one member of metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub filters: Option<Filter>,
    /// Of vouchers and their transactions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ExportView {
    pub id: String,
    pub object: &'static str,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    pub status: ExportStatus,
    pub channel: &'static str,
    pub exported_object: ExportedObject,
    pub parameters: ExportParameters,
    /// Where the table is, once it is done.
    pub result: Option<ExportFile>,
    pub user_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExportFile {
    pub url: String,
    pub token: String,
}
