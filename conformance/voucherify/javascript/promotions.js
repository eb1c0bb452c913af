// Promotion tiers: offers without a code.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { amount, client, fresh, holds, needs, percent, promotion, refused } from "./shop.js";

describe("promotion tiers", () => {
  it("are made, read, changed, listed, removed", async () => {
    const first = await promotion({ discount: amount(500) }, { metadata: { place: "top" } });
    assert.match(first.id, /^promo_/);
    const campaign = first.campaign_id ?? first.promotion_id;
    const second = await client.promotions.tiers.create(campaign, {
      name: "second",
      banner: "10 % now",
      action: { discount: percent(10) },
      hierarchy: 2,
      metadata: { place: "side" },
    });
    holds(second, {
      name: "second",
      banner: "10 % now",
      action: { discount: { type: "PERCENT", percent_off: 10 } },
      hierarchy: 2,
      metadata: { place: "side" },
      active: true,
      campaign: { id: campaign, object: "campaign" },
      object: "promotion_tier",
    });
    const read = await client.promotions.tiers.get(first.id);
    holds(read, { id: first.id, metadata: { place: "top" }, action: { discount: amount(500) } });
    const changed = await client.promotions.tiers.update({ id: second.id, banner: "Now" });
    holds(changed, { id: second.id, name: "second", banner: "Now" });
    const listed = await client.promotions.tiers.list(campaign);
    holds(listed, { object: "list", data_ref: "tiers", total: 2 });
    assert.deepEqual(listed.tiers.map(({ id }) => id), [first.id, second.id]);
    const all = await client.promotions.tiers.listAll({ is_available: true, limit: 100 });
    holds(all, { object: "list", data_ref: "tiers" });
    assert.ok(all.tiers.some(({ id }) => id === second.id));
    await client.promotions.tiers.delete(second.id);
    await refused(client.promotions.tiers.get(second.id), 404, "not_found");
  });
});

describe("promotion stacks", () => {
  const routes = ["POST /v1/promotions/{}/stacks", "GET /v1/promotions/stacks"];
  it("are made, read, changed, listed, removed", needs(...routes), async () => {
    const first = await promotion({ discount: amount(500) });
    const campaign = first.campaign_id;
    const second = await client.promotions.tiers.create(campaign, {
      name: "second",
      action: { discount: percent(10) },
    });
    const { stack: stacks } = client.promotions;
    const made = await stacks.createInCampaign(campaign, {
      name: fresh("both"),
      tiers: { ids: [first.id, second.id], hierarchy_mode: "MANUAL" },
    });
    assert.match(made.id, /^stack_/);
    holds(made, { tiers: { ids: [first.id, second.id] }, object: "promotion_stack" });
    holds(await stacks.get(campaign, made.id), { id: made.id, name: made.name });
    const turned = { tiers: { ids: [second.id, first.id], hierarchy_mode: "MANUAL" } };
    holds(await stacks.update(campaign, made.id, turned), { id: made.id, ...turned });
    holds(await stacks.listInCampaign(campaign), { total: 1, data: [{ id: made.id }] });
    assert.ok((await stacks.list({ limit: 100 })).data.some(({ id }) => id === made.id));
    await stacks.delete(campaign, made.id);
    await refused(stacks.get(campaign, made.id), 404, "not_found");
  });
});
