// The life of an order: qualify, validate, redeem, roll back.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  amount,
  client,
  code,
  fresh,
  giftCard,
  holds,
  needs,
  order,
  percent,
  promotion,
  refused,
  tier,
  timestamp,
  voucher,
} from "./shop.js";

const ofTwoHundred = () => order(["mug", 2, 5000], ["shirt", 1, 10_000]);

describe("qualifications", () => {
  it("name what fits and what it would give", async () => {
    const first = await promotion({ discount: amount(500) });
    const answer = await client.qualifications.checkEligibility({
      customer: { source_id: fresh("ann") },
      order: ofTwoHundred(),
      scenario: "ALL",
      options: { limit: 50, expand: ["redeemable"] },
    });
    holds(answer.redeemables, { object: "list", data_ref: "data" });
    const row = answer.redeemables.data.find(({ id }) => id === first.id);
    holds(row, {
      object: "promotion_tier",
      result: { discount: { type: "AMOUNT", amount_off: 500 } },
      order: { amount: 20_000, total_discount_amount: 500, total_amount: 19_500 },
    });
    holds(answer.order, { amount: 20_000, total_amount: 20_000 });
    holds(answer.stacking_rules, { redeemables_limit: 30, applicable_redeemables_limit: 5 });
  });
});

describe("validations", () => {
  it("price the order and hold nothing", async () => {
    const { code: TEN } = await code(percent(10));
    const answer = await client.validations.validateStackable({
      redeemables: [voucher(TEN)],
      order: ofTwoHundred(),
      customer: { source_id: fresh("ann") },
      metadata: { shop: "north" },
    });
    assert.match(answer.id, /^valid_/);
    holds(answer, { valid: true });
    holds(answer.redeemables, [
      { status: "APPLICABLE", id: TEN, object: "voucher", result: { discount: { percent_off: 10 } } },
    ]);
    holds(answer.order, {
      amount: 20_000,
      discount_amount: 2000,
      total_discount_amount: 2000,
      total_applied_discount_amount: 2000,
      total_amount: 18_000,
      items: [
        { source_id: "mug", quantity: 2, price: 5000, amount: 10_000 },
        { source_id: "shirt", quantity: 1, price: 10_000, amount: 10_000 },
      ],
    });
    assert.equal("inapplicable_redeemables" in answer, false);
    holds(await client.vouchers.get(TEN), { redemption: { redeemed_quantity: 0 } });
  });

  it("say why not, with the rest skipped", async () => {
    const { code: TEN } = await code(amount(1000));
    const answer = await client.validations.validateStackable({
      redeemables: [voucher("NO-SUCH-CODE"), voucher(TEN)],
      order: ofTwoHundred(),
    });
    holds(answer, { valid: false });
    assert.equal("order" in answer, false);
    holds(answer.redeemables, [
      { status: "INAPPLICABLE", id: "NO-SUCH-CODE", result: { error: { code: 404, key: "not_found" } } },
      { status: "SKIPPED", id: TEN, result: { details: { key: "preceding_validation_failed" } } },
    ]);
    holds(answer.inapplicable_redeemables, [{ id: "NO-SUCH-CODE" }]);
    holds(answer.skipped_redeemables, [{ id: TEN }]);
  });

  it("discount items where they are told to", async () => {
    const { code: EACH } = await code(amount(1000, { effect: "APPLY_TO_ITEMS" }));
    const answer = await client.validations.validateStackable({
      redeemables: [voucher(EACH)],
      order: order(["mug", 2, 1000], ["pen", 1, 700]),
    });
    holds(answer.order, {
      amount: 2700,
      items_discount_amount: 1700,
      total_amount: 1000,
      items: [
        { discount_amount: 1000, subtotal_amount: 1000 },
        { discount_amount: 700, subtotal_amount: 0 },
      ],
    });
  });

  it("refuse the same code twice", async () => {
    const { code: TEN } = await code(amount(1000));
    await refused(
      client.validations.validateStackable({
        redeemables: [voucher(TEN), voucher(TEN)],
        order: ofTwoHundred(),
      }),
      400,
      "duplicated_redeemables",
    );
  });

  it("hold a use for a session until it is let go", async () => {
    const { code: ONE } = await code(amount(1000), { redemption: { quantity: 1 } });
    const ask = (session) =>
      client.validations.validateStackable({
        redeemables: [voucher(ONE)],
        order: order(["mug", 1, 5000]),
        session,
      });
    const held = await ask({ type: "LOCK", ttl: 1, ttl_unit: "HOURS" });
    holds(held, { valid: true, session: { type: "LOCK", ttl: 1, ttl_unit: "HOURS" } });
    assert.equal(typeof held.session.key, "string");
    const other = await ask({ type: "LOCK" });
    holds(other, { valid: false });
    holds(other.redeemables[0].result.error, { key: "quantity_exceeded" });
    await client.vouchers.releaseValidationSession(ONE, held.session.key);
    holds(await ask({ type: "LOCK", key: fresh("session") }), { valid: true });
  });
});

describe("redemptions", () => {
  it("of several stand in the order's list", async () => {
    const codes = [(await code(amount(100))).code, (await code(amount(200))).code];
    const { order, parent_redemption, redemptions } = await client.redemptions.redeemStackable({
      redeemables: codes.map((each) => voucher(each)),
      order: ofTwoHundred(),
    });
    holds(order.redemptions[parent_redemption.id], { stacked: redemptions.map(({ id }) => id) });
  });

  it("apply in the order of the request", async () => {
    const { code: TEN } = await code(percent(10));
    const first = await promotion({ discount: amount(500) });
    const answer = await client.redemptions.redeemStackable({
      redeemables: [tier(first.id), voucher(TEN)],
      order: ofTwoHundred(),
    });
    holds(answer.redemptions, [{ related_object_type: "promotion_tier" }, { voucher: { code: TEN } }]);
    holds(answer.order, { total_amount: 17_550 });
  });

  it("of one code use it once and make the order", async () => {
    const { code: TEN, id } = await code(amount(1000), { redemption: { quantity: 1 } });
    const source_id = fresh("ann");
    const sent = ofTwoHundred();
    const answer = await client.redemptions.redeemStackable({
      redeemables: [voucher(TEN)],
      order: sent,
      customer: { source_id, name: "Ann" },
      metadata: { till: 3 },
    });
    assert.equal(answer.redemptions.length, 1);
    assert.equal("parent_redemption" in answer, false);
    holds(answer, { inapplicable_redeemables: [], skipped_redeemables: [] });
    const [redemption] = answer.redemptions;
    assert.match(redemption.id, /^r_/);
    assert.match(redemption.date, timestamp);
    holds(redemption, {
      object: "redemption",
      result: "SUCCESS",
      status: "SUCCEEDED",
      metadata: { till: 3 },
      customer: { source_id, object: "customer" },
      related_object_type: "voucher",
      related_object_id: id,
      voucher: { code: TEN, object: "voucher" },
      order: { amount: 20_000, total_amount: 19_000 },
      channel: { channel_type: "API" },
    });
    holds(answer.order, {
      source_id: sent.source_id,
      status: "PAID",
      amount: 20_000,
      discount_amount: 1000,
      total_amount: 19_000,
      object: "order",
    });
    assert.match(answer.order.id, /^ord_/);
    assert.ok(answer.order.redemptions[redemption.id], JSON.stringify(answer.order.redemptions));
    holds(await client.vouchers.get(TEN), { redemption: { quantity: 1, redeemed_quantity: 1 } });
    holds(await client.redemptions.get(redemption.id), { id: redemption.id, status: "SUCCEEDED" });
    const listed = await client.redemptions.list({ limit: 10 });
    holds(listed, { object: "list", data_ref: "redemptions" });
    holds(listed.redemptions[0], { id: redemption.id });
    const uses = await client.redemptions.getForVoucher(TEN);
    holds(uses, { quantity: 1, redeemed_quantity: 1, data_ref: "redemption_entries", total: 1 });
    holds(uses.redemption_entries, [{ id: redemption.id, result: "SUCCESS" }]);
    const stored = await client.orders.get(answer.order.id);
    holds(stored, { id: answer.order.id, source_id: sent.source_id, total_amount: 19_000 });
    assert.ok((await client.orders.list({ limit: 10 })).orders.some(({ id }) => id === stored.id));
    await refused(
      client.redemptions.redeemStackable({ redeemables: [voucher(TEN)], order: ofTwoHundred() }),
      400,
      "quantity_exceeded",
    );
  });

  it("of several make one parent, and roll back together", async () => {
    const { code: TEN } = await code(percent(10));
    const first = await promotion({ discount: amount(500) });
    const card = await giftCard(5000);
    const answer = await client.redemptions.redeemStackable({
      redeemables: [voucher(TEN), voucher(card.code, { gift: { credits: 3000 } }), tier(first.id)],
      order: ofTwoHundred(),
      customer: { source_id: fresh("ann") },
    });
    const { parent_redemption: parent, redemptions } = answer;
    holds(answer.order, { total_discount_amount: 5500, total_amount: 14_500 });
    assert.deepEqual(
      redemptions.map(({ redemption, related_object_type }) => [redemption, related_object_type]),
      [
        [parent.id, "voucher"],
        [parent.id, "voucher"],
        [parent.id, "promotion_tier"],
      ],
    );
    holds(redemptions[1], { amount: 3000, gift: { amount: 3000 } });
    holds(redemptions[2], { promotion_tier: { id: first.id, object: "promotion_tier" } });
    holds(parent, {
      object: "redemption",
      result: "SUCCESS",
      related_object_type: "redemption",
      order: { status: "PAID", total_amount: 14_500 },
    });
    holds(answer.order.redemptions[parent.id], { related_object_id: parent.id });
    holds(await client.vouchers.get(card.code), { gift: { balance: 2000 } });
    await refused(client.redemptions.rollback(redemptions[0].id), 400, "invalid_redemption_parent");
    await refused(client.redemptions.rollback(parent.id), 400, "invalid_redemption");
    const undone = await client.redemptions.rollbackStackable(parent.id, { reason: "returned" });
    assert.equal(undone.rollbacks.length, 3);
    assert.match(undone.parent_rollback.id, /^rr_/);
    holds(undone.rollbacks[1], { object: "redemption_rollback", result: "SUCCESS", amount: -3000 });
    holds(undone.order, { status: "CANCELED" });
    holds(await client.vouchers.get(card.code), { gift: { balance: 5000 } });
    holds(await client.vouchers.get(TEN), { redemption: { redeemed_quantity: 0 } });
    await refused(client.redemptions.rollbackStackable(parent.id, {}), 400, "already_rolled_back");
  });

  it("of one roll back alone", async () => {
    const { code: ONE } = await code(amount(1000), { redemption: { quantity: 1 } });
    const use = () =>
      client.redemptions.redeemStackable({ redeemables: [voucher(ONE)], order: ofTwoHundred() });
    const { redemptions } = await use();
    const undone = await client.redemptions.rollback(redemptions[0].id, {
      reason: "typed wrong",
      tracking_id: fresh("track"),
    });
    assert.match(undone.id, /^rr_/);
    holds(undone, {
      object: "redemption_rollback",
      redemption: redemptions[0].id,
      reason: "typed wrong",
      result: "SUCCESS",
      voucher: { code: ONE },
    });
    holds(await client.redemptions.get(redemptions[0].id), {
      status: "ROLLED_BACK",
      related_redemptions: { rollbacks: [{ id: undone.id }] },
    });
    await refused(client.redemptions.rollback(redemptions[0].id), 400, "already_rolled_back");
    holds(await use(), { redemptions: [{ result: "SUCCESS" }] });
  });

  it("fail whole where one fails", async () => {
    const { code: TEN } = await code(amount(1000), { redemption: { quantity: 1 } });
    const error = await refused(
      client.redemptions.redeemStackable({
        redeemables: [voucher(TEN), voucher("NO-SUCH-CODE")],
        order: ofTwoHundred(),
      }),
      404,
      "not_found",
    );
    holds(error, { resource_type: "voucher", resource_id: "NO-SUCH-CODE" });
    holds(await client.vouchers.get(TEN), { redemption: { redeemed_quantity: 0 } });
  });

  it("take what a session holds", async () => {
    const { code: ONE } = await code(amount(1000), { redemption: { quantity: 1 } });
    const body = { redeemables: [voucher(ONE)], order: ofTwoHundred() };
    const key = fresh("session");
    const session = { type: "LOCK", key };
    await client.validations.validateStackable({ ...body, session });
    await refused(client.redemptions.redeemStackable(body), 400, "quantity_exceeded");
    const answer = await client.redemptions.redeemStackable({ ...body, session });
    holds(answer.redemptions, [{ result: "SUCCESS", session: { key } }]);
  });

  it("spend a gift card down to nothing", async () => {
    const card = await giftCard(1500);
    const answer = await client.redemptions.redeemStackable({
      redeemables: [voucher(card.code)],
      order: order(["mug", 1, 2000]),
    });
    holds(answer.order, { total_amount: 500 });
    await refused(
      client.redemptions.redeemStackable({
        redeemables: [voucher(card.code, { gift: { credits: 1 } })],
        order: order(["mug", 1, 2000]),
      }),
      400,
      "gift_amount_exceeded",
    );
  });
});

describe("calls of one code", () => {
  it("validate it", needs("POST /v1/vouchers/{}/validate"), async () => {
    const { code: TEN } = await code(amount(1000));
    holds(await client.validations.validateVoucher(TEN, { order: ofTwoHundred() }), {
      valid: true,
      code: TEN,
      discount: { type: "AMOUNT", amount_off: 1000 },
      order: { amount: 20_000, total_amount: 19_000 },
    });
    holds(await client.validations.validate(TEN, { order: ofTwoHundred() }), { valid: true });
    holds(await client.validations.validateVoucher("NO-SUCH-CODE", { order: ofTwoHundred() }), {
      valid: false,
    });
  });

  it("redeem it", needs("POST /v1/vouchers/{}/redemption"), async () => {
    const { code: TEN } = await code(amount(1000));
    const answer = await client.redemptions.redeem(TEN, { order: ofTwoHundred() });
    assert.match(answer.id, /^r_/);
    holds(answer, { result: "SUCCESS", order: { total_amount: 19_000 }, voucher: { code: TEN } });
    await refused(client.redemptions.redeem("NO-SUCH-CODE", {}), 404, "not_found");
  });

  it("redeem a tier", needs("POST /v1/promotions/tiers/{}/redemption"), async () => {
    const first = await promotion({ discount: amount(500) });
    const answer = await client.promotions.tiers.redeem(first.id, { order: ofTwoHundred() });
    holds(answer, { result: "SUCCESS", order: { total_amount: 19_500 } });
  });

  it("look for tiers that fit", needs("POST /v1/promotions/validation"), async () => {
    const first = await promotion({ discount: amount(500) });
    const answer = await client.promotions.validate({ order: ofTwoHundred() });
    holds(answer, { valid: true });
    holds(answer.promotions.find(({ id }) => id === first.id), { discount: { amount_off: 500 } });
    holds(await client.validations.validate({ order: ofTwoHundred() }), { valid: true });
  });
});
