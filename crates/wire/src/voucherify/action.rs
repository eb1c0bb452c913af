//! How is asked after what is done in the background?

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::time::{self, Timestamp};

/// What an action does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum ActionType {
    #[serde(rename = "CAMPAIGN.VOUCHERS_GENERATE")]
    CampaignVouchersGenerate,
    #[serde(rename = "CAMPAIGN.VOUCHERS_IMPORT")]
    CampaignVouchersImport,
    #[serde(rename = "CAMPAIGN.VOUCHERS_IMPORT_CSV")]
    CampaignVouchersImportCsv,
    #[serde(rename = "CAMPAIGN.VOUCHERS_DELETE")]
    CampaignVouchersDelete,
    #[serde(rename = "CUSTOMERS.IMPORT_CSV")]
    CustomersImportCsv,
    #[serde(rename = "CUSTOMERS.BULK_UPDATE")]
    CustomersBulkUpdate,
    #[serde(rename = "CUSTOMERS.METADATA_UPDATE")]
    CustomersMetadataUpdate,
    #[serde(rename = "ORDERS.IMPORT")]
    OrdersImport,
    #[serde(rename = "PRODUCTS.IMPORT_CSV")]
    ProductsImportCsv,
    #[serde(rename = "PRODUCTS.BULK_UPDATE")]
    ProductsBulkUpdate,
    #[serde(rename = "PRODUCTS.METADATA_UPDATE")]
    ProductsMetadataUpdate,
    #[serde(rename = "SKUS.IMPORT_CSV")]
    SkusImportCsv,
    #[serde(rename = "VOUCHERS.IMPORT")]
    VouchersImport,
    #[serde(rename = "VOUCHERS.IMPORT_CSV")]
    VouchersImportCsv,
    #[serde(rename = "VOUCHERS.BULK_UPDATE")]
    VouchersBulkUpdate,
    #[serde(rename = "VOUCHERS.METADATA_UPDATE")]
    VouchersMetadataUpdate,
}

impl ActionType {
    /// Whether its rows are vouchers.
    #[must_use]
    pub fn is_of_vouchers(self) -> bool {
        match self {
            Self::CampaignVouchersGenerate
            | Self::CampaignVouchersImport
            | Self::CampaignVouchersImportCsv
            | Self::CampaignVouchersDelete
            | Self::VouchersImport
            | Self::VouchersImportCsv
            | Self::VouchersBulkUpdate
            | Self::VouchersMetadataUpdate => true,
            Self::CustomersImportCsv
            | Self::CustomersBulkUpdate
            | Self::CustomersMetadataUpdate
            | Self::OrdersImport
            | Self::ProductsImportCsv
            | Self::ProductsBulkUpdate
            | Self::ProductsMetadataUpdate
            | Self::SkusImportCsv => false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActionStatus {
    Enqueued,
    InProgress,
    Done,
    Failed,
}

/// Whether it did what it was to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OperationStatus {
    Success,
    Failed,
    Unknown,
}

impl ActionStatus {
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }

    #[must_use]
    pub fn operation(self) -> OperationStatus {
        match self {
            Self::Enqueued | Self::InProgress => OperationStatus::Unknown,
            Self::Done => OperationStatus::Success,
            Self::Failed => OperationStatus::Failed,
        }
    }
}

/// An action in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AsyncActionView {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: ActionType,
    pub status: ActionStatus,
    pub operation_status: OperationStatus,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    pub request_id: String,
    /// Milliseconds.
    pub processing_time: u64,
    /// Per cent.
    pub progress: u8,
    /// What it did so far; lists leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<ActionResult>,
    pub object: &'static str,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ActionResult {
    pub done_count: u64,
    pub failed_count: u64,
    /// The first of those that failed.
    pub failed: Vec<FailedRow>,
    /// Why it ended before its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// One row that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FailedRow {
    /// From 1, the heading of a table not counted.
    pub row: u64,
    /// The key of the refusal.
    pub key: String,
    pub message: String,
}

/// The answer to a call whose work is done in the background.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AsyncActionStarted {
    pub async_action_id: String,
}

/// The same metadata for many.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub struct MetadataForMany {
    /// Of customers and products.
    pub source_ids: Vec<String>,
    /// Of vouchers.
    pub codes: Vec<String>,
    #[schema(value_type = Object)]
    pub metadata: super::Metadata,
}
