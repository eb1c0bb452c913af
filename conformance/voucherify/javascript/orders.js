// Orders as the shop tells them.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { amount, client, code, finished, fresh, holds, order, refused, timestamp, voucher } from "./shop.js";

describe("orders", () => {
  it("are made, read by either id, changed, paid, listed", async () => {
    const source_id = fresh("ann");
    const sent = {
      ...order(["mug", 2, 1250], ["pen", 1, 300]),
      customer: { source_id, name: "Ann" },
      metadata: { store: "Riga", gift: true },
    };
    const made = await client.orders.create(sent);
    assert.match(made.id, /^ord_/);
    assert.match(made.created_at, timestamp);
    holds(made, {
      source_id: sent.source_id,
      status: "CREATED",
      amount: 2800,
      total_amount: 2800,
      customer_id: (await client.customers.get(source_id)).id,
      metadata: { store: "Riga", gift: true },
      items: [
        { source_id: "mug", related_object: "product", quantity: 2, price: 1250, amount: 2500, object: "order_item" },
        { source_id: "pen", quantity: 1, price: 300, amount: 300, subtotal_amount: 300 },
      ],
      object: "order",
    });
    holds(await client.orders.get(sent.source_id), { id: made.id, amount: 2800 });
    const changed = await client.orders.update({ id: made.id, status: "PAID", metadata: { gift: false } });
    holds(changed, { id: made.id, status: "PAID", amount: 2800, metadata: { store: "Riga", gift: false } });
    assert.match(changed.updated_at, timestamp);
    const listed = await client.orders.list({ limit: 100, order: "-created_at" });
    holds(listed, { object: "list", data_ref: "orders" });
    holds(listed.orders.find(({ id }) => id === made.id), { status: "PAID", amount: 2800 });
  });

  it("with a known source_id are changed, not doubled", async () => {
    const sent = order(["mug", 1, 1000]);
    const made = await client.orders.create(sent);
    const again = await client.orders.create({ source_id: sent.source_id, status: "FULFILLED" });
    holds(again, { id: made.id, status: "FULFILLED", amount: 1000 });
  });

  it("are redeemed on by their name alone", async () => {
    const made = await client.orders.create({ ...order(["mug", 1, 5000]), customer: { source_id: fresh("ann") } });
    const { code: TEN } = await code(amount(1000));
    const used = await client.redemptions.redeemStackable({
      redeemables: [voucher(TEN)],
      order: { source_id: made.source_id },
    });
    holds(used, {
      redemptions: [{ result: "SUCCESS", customer_id: made.customer_id }],
      order: { id: made.id, amount: 5000, total_discount_amount: 1000, total_amount: 4000, status: "PAID" },
    });
    holds(await client.orders.get(made.id), { total_amount: 4000, customer_id: made.customer_id });
  });

  it("of the past are imported", async () => {
    const customer = { source_id: fresh("ann") };
    const sent = { ...order(["mug", 2, 900]), status: "PAID", customer };
    const imported = await finished(await client.orders.import([sent]));
    holds(imported, { type: "ORDERS.IMPORT", result: { done_count: 1, failed_count: 0 } });
    holds(await client.orders.get(sent.source_id), { status: "PAID", amount: 1800, total_amount: 1800 });
    const { data } = await client.customers.listActivity(customer.source_id, { type: "customer.order.created" });
    holds(data, [{ type: "customer.order.created", data: { order: { source_id: sent.source_id } } }]);
  });

  it("that make no sense are refused", async () => {
    await refused(client.orders.create({ status: "SENT" }), 400, "invalid_payload");
    await refused(client.orders.create({ amount: -1 }), 400, "invalid_payload");
    await refused(client.orders.update({ id: "ord_0", status: "PAID" }), 404, "not_found");
    await refused(client.orders.get("ord_0"), 404, "not_found");
  });
});
