//! Which columns has a table, and where in a row does each stand?

use rules::{Condition, Facts, Value as Fact};
use serde_json::Value;
use wire::voucherify::{ExportedObject, Filter, RowField};

/// A column: its name, and the places in a row of which the first that is there is shown.
pub type Column = (&'static str, &'static [&'static str]);

/// What is told of vouchers.
pub const VOUCHER: &[Column] = &[
    ("code", &["/code"]),
    ("voucher_type", &["/type"]),
    (
        "value",
        &[
            "/discount/amount_off",
            "/discount/percent_off",
            "/discount/fixed_amount",
            "/discount/unit_off",
            "/gift/amount",
            "/loyalty_card/points",
        ],
    ),
    (
        "formula",
        &[
            "/discount/amount_off_formula",
            "/discount/percent_off_formula",
            "/discount/fixed_amount_formula",
            "/discount/unit_off_formula",
        ],
    ),
    ("discount_type", &["/discount/type"]),
    ("campaign", &["/campaign"]),
    ("category", &["/category"]),
    ("start_date", &["/start_date"]),
    ("expiration_date", &["/expiration_date"]),
    ("gift_balance", &["/gift/balance"]),
    ("loyalty_balance", &["/loyalty_card/balance"]),
    ("redemption_quantity", &["/redemption/quantity"]),
    ("redemption_count", &["/redemption/redeemed_quantity"]),
    ("active", &["/active"]),
    ("qr_code", &["/assets/qr/url"]),
    ("bar_code", &["/assets/barcode/url"]),
    ("metadata", &["/metadata"]),
    ("id", &["/id"]),
    ("is_referral_code", &["/is_referral_code"]),
    ("created_at", &["/created_at"]),
    ("updated_at", &["/updated_at"]),
    (
        "validity_timeframe_interval",
        &["/validity_timeframe/interval"],
    ),
    (
        "validity_timeframe_duration",
        &["/validity_timeframe/duration"],
    ),
    ("validity_day_of_week", &["/validity_day_of_week"]),
    ("discount_amount_limit", &["/discount/amount_limit"]),
    ("campaign_id", &["/campaign_id"]),
    ("additional_info", &["/additional_info"]),
    ("customer_id", &["/holder_id"]),
    ("discount_effect", &["/discount/effect"]),
    ("discount_unit_type", &["/discount/unit_type"]),
    ("discount_unit_effect", &["/discount/effect"]),
    (
        "validation_rules_id",
        &["/validation_rules_assignments/data/0/rule_id"],
    ),
    ("customer_source_id", &[HOLDER_SOURCE]),
];

/// Where the shop's own id of whoever holds a voucher is put, because vouchers do not show it.
pub const HOLDER_SOURCE: &str = "/holder_source_id";

const REDEMPTION: &[Column] = &[
    ("id", &["/id"]),
    ("object", &["/object"]),
    ("date", &["/date"]),
    ("voucher_code", &["/voucher/code"]),
    (
        "campaign",
        &["/voucher/campaign", "/promotion_tier/campaign/name"],
    ),
    ("promotion_tier_id", &["/promotion_tier/id"]),
    ("customer_id", &["/customer_id"]),
    ("customer_source_id", &["/customer/source_id"]),
    ("customer_name", &["/customer/name"]),
    ("tracking_id", &["/tracking_id"]),
    ("order_id", &["/order/id"]),
    ("order_amount", &["/order/amount"]),
    ("gift_amount", &["/gift/amount"]),
    ("loyalty_points", &["/loyalty_card/points"]),
    ("result", &["/result"]),
    ("failure_code", &["/failure_code"]),
    ("failure_message", &["/failure_message"]),
    ("metadata", &["/metadata"]),
];

const CUSTOMER: &[Column] = &[
    ("name", &["/name"]),
    ("id", &["/id"]),
    ("description", &["/description"]),
    ("email", &["/email"]),
    ("source_id", &["/source_id"]),
    ("created_at", &["/created_at"]),
    ("updated_at", &["/updated_at"]),
    ("phone", &["/phone"]),
    ("birthday", &["/birthdate"]),
    ("birthdate", &["/birthdate"]),
    ("address_city", &["/address/city"]),
    ("address_state", &["/address/state"]),
    ("address_line_1", &["/address/line_1"]),
    ("address_line_2", &["/address/line_2"]),
    ("address_country", &["/address/country"]),
    ("address_postal_code", &["/address/postal_code"]),
    (
        "redemptions_total_redeemed",
        &["/summary/redemptions/total_redeemed"],
    ),
    (
        "redemptions_total_failed",
        &["/summary/redemptions/total_failed"],
    ),
    (
        "redemptions_total_succeeded",
        &["/summary/redemptions/total_succeeded"],
    ),
    (
        "redemptions_total_rolled_back",
        &["/summary/redemptions/total_rolled_back"],
    ),
    (
        "redemptions_total_rollback_failed",
        &["/summary/redemptions/total_rollback_failed"],
    ),
    (
        "redemptions_total_rollback_succeeded",
        &["/summary/redemptions/total_rollback_succeeded"],
    ),
    ("orders_total_amount", &["/summary/orders/total_amount"]),
    ("orders_total_count", &["/summary/orders/total_count"]),
    ("orders_average_amount", &["/summary/orders/average_amount"]),
    (
        "orders_last_order_amount",
        &["/summary/orders/last_order_amount"],
    ),
    (
        "orders_last_order_date",
        &["/summary/orders/last_order_date"],
    ),
    ("loyalty_points", &["/loyalty/points"]),
    (
        "loyalty_referred_customers",
        &["/loyalty/referred_customers"],
    ),
    ("metadata", &["/metadata"]),
];

const ORDER: &[Column] = &[
    ("id", &["/id"]),
    ("source_id", &["/source_id"]),
    ("created_at", &["/created_at"]),
    ("updated_at", &["/updated_at"]),
    ("status", &["/status"]),
    ("amount", &["/amount"]),
    ("discount_amount", &["/discount_amount"]),
    ("items_discount_amount", &["/items_discount_amount"]),
    ("total_discount_amount", &["/total_discount_amount"]),
    ("total_amount", &["/total_amount"]),
    ("customer_id", &["/customer_id"]),
    ("referrer_id", &["/referrer_id"]),
    ("metadata", &["/metadata"]),
];

const TRANSACTION: &[Column] = &[
    ("id", &["/id"]),
    ("campaign_id", &["/campaign_id"]),
    ("voucher_id", &["/voucher_id"]),
    ("type", &["/type"]),
    ("source_id", &["/source_id"]),
    ("reason", &["/reason"]),
    ("source", &["/source"]),
    ("balance", &["/balance"]),
    ("amount", &["/amount"]),
    ("related_transaction_id", &["/related_transaction_id"]),
    ("created_at", &["/created_at"]),
    ("details", &["/details"]),
];

const PUBLICATION: &[Column] = &[
    ("voucher_code", &["/voucher_code"]),
    ("customer_id", &["/customer_id"]),
    ("customer_source_id", &["/customer_source_id"]),
    ("date", &["/date"]),
    ("channel", &["/channel"]),
    ("campaign", &["/campaign"]),
    // Nobody is drawn here.
    ("is_winner", &[]),
    ("metadata", &["/metadata"]),
];

const POINTS: &[Column] = &[
    // Points that lapse on one day are known by their card and the day alone.
    ("id", &[]),
    ("campaign_id", &["/campaign_id"]),
    ("voucher_id", &["/voucher_id"]),
    ("points", &["/points"]),
    ("status", &["/status"]),
    ("expires_at", &["/expires_at"]),
];

const PRODUCT: &[Column] = &[
    ("id", &["/id"]),
    ("name", &["/name"]),
    ("source_id", &["/source_id"]),
    ("price", &["/price"]),
    ("attributes", &["/attributes"]),
    ("image_url", &["/image_url"]),
    ("metadata", &["/metadata"]),
    ("created_at", &["/created_at"]),
    ("updated_at", &["/updated_at"]),
];

const SKU: &[Column] = &[
    ("id", &["/id"]),
    ("sku", &["/sku"]),
    ("product_id", &["/product_id"]),
    ("source_id", &["/source_id"]),
    ("currency", &["/currency"]),
    ("price", &["/price"]),
    ("attributes", &["/attributes"]),
    ("image_url", &["/image_url"]),
    ("metadata", &["/metadata"]),
    ("created_at", &["/created_at"]),
    ("updated_at", &["/updated_at"]),
];

/// Columns that hold instants.
const MOMENTS: [&str; 8] = [
    "created_at",
    "created_date",
    "updated_at",
    "date",
    "start_date",
    "expiration_date",
    "orders_last_order_date",
    "expires_at",
];

/// Columns that hold numbers or flags.
const NUMBERS: [&str; 31] = [
    "value",
    "active",
    "is_referral_code",
    "gift_balance",
    "loyalty_balance",
    "redemption_quantity",
    "redemption_count",
    "discount_amount_limit",
    "order_amount",
    "gift_amount",
    "loyalty_points",
    "loyalty_referred_customers",
    "redemptions_total_redeemed",
    "redemptions_total_failed",
    "redemptions_total_succeeded",
    "redemptions_total_rolled_back",
    "redemptions_total_rollback_failed",
    "redemptions_total_rollback_succeeded",
    "orders_total_amount",
    "orders_total_count",
    "orders_average_amount",
    "orders_last_order_amount",
    "amount",
    "discount_amount",
    "items_discount_amount",
    "total_discount_amount",
    "total_amount",
    "balance",
    "points",
    "price",
    "is_winner",
];

/// The columns of a table.
#[must_use]
pub fn columns(of: ExportedObject) -> &'static [Column] {
    match of {
        ExportedObject::Voucher => VOUCHER,
        ExportedObject::Redemption => REDEMPTION,
        ExportedObject::Customer => CUSTOMER,
        ExportedObject::Order => ORDER,
        ExportedObject::VoucherTransactions => TRANSACTION,
        ExportedObject::Publication => PUBLICATION,
        ExportedObject::PointsExpiration => POINTS,
        ExportedObject::Product => PRODUCT,
        ExportedObject::Sku => SKU,
    }
}

/// What a column of this name is, if there is one.
#[must_use]
pub fn field(columns: &[Column], name: &str) -> Option<RowField> {
    let is_one = columns.iter().any(|(known, _)| *known == name);
    is_one.then(|| match name {
        name if MOMENTS.contains(&name) => RowField::Moment,
        name if NUMBERS.contains(&name) => RowField::Value,
        _ => RowField::Text,
    })
}

/// The member of metadata that a name stands for.
#[must_use]
pub fn of_metadata(name: &str) -> Option<&str> {
    let member = name.strip_prefix("metadata.");
    member.filter(|member| !member.is_empty())
}

/// What stands in a row under a name.
#[must_use]
pub fn cell<'a>(columns: &[Column], row: &'a Value, name: &str) -> &'a Value {
    static NOTHING: Value = Value::Null;
    if let Some(member) = of_metadata(name) {
        let metadata = row.get("metadata");
        return metadata.and_then(|all| all.get(member)).unwrap_or(&NOTHING);
    }
    let places = columns.iter().find(|(known, _)| *known == name);
    let mut places = places.into_iter().flat_map(|(_, places)| places.iter());
    let found = places.find_map(|place| row.pointer(place).filter(|cell| !cell.is_null()));
    found.unwrap_or(&NOTHING)
}

/// Whether the filters of a list, where there are some, take a row.
#[must_use]
pub fn takes(columns: &[Column], filters: &Option<(Filter, Condition)>, row: &Value) -> bool {
    filters.as_ref().is_none_or(|(filter, condition)| {
        let facts = facts(columns, row, filter.fields.keys());
        condition.evaluate(&facts).is_met()
    })
}

/// What a filter can read of a row.
#[must_use]
pub fn facts<'a>(
    columns: &[Column],
    row: &Value,
    names: impl Iterator<Item = &'a String>,
) -> Facts {
    let mut facts = Facts::default();
    for name in names {
        let is_moment = field(columns, name) == Some(RowField::Moment);
        let fact = match cell(columns, row, name) {
            Value::String(text) if is_moment => wire::time::parse(text).map(Fact::Time),
            Value::String(text) => Some(Fact::from(text.as_str())),
            Value::Bool(flag) => Some(Fact::Bool(*flag)),
            Value::Number(number) => Fact::number(&number.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        if let Some(fact) = fact {
            facts.set(name.as_str(), fact);
        }
    }
    facts
}
