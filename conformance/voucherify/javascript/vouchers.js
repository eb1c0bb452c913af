// Codes that stand alone, gift cards and their balances.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { amount, client, code, fresh, giftCard, holds, needs, refused, timestamp } from "./shop.js";

describe("vouchers", () => {
  it("are made, read by code or id, changed, switched, listed, removed", async () => {
    const sent = {
      code: fresh("TEN").toUpperCase(),
      type: "DISCOUNT_VOUCHER",
      discount: amount(1000, { effect: "APPLY_TO_ORDER" }),
      start_date: "2026-01-01T00:00:00Z",
      expiration_date: "2099-01-01T00:00:00Z",
      redemption: { quantity: 3 },
      additional_info: "printed",
      metadata: { partner: "north" },
    };
    const made = await client.vouchers.create(sent);
    assert.match(made.id, /^v_/);
    assert.match(made.created_at, timestamp);
    holds(made, {
      code: sent.code,
      type: "DISCOUNT_VOUCHER",
      discount: { type: "AMOUNT", amount_off: 1000, effect: "APPLY_TO_ORDER" },
      start_date: "2026-01-01T00:00:00.000Z",
      expiration_date: "2099-01-01T00:00:00.000Z",
      campaign: null,
      gift: null,
      loyalty_card: null,
      active: true,
      additional_info: "printed",
      metadata: { partner: "north" },
      is_referral_code: false,
      updated_at: null,
      object: "voucher",
      redemption: { quantity: 3, redeemed_quantity: 0, object: "list" },
      publish: { object: "list", count: 0 },
      validation_rules_assignments: { object: "list", data_ref: "data", data: [], total: 0 },
    });
    for (const name of [made.code, made.id]) {
      holds(await client.vouchers.get(name), { id: made.id, discount: { amount_off: 1000 } });
    }
    const changed = await client.vouchers.update({
      code: made.code,
      expiration_date: "2098-01-01T00:00:00Z",
      metadata: { partner: "south" },
    });
    holds(changed, { expiration_date: "2098-01-01T00:00:00.000Z", metadata: { partner: "south" } });
    holds(await client.vouchers.disable(made.code), { code: made.code, active: false });
    holds(await client.vouchers.enable(made.code), { code: made.code, active: true });
    const listed = await client.vouchers.list({ limit: 100, page: 1 });
    holds(listed, { object: "list", data_ref: "vouchers" });
    assert.ok(listed.vouchers.some(({ id }) => id === made.id));
    await client.vouchers.delete(made.code, { force: true });
    holds(await refused(client.vouchers.get(made.code), 404, "not_found"), {
      resource_id: made.code,
      resource_type: "voucher",
    });
  });

  it("have codes of their own", async () => {
    const { code: taken } = await code(amount(100));
    const again = { code: taken, type: "DISCOUNT_VOUCHER", discount: amount(100) };
    await refused(client.vouchers.create(again), 400, "duplicate_resource_key").catch(() =>
      refused(client.vouchers.create(again), 409, "duplicate_found"),
    );
  });

  it("that make no sense are refused", async () => {
    const sent = { code: fresh("BAD"), type: "DISCOUNT_VOUCHER", discount: amount("much") };
    await refused(client.vouchers.create(sent), 400, "invalid_payload");
    await refused(client.vouchers.get("no such code"), 404, "not_found");
    await refused(client.vouchers.delete("no such code"), 404, "not_found");
  });
});

describe("gift cards", () => {
  it("get and lose money only through their balance", async () => {
    const card = await giftCard(5000);
    holds(card, { type: "GIFT_VOUCHER", gift: { amount: 5000, balance: 5000 }, discount: null });
    const added = await client.vouchers.balance.create(card.code, { amount: 1500 });
    holds(added, {
      amount: 1500,
      total: 6500,
      balance: 6500,
      type: "gift_voucher",
      object: "balance",
      related_object: { type: "voucher", id: card.id },
    });
    holds(await client.vouchers.balance.create(card.code, { amount: -2500 }), {
      amount: -2500,
      balance: 4000,
    });
    holds(await client.vouchers.get(card.code), { gift: { balance: 4000 } });
    await assert.rejects(client.vouchers.balance.create(card.code, { amount: -4001 }));
    holds(await client.vouchers.get(card.code), { gift: { balance: 4000 } });
  });

  const ledger = "GET /v1/vouchers/{}/transactions";
  it("tell what became of their money", needs(ledger), async () => {
    const card = await giftCard(5000);
    await client.vouchers.balance.create(card.code, { amount: 700, reason: "sorry" });
    const rows = await client.vouchers.listTransactions(card.code, { limit: 10 });
    holds(rows, { object: "list", data_ref: "data" });
    const row = rows.data.find(({ type }) => type === "CREDITS_ADDITION");
    assert.match(row.id, /^vtx_/);
    holds(row, { voucher_id: card.id, details: { balance: { amount: 700, balance: 5700 } } });
  });
});
