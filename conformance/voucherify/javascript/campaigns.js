// Campaigns of each type, and the codes of them.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { amount, client, finished, fresh, holds, needs, percent, refused, timestamp } from "./shop.js";

const coupons = (more) => ({
  name: fresh("spring"),
  campaign_type: "DISCOUNT_COUPONS",
  type: "STATIC",
  voucher: {
    type: "DISCOUNT_VOUCHER",
    discount: percent(10.5, { amount_limit: 5000 }),
    redemption: { quantity: 2 },
    code_config: { pattern: "SPR-####-####" },
  },
  ...more,
});

describe("campaigns", () => {
  it("of coupons are made, read by id or name, changed, switched, listed, removed", async () => {
    const sent = coupons({
      description: "for spring",
      start_date: "2026-01-01T00:00:00Z",
      expiration_date: "2099-12-31T00:00:00Z",
      metadata: { team: "north" },
    });
    const made = await client.campaigns.create(sent);
    assert.match(made.id, /^camp_/);
    assert.match(made.created_at, timestamp);
    holds(made, {
      name: sent.name,
      campaign_type: "DISCOUNT_COUPONS",
      type: "STATIC",
      description: "for spring",
      start_date: "2026-01-01T00:00:00.000Z",
      expiration_date: "2099-12-31T00:00:00.000Z",
      active: true,
      metadata: { team: "north" },
      object: "campaign",
      vouchers_count: 0,
      auto_join: false,
      join_once: false,
      protected: false,
      creation_status: "DONE",
      vouchers_generation_status: "DONE",
    });
    holds(made.voucher, {
      type: "DISCOUNT_VOUCHER",
      discount: { type: "PERCENT", percent_off: 10.5, amount_limit: 5000 },
      redemption: { quantity: 2 },
      is_referral_code: false,
      code_config: { pattern: "SPR-####-####" },
    });
    for (const name of [made.id, made.name]) {
      holds(await client.campaigns.get(name), { id: made.id, name: made.name });
    }
    const changed = await client.campaigns.update(made.id, {
      description: "for summer",
      metadata: { team: "south" },
    });
    holds(changed, { id: made.id, description: "for summer", metadata: { team: "south" } });
    await client.campaigns.disable(made.id);
    holds(await client.campaigns.get(made.id), { active: false });
    await client.campaigns.enable(made.id);
    holds(await client.campaigns.get(made.id), { active: true });
    const listed = await client.campaigns.list({ limit: 100, campaign_type: "DISCOUNT_COUPONS" });
    holds(listed, { object: "list", data_ref: "campaigns" });
    assert.ok(listed.campaigns.some(({ id }) => id === made.id));
    await client.campaigns.delete(made.name, { force: true });
    await refused(client.campaigns.get(made.id), 404, "not_found");
  });

  it("have names of their own", async () => {
    const sent = coupons();
    await client.campaigns.create(sent);
    await refused(client.campaigns.create(sent), 409, "duplicate_found");
  });

  it("give out codes, random or chosen", async () => {
    const { id, name } = await client.campaigns.create(coupons());
    const one = await client.campaigns.addVoucher(id, {}, { vouchers_count: 1 });
    assert.match(one.code, /^SPR-.{4}-.{4}$/);
    holds(one, {
      campaign: name,
      campaign_id: id,
      discount: { percent_off: 10.5 },
      redemption: { quantity: 2, redeemed_quantity: 0 },
      object: "voucher",
    });
    const code = fresh("CHOSEN").toUpperCase();
    const chosen = await client.campaigns.addCertainVoucher(name, code, {
      metadata: { partner: "east" },
      redemption: { quantity: 7 },
    });
    holds(chosen, { code, metadata: { partner: "east" }, redemption: { quantity: 7 } });
    const many = await client.campaigns.addVoucher(name, {}, { vouchers_count: 3 });
    assert.equal(typeof many.async_action_id, "string");
    const listed = await client.vouchers.list({ campaign: name, limit: 10 });
    holds(listed, { object: "list", data_ref: "vouchers", total: 5 });
    holds(await client.campaigns.get(id), { vouchers_count: 5 });
  });

  it("of gift cards give each its balance", async () => {
    const made = await client.campaigns.create({
      name: fresh("gifts"),
      campaign_type: "GIFT_VOUCHERS",
      voucher: { type: "GIFT_VOUCHER", gift: { amount: 10_000 }, redemption: { quantity: null } },
    });
    holds(made, { campaign_type: "GIFT_VOUCHERS", voucher: { gift: { amount: 10_000 } } });
    const card = await client.campaigns.addVoucher(made.name);
    holds(card, { type: "GIFT_VOUCHER", gift: { amount: 10_000, balance: 10_000 }, discount: null });
  });

  it("of promotions are read with their tiers", async () => {
    const made = await client.campaigns.create({
      name: fresh("summer"),
      campaign_type: "PROMOTION",
      promotion: {
        tiers: [
          { name: "small", banner: "5 off", action: { discount: amount(500) }, hierarchy: 1 },
          { name: "large", banner: "10 %", action: { discount: percent(10) }, hierarchy: 2 },
        ],
      },
    });
    holds(made, { campaign_type: "PROMOTION", type: "STATIC" });
    holds(made.promotion, { object: "list", data_ref: "tiers", total: 2 });
    holds(made.promotion.tiers, [
      { name: "small", action: { discount: amount(500) }, hierarchy: 1 },
      { name: "large", action: { discount: percent(10) }, hierarchy: 2 },
    ]);
    holds((await client.campaigns.get(made.name)).promotion, { total: 2 });
  });

  const imports = "POST /v1/campaigns/{}/import";
  it("take codes that were made elsewhere", needs(imports, "GET /v1/async-actions/{}"), async () => {
    const { name } = await client.campaigns.create(coupons());
    const codes = [fresh("OLD").toUpperCase(), fresh("OLD").toUpperCase()];
    const started = await client.campaigns.importVouchers(
      name,
      codes.map((code) => ({ code })),
    );
    await finished(started);
    for (const code of codes) {
      holds(await client.vouchers.get(code), { campaign: name, discount: { percent_off: 10.5 } });
    }
    const actions = await client.asyncActions.list({ limit: 10 });
    assert.ok(actions.async_actions.some(({ id }) => id === started.async_action_id));
  });
});
