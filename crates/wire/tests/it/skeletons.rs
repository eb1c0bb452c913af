//! Answers have the members, and leave out the members, that clients expect.

use std::sync::Arc;

use offers::{
    Asking, Benefit, Campaign, CampaignId, Commitment, Currency, Lending, Offer, OfferId, Order,
    Outcome, Presented, Redeemable, Refusal, Scope, Sku, Spread, Stacking, Validity, VoucherId,
    Zone, quote,
};
use rules::{Condition, Facts, Reads};
use serde_json::{Value, json};
use wire::voucherify::*;

const CODE: &str = "v-x";

fn campaign() -> Campaign {
    Campaign {
        id: CampaignId(1),
        name: Arc::from("TEN"),
        active: true,
        validity: Validity::default(),
        rule: Condition::Always,
        stacking: Stacking::Together,
        priority: 1,
        commitment: Commitment::WhileBudgetLasts,
        currency: Currency(*b"EUR"),
        caps: Vec::new(),
        after: Condition::Always,
        zone: Zone::UTC,
        lending: Lending::Off,
    }
}

fn offer(number: u64, benefit: Benefit, scope: Scope) -> Offer {
    Offer {
        id: OfferId(number),
        campaign: CampaignId(1),
        name: Arc::from("ten off"),
        active: true,
        validity: Validity::default(),
        rule: Condition::Always,
        benefit,
        scope,
        is_tier: true,
        priority: 1,
        after: Condition::Always,
        bundle: None,
        grant_ms: 0,
        formula: None,
    }
}

fn order(input: &OrderInput) -> Order {
    order_to_domain(input, Currency(*b"EUR"), &Reads::everything()).unwrap()
}

/// What the offers come to on an order, in the order given.
fn quoted<'a>(order: &Order, campaign: &'a Campaign, offers: &'a [Offer]) -> Outcome<'a> {
    let present = |offer: &'a Offer| Presented {
        redeemable: Redeemable::Tier(offer.id),
        offer,
        campaign,
        voucher: None,
        category: None,
        own: Facts::NONE,
        at_most: None,
        units: None,
    };
    let asking = Asking {
        customer: None,
        now: 0,
    };
    quote(
        order,
        &Facts::default(),
        offers.iter().map(present).collect(),
        (asking, &offers::StackingRules::usual()),
    )
}

fn ten(number: u64) -> Offer {
    offer(
        number,
        Benefit::AmountOff {
            amount: 1000,
            spread: Spread::Order,
        },
        Scope::Order,
    )
}

fn voucher(code: &str) -> RedeemableInput {
    let object = RedeemableKind::Voucher;
    RedeemableInput {
        object,
        id: code.into(),
        gift: None,
        reward: None,
    }
}

fn input(body: &str) -> OrderInput {
    wire::parse(body.as_bytes()).unwrap()
}

fn told(view: &impl serde::Serialize) -> Value {
    serde_json::to_value(view).unwrap()
}

#[test]
fn a_validation_that_holds() {
    let (campaign, offers) = (campaign(), [ten(1)]);
    let sent = input(r#"{"amount": 20000}"#);
    let outcome = quoted(&order(&sent), &campaign, &offers);
    let result = RowResult {
        discount: Discount::of(&offers[0].benefit, None, &offers[0].scope),
        ..RowResult::default()
    };
    let row_order = OrderView::after(&sent, &outcome.priced, 0);
    let answer = ValidationResponse {
        id: Some("valid_x".into()),
        valid: true,
        redeemables: vec![ValidationRow::applicable(
            &voucher("TEN"),
            row_order,
            result,
        )],
        inapplicable_redeemables: Vec::new(),
        skipped_redeemables: Vec::new(),
        order: Some(OrderView::priced(&sent, &outcome.priced)),
        tracking_id: Some("track_x".into()),
        session: None,
        stacking_rules: StackingRules::default(),
    };
    let order = json!({
        "amount": 20000, "discount_amount": 1000, "total_discount_amount": 1000,
        "total_amount": 19000, "applied_discount_amount": 1000,
        "total_applied_discount_amount": 1000, "customer_id": null, "referrer_id": null,
        "metadata": {}, "object": "order",
    });
    let nothing = json!({"data": [], "total": 0, "data_ref": "data", "object": "list"});
    let mut found = told(&answer);
    assert_eq!(found["stacking_rules"]["redeemables_limit"], 30);
    found.as_object_mut().unwrap().remove("stacking_rules");
    let expected = json!({
        "id": "valid_x", "valid": true,
        "redeemables": [{
            "status": "APPLICABLE", "id": "TEN", "object": "voucher", "order": order,
            "applicable_to": nothing, "inapplicable_to": nothing,
            "result": {"discount": {
                "type": "AMOUNT", "effect": "APPLY_TO_ORDER", "amount_off": 1000,
                "is_dynamic": false,
            }},
            "metadata": {},
        }],
        "order": order, "tracking_id": "track_x",
    });
    assert_eq!(found, expected);
}

#[test]
fn a_validation_that_fails() {
    let unknown = Inapplicable::of(&Refusal::NotFound, &voucher("NOPE"), CODE);
    let Inapplicable::Error(error) = unknown else {
        panic!("{unknown:?}")
    };
    let mut row = told(&ValidationRow::inapplicable(&voucher("NOPE"), *error));
    let ours = row["result"]["error"]
        .as_object_mut()
        .unwrap()
        .remove("proffer")
        .unwrap();
    assert_eq!(ours["code"], "not_found");
    let expected = json!({
        "status": "INAPPLICABLE", "id": "NOPE", "object": "voucher",
        "result": {
            "error": {
                "code": 404, "key": "not_found", "message": "Resource not found",
                "details": "Cannot find voucher with id NOPE", "request_id": "v-x",
                "resource_id": "NOPE", "resource_type": "voucher",
            },
            "details": {"key": "not_found", "message": "Resource not found"},
        },
    });
    assert_eq!(row, expected);
    let skipped = ValidationRow::skipped(&voucher("TEN"), Skip::PrecedingValidationFailed);
    let message = "Redeemable cannot be applied due to preceding validation failure";
    let expected = json!({
        "status": "SKIPPED", "id": "TEN", "object": "voucher",
        "result": {"details": {"key": "preceding_validation_failed", "message": message}},
        "metadata": {},
    });
    let mut row = told(&skipped);
    let ours = row["result"].as_object_mut().unwrap().remove("proffer");
    assert_eq!(ours.unwrap()["code"], "preceding_validation_failed");
    assert_eq!(row, expected);
}

#[test]
fn a_redemption() {
    let mut child = RedemptionView::succeeded("r_1".into(), 0);
    child.redemption = Some("r_0".into());
    let found = told(&RedemptionResponse {
        redemptions: vec![child],
        parent_redemption: None,
        order: None,
        inapplicable_redeemables: Vec::new(),
        skipped_redeemables: Vec::new(),
    });
    let expected = json!({
        "redemptions": [{
            "id": "r_1", "object": "redemption", "redemption": "r_0", "result": "SUCCESS",
            "status": "SUCCEEDED", "date": "1970-01-01T00:00:00.000Z", "customer_id": null,
            "tracking_id": null, "metadata": null, "related_object_type": "redemption",
            "related_object_id": "",
        }],
        "inapplicable_redeemables": [], "skipped_redeemables": [],
    });
    assert_eq!(found, expected);
}

/// The line discounts, free units and shipping of each redeemable, and all of them together.
#[test]
fn items_tell_what_each_redeemable_took() {
    let sent = input(
        r#"{"items": [
            {"source_id": "mug", "price": 1000, "quantity": 2, "discount_amount": 100},
            {"product_id": "prod_5h1pp1ng", "price": 500},
            {"source_id": "hat", "price": 700}
        ], "discount_amount": 50}"#,
    );
    let campaign = campaign();
    let lines = Scope::Lines(Condition::Always.into());
    let offers = [
        offer(
            1,
            Benefit::PercentOff {
                rate: 100_000,
                ceiling: None,
            },
            lines,
        ),
        ten(2),
        offer(3, Benefit::ShippingFree { ceiling: None }, Scope::Order),
        offer(
            4,
            Benefit::unit_free(Sku(Arc::from("hat")), 2),
            Scope::Order,
        ),
    ];
    let outcome = quoted(&order(&sent), &campaign, &offers);
    assert_eq!(outcome.applied.len(), 4, "{:?}", outcome.refused);
    let all = OrderView::priced(&sent, &outcome.priced);
    assert_eq!(all.total_amount, outcome.priced.total);
    let mut before = OrderView::before(&sent, &outcome.priced);
    assert_eq!((before.amount, before.total_amount), (3200, 3050));
    for index in 0..4 {
        let after = OrderView::after(&sent, &outcome.priced, index);
        let taken = after.total_discount_amount - before.total_discount_amount;
        assert_eq!(
            after.total_applied_discount_amount, taken,
            "redeemable {index}"
        );
        let items: u64 = after.items.iter().map(|item| item.amount).sum();
        assert_eq!(items, after.amount, "redeemable {index}");
        before = after;
    }
    assert_eq!(before.total_amount, all.total_amount);
    assert_eq!(all.items[1].discount_amount, 500);
    assert_eq!(before.initial_amount, 3200);
    assert_eq!(all.items.len(), 4);
}

#[test]
fn a_referral_is_refused_in_its_own_words() {
    let key = |refusal: &Refusal| key_of(refusal, RedeemableKind::Voucher).wire().1;
    let own = "referrer_not_permitted_to_redeem";
    assert_eq!(key(&Refusal::OwnReferral), own);
    assert_eq!(key(&Refusal::ReferredBefore), "customer_rules_violated");
}

#[test]
fn every_refusal_has_words_for_every_redeemable() {
    let refusals = [
        (Refusal::NotFound, "not_found", "not_found"),
        (Refusal::Paused, "voucher_disabled", "promotion_inactive"),
        (
            Refusal::NotYetOpen { from: 0 },
            "voucher_not_active",
            "promotion_not_active_now",
        ),
        (
            Refusal::Closed { until: 0 },
            "voucher_expired",
            "promotion_not_active_now",
        ),
        (
            Refusal::OtherHolder,
            "customer_rules_violated",
            "customer_rules_violated",
        ),
        (
            Refusal::SignInRequired,
            "missing_customer",
            "missing_customer",
        ),
        (Refusal::UsedUp, "quantity_exceeded", "quantity_exceeded"),
        (
            Refusal::BudgetSpent,
            "redemption_rules_violated",
            "redemption_rules_violated",
        ),
        (
            Refusal::BelowMinimum {
                gap: 5,
                currency: offers::Currency(*b"EUR"),
            },
            "order_rules_violated",
            "order_rules_violated",
        ),
        (
            Refusal::RuleNotMet("customer.stage".into()),
            "customer_rules_violated",
            "customer_rules_violated",
        ),
        (
            Refusal::BalanceSpent,
            "gift_amount_exceeded",
            "gift_amount_exceeded",
        ),
    ];
    for (refusal, of_voucher, of_tier) in refusals {
        let key = |kind| key_of(&refusal, kind).wire().1;
        assert_eq!(key(RedeemableKind::Voucher), of_voucher, "{refusal:?}");
        assert_eq!(key(RedeemableKind::PromotionTier), of_tier, "{refusal:?}");
    }
    let passed_over = Inapplicable::of(&Refusal::NoEffect, &voucher("TEN"), CODE);
    assert_eq!(passed_over, Inapplicable::Skipped(Skip::NoEffect));
    assert_eq!(
        RedeemableKind::from(Redeemable::Voucher(VoucherId(1))),
        RedeemableKind::Voucher
    );
}

#[test]
fn lists_name_their_rows() {
    let list = List::page("vouchers", vec![1, 2], 7);
    let expected =
        json!({"object": "list", "data_ref": "vouchers", "vouchers": [1, 2], "total": 7});
    assert_eq!(told(&list), expected);
}
