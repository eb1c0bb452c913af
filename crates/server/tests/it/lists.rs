//! Which vouchers and campaigns are listed, and in which order.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    catalogue::id,
    redemptions::{code, order, percent, redeem, ten_off, using},
    shop::{DAY, NOON, Shop},
};

async fn listed(shop: &Shop, path: &str, (rows, member): (&str, &str)) -> Vec<String> {
    let list = shop.get(NOON, path).await;
    assert_eq!(list["data_ref"], rows);
    let rows = list[rows].as_array().unwrap();
    if !path.contains("limit") {
        assert_eq!(list["total"], rows.len(), "{path}");
    }
    rows.iter()
        .map(|row| row[member].as_str().unwrap().to_owned())
        .collect()
}

async fn codes(shop: &Shop, query: &str) -> Vec<String> {
    listed(shop, &format!("/v1/vouchers?{query}"), ("vouchers", "code")).await
}

async fn names(shop: &Shop, query: &str) -> Vec<String> {
    listed(
        shop,
        &format!("/v1/campaigns?{query}"),
        ("campaigns", "name"),
    )
    .await
}

async fn refused(shop: &Shop, path: &str) {
    let (status, answer) = shop.noon().get(path).await.unwrap();
    let expected = (StatusCode::BAD_REQUEST, &json!("invalid_query_params"));
    assert_eq!((status, &answer["key"]), expected, "{path} {answer}");
}

async fn vouchers(shop: &Shop) -> Vec<String> {
    let mut ids = Vec::new();
    for (number, (code, more)) in [
        ("B", json!({"category": "north", "metadata": {"n": 1}})),
        ("A", json!({"category": "north", "active": false})),
        (
            "007",
            json!({"discount": percent(10), "metadata": {"n": 2}}),
        ),
        ("C", json!({"gift": {"amount": 100}, "discount": null})),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = json!({"code": code, "discount": ten_off()});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let now = NOON + i64::try_from(number).unwrap() * DAY;
        ids.push(id(&shop.post(now, "/v1/vouchers", &body).await));
    }
    ids
}

#[tokio::test]
async fn vouchers_are_listed_as_asked_for() {
    let shop = Shop::start().await;
    let ids = vouchers(&shop).await;
    let check = async |query: &str, expected: &[&str]| {
        assert_eq!(codes(&shop, query).await, expected, "{query}");
    };
    check("", &["C", "007", "A", "B"]).await;
    check("order=created_at", &["B", "A", "007", "C"]).await;
    check("order=created_at&limit=1&page=2", &["A"]).await;
    check("order=code", &["007", "A", "B", "C"]).await;
    check("order=-code&limit=2", &["C", "B"]).await;
    shop.put("/v1/vouchers/B", &json!({"metadata": {"k": 1}}))
        .await;
    check("order=-updated_at&limit=1", &["C"]).await;
    check("updated_at[after]=2026-11-20", &["B"]).await;
    check("category=north", &["A", "B"]).await;
    check("created_at[after]=2026-11-22T12:00:00Z", &["C", "007"]).await;
    check("%5Bcreated_at%5D%5Bbefore%5D=2026-11-22", &["B"]).await;
    check(&format!("ids={},{}", ids[0], ids[2]), &["007", "B"]).await;
    check(
        &format!("ids%5B0%5D={}&ids%5B1%5D=v_0000000000001", ids[1]),
        &["A"],
    )
    .await;
    check("ids=nothing", &[]).await;
    check("code=a", &["A"]).await;
    check(
        "filters%5Bcode%5D%5Bconditions%5D%5B$in%5D%5B0%5D=007",
        &["007"],
    )
    .await;
    check("filters[code][conditions][$is]=007", &["007"]).await;
    check("filters[active][conditions][$is][0]=false", &["A"]).await;
    check("filters[metadata.n][conditions][$more_than][0]=1", &["007"]).await;
    check(
        "filters[voucher_type][conditions][$is]=GIFT_VOUCHER",
        &["C"],
    )
    .await;
    let either = "filters[junction]=or&filters[code][conditions][$is]=A\
                  &filters[discount_type][conditions][$is]=PERCENT&order=code";
    check(either, &["007", "A"]).await;
    for query in [
        "order=colour",
        "filters[colour][conditions][$is]=x",
        "filters[code][conditions][$near]=x",
        "filters[gift_balance][conditions][$is]=100",
        "filters[x]=y",
        "created_at[after]=soon",
    ] {
        refused(&shop, &format!("/v1/vouchers?{query}")).await;
    }
}

#[tokio::test]
async fn vouchers_of_a_campaign_and_of_a_customer_are_listed() {
    let shop = Shop::start().await;
    vouchers(&shop).await;
    shop.percent_off("ten", 10, json!({})).await;
    for code in ["Z", "Y"] {
        let path = format!("/v1/campaigns/ten/vouchers/{code}");
        shop.post(NOON, &path, &json!({})).await;
    }
    assert_eq!(codes(&shop, "campaign=ten").await, ["Y", "Z"]);
    assert_eq!(
        codes(&shop, "campaign=ten&order=created_at").await,
        ["Z", "Y"]
    );
    assert_eq!(codes(&shop, "campaign=ten&order=-code").await, ["Z", "Y"]);
    shop.policy("ranked", &["ten"], 0).await;
    shop.customer("ann").await;
    assert!(codes(&shop, "customer=ann").await.is_empty());
    let decided = shop.decide(NOON, "ann").await;
    let granted = codes(&shop, "customer=ann").await;
    assert_eq!(granted.len(), 1, "{decided}");
    assert_eq!(codes(&shop, "customer=ann&order=code").await, granted);
    let (status, answer) = shop
        .noon()
        .get("/v1/vouchers?customer=nobody")
        .await
        .unwrap();
    assert_eq!(
        (status, &answer["key"]),
        (StatusCode::NOT_FOUND, &json!("not_found"))
    );
}

/// One of codes, one of cards and one of tiers, made a day apart.
async fn campaigns(shop: &Shop) {
    let voucher = json!({"type": "DISCOUNT_VOUCHER", "discount": ten_off()});
    let card = json!({"type": "GIFT_VOUCHER", "gift": {"amount": 100}});
    let all = [
        json!({"name": "coupons", "voucher": voucher, "category": "north"}),
        json!({"name": "cards", "voucher": card, "active": false,
            "validity_day_of_week": [1, 3], "start_date": "2026-11-01T00:00:00Z",
            "validity_timeframe": {"interval": "P2D", "duration": "PT4H"}}),
        json!({"name": "tiers", "campaign_type": "PROMOTION"}),
    ];
    for (day, campaign) in (0..).zip(&all) {
        shop.post(NOON + day * DAY, "/v1/campaigns", campaign).await;
    }
}

#[tokio::test]
async fn campaigns_are_listed_as_asked_for() {
    let shop = Shop::start().await;
    campaigns(&shop).await;
    let check = async |query: &str, expected: &[&str]| {
        assert_eq!(names(&shop, query).await, expected, "{query}");
    };
    check("", &["tiers", "cards", "coupons"]).await;
    check("order=created_at", &["coupons", "cards", "tiers"]).await;
    check("limit=1&page=2", &["cards"]).await;
    check("campaign_type=GIFT_VOUCHERS", &["cards"]).await;
    check(
        "campaign_type=PROMOTION,DISCOUNT_COUPONS",
        &["tiers", "coupons"],
    )
    .await;
    check("campaign_status=DONE", &["tiers", "cards", "coupons"]).await;
    check("is_referral_code=true", &[]).await;
    check("is_referral_code=false&limit=1", &["tiers"]).await;
    check(
        "filters[campaigns][conditions][$starts_with][0]=c",
        &["cards", "coupons"],
    )
    .await;
    check("filters[active][conditions][$is]=false", &["cards"]).await;
    let days = "filters[validity_day_of_week][conditions]";
    check(&format!("{days}[$contains]=,3"), &["cards"]).await;
    check(&format!("{days}[$contains]=1,2"), &[]).await;
    check(&format!("{days}[$is]=1,3"), &["cards"]).await;
    check(&format!("{days}[$is_unknown]="), &["tiers", "coupons"]).await;
    let timeframe = "filters[validity_timeframe][conditions]";
    check(&format!("{timeframe}[$is]=P2D;PT4H"), &["cards"]).await;
    check(&format!("{timeframe}[$has_value]="), &["cards"]).await;
    check(
        "filters[voucher_type][conditions][$in][0]=DISCOUNT_VOUCHER",
        &["coupons"],
    )
    .await;
    check("filters[categories][conditions][$is]=north", &["coupons"]).await;
    check(
        "filters[created_date][conditions][$after]=2026-11-22T12:00:00Z",
        &["tiers"],
    )
    .await;
    let voucher = json!({"type": "DISCOUNT_VOUCHER", "discount": ten_off()});
    let making = json!({"name": "making", "voucher": voucher, "vouchers_count": 1_500});
    shop.post(NOON + 3 * DAY, "/v1/campaigns", &making).await;
    check("campaign_status=IN_PROGRESS", &["making"]).await;
    check("filters[status][conditions][$is]=IN_PROGRESS", &["making"]).await;
    for query in [
        "order=name",
        "filters[colour][conditions][$is]=x",
        "filters[x]=y",
    ] {
        refused(&shop, &format!("/v1/campaigns?{query}")).await;
    }
}

/// Uses a code for a customer, on this day; `None` for nobody.
async fn used(shop: &Shop, (day, codes): (i64, &[&str]), whose: Option<&str>) -> Value {
    let mut body = using(codes, order(&format!("o-{day}"), 20_000));
    body["tracking_id"] = json!(format!("t{}", 9 - day));
    if let Some(name) = whose {
        body["customer"] = json!({"source_id": name});
    }
    redeem(&shop.at(NOON + day * DAY), &body).await.1
}

/// Four sales on four days: the second of two codes, the third failed, the last of nobody.
async fn sold(shop: &Shop) -> [Value; 2] {
    for name in ["TEN", "HALF"] {
        code(shop, name, ten_off(), json!({})).await;
    }
    let big = json!({"rule": "order.amount >= 900000"});
    code(shop, "BIG", ten_off(), big).await;
    shop.customer("ann").await;
    shop.customer("bob").await;
    let single = used(shop, (0, &["TEN"]), Some("ann")).await;
    let several = used(shop, (1, &["TEN", "HALF"]), Some("bob")).await;
    used(shop, (2, &["big"]), Some("ann")).await;
    used(shop, (3, &["HALF"]), None).await;
    [single, several]
}

/// What each of the redemptions was, behind its tracking id.
async fn redemptions(shop: &Shop, query: &str) -> Vec<String> {
    let path = format!("/v1/redemptions?{query}").replace(' ', "%20");
    let list = shop.get(NOON, &path).await;
    let rows = list["redemptions"].as_array().unwrap();
    if !query.contains("limit") {
        assert_eq!(list["total"], rows.len(), "{query}");
    }
    let told = rows.iter().map(|row| {
        let tracking = row["tracking_id"].as_str().unwrap();
        let what = match (row["result"].as_str(), row["voucher"]["code"].as_str()) {
            (Some("FAILURE"), _) => "failed",
            (_, Some(code)) => code,
            (_, None) => "parent",
        };
        format!("{tracking} {what}")
    });
    told.collect()
}

#[tokio::test]
async fn redemptions_are_listed_as_asked_for() {
    let shop = Shop::start().await;
    sold(&shop).await;
    let campaign = id(&shop.get(NOON, "/v1/campaigns/for%20BIG").await);
    let of_two = "customer=ann&result=success&order=-voucher_code&limit=1";
    let days = "created_at[after]=2026-11-22T13:00:00Z&created_at[before]=2026-11-24T13:00:00Z";
    for (query, expected) in [
        ("order=created_at&limit=1", &["t9 TEN"] as &[&str]),
        ("limit=2", &["t6 HALF", "t7 failed"]),
        ("order=tracking_id&limit=2", &["t6 HALF", "t7 failed"]),
        (of_two, &["t9 TEN"]),
        ("campaign=for HALF&order=id", &["t8 HALF", "t6 HALF"]),
        ("campaign=for HALF&limit=1&page=2", &["t8 HALF"]),
        (&format!("campaign={campaign}"), &["t7 failed"]),
        ("campaign=for BIG&result=SUCCESS", &[]),
        ("customer=ann", &["t7 failed", "t9 TEN"]),
        ("customer=bob", &["t8 HALF", "t8 TEN", "t8 parent"]),
        ("customer=bob&order=id&limit=1", &["t8 parent"]),
        ("customer=bob&campaign=for TEN", &["t8 TEN"]),
        ("customer=ann&campaign=for BIG", &["t7 failed"]),
        (days, &["t6 HALF", "t7 failed"]),
    ] {
        assert_eq!(redemptions(&shop, query).await, expected, "{query}");
    }
    assert_eq!(shop.get(NOON, "/v1/redemptions").await["total"], 6);
    refused(&shop, "/v1/redemptions?order=colour").await;
    refused(&shop, "/v1/redemptions?created_at[after]=soon").await;
    for query in ["campaign=none", "customer=nobody"] {
        let path = format!("/v1/redemptions?{query}");
        let status = shop.noon().get(&path).await.unwrap().0;
        assert_eq!(status, StatusCode::NOT_FOUND, "{query}");
    }
}

#[tokio::test]
async fn redemptions_are_filtered() {
    let shop = Shop::start().await;
    let [single, several] = sold(&shop).await;
    let ann = id(&shop.get(NOON, "/v1/customers/ann").await);
    let big = id(&shop.get(NOON, "/v1/campaigns/for%20BIG").await);
    let parent = id(&several["parent_redemption"]);
    let of = single["redemptions"][0]["related_object_id"]
        .as_str()
        .unwrap();
    for (field, value, expected) in [
        ("result", "FAILURE", &["t7 failed"] as &[&str]),
        ("failure_code", "order_rules_violated", &["t7 failed"]),
        ("voucher_code", "BIG", &["t7 failed"]),
        ("voucher_code", "TEN", &["t8 TEN", "t9 TEN"]),
        ("customer_id", &ann, &["t7 failed", "t9 TEN"]),
        ("campaign_name", "for TEN", &["t8 TEN", "t9 TEN"]),
        ("campaign_name", "for BIG", &["t7 failed"]),
        ("related_object_parent_id", &big, &["t7 failed"]),
        ("parent_redemption_id", &parent, &["t8 HALF", "t8 TEN"]),
        ("related_object_id", of, &["t8 TEN", "t9 TEN"]),
        ("related_object_type", "redemption", &["t8 parent"]),
        ("user_login", "ann", &[]),
    ] {
        let query = format!("filters[{field}][conditions][$is][0]={value}");
        assert_eq!(redemptions(&shop, &query).await, expected, "{query}");
    }
    let early = "filters[created_at][conditions][$before]=2026-11-22T12:00:00Z";
    assert_eq!(redemptions(&shop, early).await, ["t9 TEN"]);
    refused(&shop, "/v1/redemptions?filters[colour][conditions][$is]=x").await;
}

#[tokio::test]
async fn segments_are_listed_as_asked_for() {
    let shop = Shop::start().await;
    let mut ids = Vec::new();
    for (day, name, filter) in [
        (0, "north", None),
        (1, "south", None),
        (
            2,
            "all",
            Some(json!({"name": {"conditions": {"$has_value": []}}})),
        ),
    ] {
        let body = match filter {
            Some(filter) => json!({"name": name, "type": "passive", "filter": filter}),
            None => json!({"name": name, "type": "static", "customers": []}),
        };
        ids.push(id(&shop
            .post(NOON + day * DAY, "/v1/segments", &body)
            .await));
    }
    let check = async |query: &str, expected: &[&str]| {
        let list = shop.get(NOON, &format!("/v1/segments?{query}")).await;
        let rows = list["segments"].as_array().unwrap();
        if !query.contains("limit") {
            assert_eq!(list["total"], rows.len(), "{query}");
        }
        let names = rows.iter().map(|row| row["name"].as_str().unwrap());
        assert_eq!(names.collect::<Vec<_>>(), expected, "{query}");
    };
    check("order=created_at", &["north", "south", "all"]).await;
    let these = format!("ids={},{}", ids[0], ids[2]);
    check(&these, &["all", "north"]).await;
    check(&format!("{these}&order=created_at&limit=1"), &["north"]).await;
    check("ids[0]=seg_9", &[]).await;
    let is = |field: &str, value: &str| format!("filters[{field}][conditions][$is]={value}");
    check(&is("type", "static"), &["south", "north"]).await;
    check(&is("id", &ids[1]), &["south"]).await;
    check(
        "filters[name][conditions][$ends_with]=th&limit=1",
        &["south"],
    )
    .await;
    let late = "filters[created_at][conditions][$after]=2026-11-22";
    check(late, &["all", "south"]).await;
    check(&format!("{late}&{these}"), &["all"]).await;
    for query in ["order=colour", "filters[colour][conditions][$is]=x"] {
        refused(&shop, &format!("/v1/segments?{query}")).await;
    }
}

#[tokio::test]
async fn validation_rules_and_tiers_are_listed_as_asked_for() {
    let shop = Shop::start().await;
    let mut ids = Vec::new();
    for (day, name) in [(0, "B"), (1, "C"), (2, "A")] {
        let body = json!({"name": name, "rules": {}});
        ids.push(id(&shop
            .post(NOON + day * DAY, "/v1/validation-rules", &body)
            .await));
    }
    let check = async |query: &str, expected: &[&str]| {
        let path = format!("/v1/validation-rules?{query}");
        assert_eq!(
            listed(&shop, &path, ("data", "name")).await,
            expected,
            "{query}"
        );
    };
    check("", &["A", "C", "B"]).await;
    check("order=created_at", &["B", "C", "A"]).await;
    check("order=name", &["A", "B", "C"]).await;
    check("order=-name&limit=1&page=2", &["B"]).await;
    check("start_date=2026-11-22T00:00:00Z", &["A", "C"]).await;
    check(
        "start_date=2026-11-22&end_date=2026-11-23&order=name",
        &["C"],
    )
    .await;
    let path = format!("/v1/validation-rules/{}", ids[1]);
    shop.at(NOON + 9 * DAY)
        .put(&path, &json!({"name": "C2"}))
        .await
        .unwrap();
    check("order=-updated_at", &["C2", "A", "B"]).await;
    refused(&shop, "/v1/validation-rules?order=colour").await;
    refused(&shop, "/v1/validation-rules?start_date=soon").await;
    let discount = json!({"discount": ten_off()});
    let campaign = json!({"name": "promo", "campaign_type": "PROMOTION"});
    shop.post(NOON, "/v1/campaigns", &campaign).await;
    for (day, name) in [(0, "one"), (1, "two")] {
        let body = json!({"name": name, "action": discount});
        shop.post(NOON + day * DAY, "/v1/promotions/promo/tiers", &body)
            .await;
    }
    let tiers = async |query: &str, expected: &[&str]| {
        let path = format!("/v1/promotions/tiers?{query}");
        assert_eq!(
            listed(&shop, &path, ("tiers", "name")).await,
            expected,
            "{query}"
        );
    };
    tiers("", &["one", "two"]).await;
    tiers("order=-created_at", &["two", "one"]).await;
    tiers("order=-created_at&limit=1&page=2", &["one"]).await;
    tiers("order=updated_at", &["one", "two"]).await;
    refused(&shop, "/v1/promotions/tiers?order=colour").await;
}
