//! With which key is a call refused? One row for each key of Voucherify's protocol.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::Value;

use crate::{
    everything::{Everything, bytes, rows},
    shop::Shop,
};

const KEYS: &str = include_str!("keys.txt");

/// What the protocol's table of errors says, but for what belongs to the parts of it that are not
/// offered: programmes of the second kind, brands, teams of people.
const OF_THE_PROTOCOL: &str = "
    already_rolled_back ambiguous_tracking_id campaign_not_active campaign_not_allow_auto_join
    customer_rules_violated duplicate_found duplicate_key duplicate_resource_key
    duplicate_source_id duplicated_redeemables forbidden gift_amount_exceeded
    holder_assignement_duplication integration_api_key_required internal
    invalid_add_balance_params invalid_amount invalid_balance invalid_campaign
    invalid_campaign_params invalid_code_config invalid_customer invalid_expiration_date
    invalid_export_fields invalid_export_params invalid_gift invalid_grant_type invalid_order
    invalid_payload invalid_pending_points_state invalid_product invalid_publish_params
    invalid_query_params invalid_redeemables invalid_redemption invalid_redemption_parent
    invalid_rollback_params invalid_scope invalid_sku invalid_validation_rules invalid_voucher
    loyalty_card_not_active loyalty_card_points_exceeded metadata_validation_failed
    missing_amount missing_customer missing_order missing_order_items
    missing_order_items_amount missing_param missing_parameters missing_required_feature
    missing_required_permission missing_reward missing_vouchers multiple_requests
    no_applicable_redeemables no_voucher_suitable_for_publication not_found not_published
    order_rules_violated page_over_limit promotion_inactive promotion_not_active_now
    quantity_exceeded query_too_large redemption_rules_violated
    referrer_not_permitted_to_redeem resource_in_use resource_not_found resource_protected
    stacking_rules_exist too_many_vouchers_requested unauthorized voucher_already_published
    voucher_cannot_be_published voucher_disabled voucher_expired voucher_not_active
    voucher_not_active_now";

/// Keys that no row can bring about, and where they are shown or why they are never said.
const ELSEWHERE: [(&str, &str); 19] = [
    ("ambiguous_tracking_id", "a tracking id names nobody here"),
    ("campaign_not_allow_auto_join", "nobody joins unasked"),
    ("duplicate_key", "duplicate_found"),
    ("duplicate_resource_key", "duplicate_found"),
    ("forbidden", "oauth.rs, clients.rs"),
    ("integration_api_key_required", "there are no such keys"),
    ("internal", "a fault"),
    ("invalid_balance", "invalid_add_balance_params"),
    ("invalid_campaign", "invalid_campaign_params"),
    ("invalid_pending_points_state", "no points wait"),
    ("missing_param", "invalid_payload, at its place"),
    ("missing_required_feature", "there are no plans"),
    ("missing_required_permission", "clients.rs, scopes.rs"),
    ("multiple_requests", "side_effects.rs, budgets.rs: a race"),
    ("query_too_large", "below"),
    ("resource_not_found", "not_found"),
    ("resource_protected", "nothing is protected"),
    ("too_many_requests", "guessing.rs"),
    ("unauthorized", "oauth.rs, problems.rs"),
];

fn keys_of_the_protocol() -> BTreeSet<&'static str> {
    OF_THE_PROTOCOL.split_whitespace().collect()
}

#[tokio::test]
async fn each_key_is_said_where_it_belongs() {
    let shop = Shop::start().await;
    let mut all = Everything::of(&shop).await;
    let (mut said, mut wrong) = (BTreeSet::new(), Vec::new());
    for (method, path, rest) in rows(KEYS) {
        let [body, key, then] = rest.splitn(3, '|').map(str::trim).collect::<Vec<_>>()[..] else {
            panic!("{rest}");
        };
        let (path, body) = (all.named(path), all.named(body));
        let (status, answer) = all.asks((method, &path), bytes(&body)).await;
        if key == "ok" {
            if !status.is_success() {
                wrong.push(format!("{method} {path} {body}: {status} {answer}"));
                continue;
            }
            let kept = then.split(", ").filter_map(|one| one.split_once('='));
            kept.for_each(|(name, place)| all.name(name, answer.pointer(place).unwrap()));
            continue;
        }
        let told = ["key", "message"].map(|member| answer[member].as_str().unwrap_or_default());
        if told != [key, then] || answer["code"] != status.as_u16() {
            wrong.push(format!(
                "{method} {path} {body}: {key} is {status} {answer}"
            ));
        }
        said.insert(key);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let elsewhere = ELSEWHERE.map(|(key, _)| key);
    let twice: Vec<&str> = elsewhere
        .into_iter()
        .filter(|key| said.contains(key))
        .collect();
    assert_eq!(twice, [""; 0]);
    said.extend(
        elsewhere
            .into_iter()
            .filter(|key| *key != "too_many_requests"),
    );
    assert_eq!(said, keys_of_the_protocol());
}

/// What this dialect may say is of the protocol, but for the one that it has no key for.
#[test]
fn no_key_is_invented() {
    let known = keys_of_the_protocol();
    let said = wire::voucherify::Key::ALL.iter().map(|key| key.wire().1);
    let invented: Vec<&str> = said.filter(|key| !known.contains(key)).collect();
    assert_eq!(invented, ["too_many_requests"]);
}

#[tokio::test]
async fn a_query_has_an_end() {
    let shop = Shop::start().await;
    let path = |bytes: usize| format!("/v1/vouchers?unknown={}", "c".repeat(bytes));
    let (status, answer) = shop.noon().get(&path(17_000)).await.unwrap();
    let told: (StatusCode, &Value) = (status, &answer["key"]);
    assert_eq!(told, (StatusCode::BAD_REQUEST, &"query_too_large".into()));
    assert_eq!(answer["message"], "Query too large");
    let (status, _) = shop.noon().get(&path(15_000)).await.unwrap();
    assert_eq!(status, StatusCode::OK);
}
