// Customers and segments.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  amount,
  client,
  code,
  fresh,
  holds,
  needs,
  order,
  refused,
  timestamp,
  voucher,
} from "./shop.js";

describe("customers", () => {
  it("are made, read by either id, changed, listed, removed", async () => {
    const source_id = fresh("ann");
    const email = `${source_id}@shop.example`;
    const made = await client.customers.create({
      source_id,
      name: "Ann",
      email,
      phone: "+100",
      description: "from the fair",
      birthdate: "1990-02-28",
      address: { city: "Dublin", country: "IE", line_1: "1 Quay", postal_code: "D1" },
      metadata: { tier: "gold", children: 2 },
    });
    assert.match(made.id, /^cust_/);
    assert.match(made.created_at, timestamp);
    holds(made, { source_id, name: "Ann", email, phone: "+100", object: "customer" });
    holds(made.address, { city: "Dublin", country: "IE", line_1: "1 Quay", postal_code: "D1" });
    holds(made, { metadata: { tier: "gold", children: 2 }, birthdate: "1990-02-28" });
    holds(made.summary.redemptions, { total_redeemed: 0, gift: { redeemed_amount: 0 } });
    holds(made.summary.orders, { total_amount: 0, total_count: 0 });
    for (const id of [made.id, source_id]) {
      holds(await client.customers.get(id), { id: made.id, name: "Ann" });
    }
    const changed = await client.customers.update({ id: made.id, name: "Anna" });
    holds(changed, { id: made.id, name: "Anna", email });
    holds(await client.customers.update({ source_id, metadata: { tier: "silver" } }), {
      metadata: { tier: "silver", children: 2 },
    });
    holds(await client.customers.create({ source_id, phone: "+200" }), { id: made.id, name: "Anna" });
    const listed = await client.customers.list({ limit: 100, page: 1, order: "-created_at" });
    holds(listed, { object: "list", data_ref: "customers" });
    holds(listed.customers.find(({ id }) => id === made.id), { name: "Anna", phone: "+200" });
    await client.customers.delete(made.id);
    holds(await refused(client.customers.get(made.id), 404, "not_found"), {
      resource_id: made.id,
      resource_type: "customer",
    });
  });

  it("are scrolled through, each once", async () => {
    const made = [];
    for (let at = 0; at < 5; at += 1) {
      made.push((await client.customers.create({ source_id: fresh("bob") })).id);
    }
    for (const order of ["created_at", "-created_at"]) {
      const seen = [];
      for await (const { id } of client.customers.scroll({ limit: 2, order })) seen.push(id);
      assert.equal(new Set(seen).size, seen.length);
      assert.deepEqual(made.filter((id) => !seen.includes(id)), []);
    }
  });

  it("are looked for", async () => {
    const email = `${fresh("dan")}@shop.example`;
    const { id } = await client.customers.create({ source_id: fresh("dan"), email });
    holds(await client.customers.list({ email }), { total: 1, customers: [{ id }] });
  });

  it("show what they came to", async () => {
    const source_id = fresh("ann");
    const { id, name } = await client.loyalties.create({
      name: fresh("club"),
      voucher: { type: "LOYALTY_CARD", loyalty_card: { points: 40 } },
    });
    await client.loyalties.createMember(id, { customer: { source_id } });
    const paid = { ...order(["mug", 2, 1250]), status: "PAID", customer: { source_id } };
    await client.orders.create(paid);
    const used = await client.redemptions.redeemStackable({
      redeemables: [voucher((await code(amount(500))).code)],
      order: order(["mug", 1, 1250]),
      customer: { source_id },
    });
    const redemptions = { total_redeemed: 1, total_succeeded: 1, total_rolled_back: 0 };
    const shown = await client.customers.get(source_id);
    holds(shown, {
      summary: {
        redemptions,
        orders: { total_amount: 3250, total_count: 2, average_amount: 1625, last_order_amount: 750 },
      },
      loyalty: { points: 40, campaigns: { [name]: { points: 40 } } },
      referrals: { total: 0, campaigns: [] },
    });
    assert.match(shown.summary.orders.last_order_date, timestamp);
    await client.redemptions.rollback(used.redemptions[0].id);
    holds(await client.customers.get(source_id), {
      summary: {
        redemptions: { ...redemptions, total_rolled_back: 1, total_rollback_succeeded: 1 },
        orders: { total_amount: 2500, total_count: 1 },
      },
    });
  });

  it("with odd ids are found", async () => {
    const source_id = `${fresh("o'neil")}/ü ?&#%`;
    const made = await client.customers.create({ source_id, name: "Odd" });
    holds(await client.customers.get(source_id), { id: made.id, source_id, name: "Odd" });
  });

  it("that make no sense are refused", async () => {
    await refused(client.customers.create({ source_id: "x", metadata: 7 }), 400, "invalid_payload");
    await refused(client.customers.update({ id: "cust_0", name: "x" }), 404, "not_found");
  });

  const erase = "POST /v1/customers/{}/permanent-deletion";
  it("are erased for good", needs(erase), async () => {
    const made = await client.customers.create({ source_id: fresh("eve"), name: "Eve" });
    const proof = await client.customers.deletePermanently(made.id);
    assert.match(proof.id, /^del_/);
    holds(proof, { related_object_id: made.id, related_object: "customer", status: "DONE" });
    await refused(client.customers.get(made.id), 404, "not_found");
  });
});

describe("segments", () => {
  it("hold who is listed or whom a filter finds, and tell it", async () => {
    const customer = await client.customers.create({ source_id: fresh("cleo"), name: fresh("Cleo") });
    const fixed = await client.segments.create({
      name: fresh("listed"),
      type: "static",
      customers: [customer.id],
    });
    assert.match(fixed.id, /^seg_/);
    holds(fixed, { type: "static", object: "segment" });
    const found = await client.segments.create({
      name: fresh("named"),
      type: "auto-update",
      filter: { junction: "and", name: { conditions: { $is: [customer.name] } } },
    });
    holds(found, { type: "auto-update", filter: { name: { conditions: { $is: [customer.name] } } } });
    holds(await client.segments.get(found.id), { id: found.id, name: found.name });
    const segments = await client.segments.list(customer.id);
    holds(segments, { object: "list", data_ref: "data" });
    assert.ok(Array.isArray(segments.data), JSON.stringify(segments));
    for (const { id } of [fixed, found]) {
      await client.segments.delete(id);
      await refused(client.segments.get(id), 404, "not_found");
    }
  });
});
