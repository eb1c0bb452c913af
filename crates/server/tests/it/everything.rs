//! A shop that has one of everything, and tables that say what is asked of it.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use wire::voucherify::{Endpoint, endpoint_of, endpoints};

use crate::{
    clients::Page,
    endpoints::served,
    redemptions::{order, ten_off, using},
    shop::{NOON, Shop},
};

/// The sandbox, as the calls of the back office name it.
const PROJECT: &str = "proj_0000000000002";

/// What follows a call in a table, by the call: its method and its path as it is asked.
pub fn rows(
    table: &'static str,
) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let (call, rest) = line.split_once(" | ").unwrap();
        let (method, path) = call.split_once(' ').unwrap();
        (method, path, rest)
    })
}

pub fn endpoint(method: &str, path: &str) -> Endpoint {
    let path = path.split('?').next().unwrap();
    endpoint_of(method, path).unwrap_or_else(|| panic!("{method} {path} is no call"))
}

pub fn served_endpoints() -> impl Iterator<Item = Endpoint> {
    let served = served();
    endpoints().filter(move |one| served.contains(&(one.method.to_owned(), one.shape())))
}

/// A shop that has one of everything.
pub struct Everything<'s> {
    shop: &'s Shop,
    page: Page<'s>,
    /// What stands for the names in braces.
    pub names: BTreeMap<String, String>,
}

impl<'s> Everything<'s> {
    pub async fn of(shop: &'s Shop) -> Self {
        let page = Page::of(shop).await;
        let settings = json!({"client_publish_enabled": true});
        shop.put("/v1/settings", &settings).await;
        let names = [
            ("projectId", PROJECT),
            ("campaignId", "Codes"),
            ("code", "CODE10"),
            ("newCode", "W-1"),
            ("customerId", "cara"),
            ("productId", "shoe"),
            ("skuId", "shoe-42"),
            ("orderId", "order-1"),
        ];
        let names = names
            .map(|(name, is)| (name.to_owned(), is.to_owned()))
            .into();
        let mut all = Self { shop, page, names };
        all.make().await;
        all
    }

    async fn make(&mut self) {
        let campaign = |name: &str, kind: &str| json!({"name": name, "campaign_type": kind});
        let voucher = json!({"type": "DISCOUNT_VOUCHER", "discount": ten_off()});
        let mut codes = campaign("Codes", "DISCOUNT_COUPONS");
        codes["voucher"] = voucher.clone();
        let codes = self.posts("/v1/campaigns", codes).await;
        self.posts("/v1/vouchers/CODE10", voucher.clone()).await;
        let gift = json!({"type": "GIFT_VOUCHER", "gift": {"amount": 5_000}});
        self.posts("/v1/vouchers/GIFT", gift).await;
        self.posts("/v1/customers", json!({"source_id": "cara"}))
            .await;
        let mut promotion = campaign("Promo", "PROMOTION");
        promotion["promotion"] =
            json!({"tiers": [{"name": "T", "action": {"discount": ten_off()}}]});
        self.posts("/v1/campaigns", promotion).await;
        let tiers = self.shop.get(NOON, "/v1/promotions/Promo/tiers").await;
        let tier = tiers["tiers"][0]["id"].clone();
        self.name("promotionTierId", &tier);
        self.name("tierId", &tier);
        let stack = json!({"name": "S", "tiers": {"ids": [tier]}});
        self.makes("stackId", "/v1/promotions/Promo/stacks", stack)
            .await;
        let mut refer = campaign("Refer", "REFERRAL_PROGRAM");
        refer["voucher"] = voucher;
        refer["referral_program"] = json!({"conversion_event": "redemption"});
        self.posts("/v1/campaigns", refer).await;
        let refer = "/v1/campaigns/Refer/vouchers/REFER1";
        self.posts(refer, json!({})).await;
        self.loyalty(&codes["id"]).await;
        self.shelf().await;
        self.rest().await;
    }

    async fn loyalty(&mut self, codes: &Value) {
        let card = json!({"type": "LOYALTY_CARD", "loyalty_card": {"points": 100}});
        let points = json!({"name": "Points", "voucher": card});
        let points = self.posts("/v1/loyalties", points).await;
        let member = json!({"customer": {"source_id": "cara"}});
        let member = self.posts("/v1/loyalties/Points/members", member).await;
        self.name("memberId", &member["code"]);
        let rule = json!([{"event": "order.paid", "loyalty": {"type": "FIXED", "points": 5}}]);
        let rules = self.posts("/v1/loyalties/Points/earning-rules", rule).await;
        self.name("earningRuleId", &rules[0]["id"]);
        let reward = json!({"name": "R", "type": "CAMPAIGN", "parameters": {
            "campaign": {"id": codes, "type": "DISCOUNT_COUPONS"}}});
        let reward = self.posts("/v1/rewards", reward).await;
        self.name("rewardId", &reward["id"]);
        let path = format!("/v1/rewards/{}/assignments", reward["id"].as_str().unwrap());
        let assigned = json!({"campaign": points["id"], "parameters": {"loyalty": {"points": 10}}});
        self.makes("assignmentId", &path, assigned).await;
    }

    async fn shelf(&mut self) {
        let category = json!({"name": "Cat", "hierarchy": 1});
        self.makes("categoryId", "/v1/categories", category).await;
        let product = json!({"source_id": "shoe"});
        self.posts("/v1/products", product).await;
        let sku = json!({"source_id": "shoe-42"});
        self.posts("/v1/products/shoe/skus", sku).await;
        let collection = json!({"type": "STATIC", "name": "C", "products": []});
        let path = "/v1/product-collections";
        self.makes("productCollectionId", path, collection).await;
    }

    async fn rest(&mut self) {
        let rule = json!({"name": "V", "rules": {}});
        self.makes("validationRuleId", "/v1/validation-rules", rule)
            .await;
        let segment = json!({"type": "static", "name": "S", "customers": []});
        self.makes("segmentId", "/v1/segments", segment).await;
        let kept = json!({"source_id": "order-1", "amount": 1_000});
        self.posts("/v1/orders", kept).await;
        let bought = using(&["CODE10"], order("o-1", 5_000));
        let bought = self.posts("/v1/redemptions", bought).await;
        let redemption = &bought["redemptions"][0]["id"];
        self.name("redemptionId", redemption);
        self.name("parentRedemptionId", redemption);
        let all = format!("/management/v1/projects/{PROJECT}");
        let hook = json!({"target_url": "https://shop.example/hook",
            "events": ["customer.created"]});
        self.makes("webhookId", &format!("{all}/webhooks"), hook)
            .await;
        let schema = json!({"related_object": "voucher", "properties": {}});
        let path = format!("{all}/metadata-schemas");
        self.makes("metadataSchemaId", &path, schema).await;
        let path = format!("{all}/stacking-rules");
        self.makes("stackingRulesId", &path, json!({})).await;
    }

    async fn posts(&self, path: &str, body: Value) -> Value {
        self.shop.post(NOON, path, &body).await
    }

    async fn makes(&mut self, name: &'static str, path: &str, body: Value) {
        let made = self.posts(path, body).await;
        self.name(name, &made["id"]);
    }

    pub fn name(&mut self, name: &str, is: &Value) {
        self.names
            .insert(name.to_owned(), is.as_str().unwrap().to_owned());
    }

    /// A path with what the shop has in place of the names.
    pub fn named(&self, path: &str) -> String {
        let mut named = path.to_owned();
        for (name, is) in &self.names {
            named = named.replace(&format!("{{{name}}}"), is);
        }
        named
    }

    pub async fn asks(&self, (method, path): (&str, &str), body: Vec<u8>) -> (StatusCode, Value) {
        let method: Method = method.parse().unwrap();
        let now = wire::time::format(NOON).unwrap();
        let key = format!("Bearer {}", self.shop.sandbox_key);
        let headers = match path.starts_with("/client/") {
            true => vec![
                ("x-client-application-id", "any"),
                ("x-client-token", self.page.key.as_str()),
                ("origin", self.page.origin),
                ("x-real-ip", &self.page.address),
                ("proffer-now", &now),
            ],
            false => vec![
                ("authorization", key.as_str()),
                ("content-type", content_type(path)),
                ("proffer-now", &now),
            ],
        };
        let (status, _, answer) = self.shop.raw((method, path), &headers, body).await;
        (status, answer)
    }
}

fn content_type(path: &str) -> &'static str {
    if path.ends_with("CSV") {
        "text/csv"
    } else if path.contains("/oauth/") {
        "application/x-www-form-urlencoded"
    } else {
        "application/json"
    }
}

/// A body as the table writes it: `\n` and `\xff` stand for bytes.
pub fn bytes(body: &str) -> Vec<u8> {
    let mut bytes = body.replace("\\n", "\n").into_bytes();
    while let Some(place) = bytes.windows(4).position(|some| some.starts_with(b"\\x")) {
        let text = String::from_utf8_lossy(&bytes[place + 2..place + 4]).into_owned();
        let byte = u8::from_str_radix(&text, 16).unwrap();
        bytes.splice(place..place + 4, [byte]);
    }
    bytes
}
