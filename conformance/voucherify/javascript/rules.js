// Validation rules, where they are assigned, and what they refuse.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { amount, client, code, fresh, holds, order, refused, voucher } from "./shop.js";

const atLeast = (least, more) => ({
  name: fresh("at least"),
  rules: {
    1: { name: "order.amount", conditions: { $more_than_or_equal: [least] } },
    logic: "1",
  },
  ...more,
});

describe("validation rules", () => {
  it("are made, read, changed, listed, removed", async () => {
    const sent = atLeast(5000, { error: { message: "Spend 50 or more" } });
    const made = await client.validationRules.create(sent);
    assert.match(made.id, /^val_/);
    holds(made, { name: sent.name, type: "expression", object: "validation_rules" });
    holds(made.rules, sent.rules);
    holds(made, { error: { message: "Spend 50 or more" }, assignments_count: 0 });
    holds(await client.validationRules.get(made.id), { id: made.id, rules: sent.rules });
    const { rules } = atLeast(6000);
    holds(await client.validationRules.update({ id: made.id, name: sent.name, rules }), {
      id: made.id,
      rules: { 1: { conditions: { $more_than_or_equal: [6000] } } },
    });
    const listed = await client.validationRules.list({ limit: 100 });
    holds(listed, { object: "list", data_ref: "data" });
    assert.ok(listed.data.some(({ id }) => id === made.id));
    await client.validationRules.delete(made.id);
    await refused(client.validationRules.get(made.id), 404, "not_found");
  });

  it("are assigned and taken away, and decide", async () => {
    const { code: TEN, id } = await code(amount(1000));
    const rule = await client.validationRules.create(
      atLeast(5000, { error: { message: "Spend 50 or more" } }),
    );
    const made = await client.validationRules.createAssignment(rule.id, { voucher: TEN }).catch(() =>
      client.validationRules.createAssignment(rule.id, {
        related_object_type: "voucher",
        related_object_id: id,
      }),
    );
    assert.match(made.id, /^asgm_/);
    holds(made, {
      rule_id: rule.id,
      related_object_id: id,
      related_object_type: "voucher",
      object: "validation_rules_assignment",
    });
    holds(await client.validationRules.listAssignments(rule.id), {
      object: "list",
      total: 1,
      data: [{ id: made.id, rule_id: rule.id }],
    });
    const all = await client.validationRules.listRulesAssignments({ rule: rule.id });
    holds(all, { data: [{ id: made.id }] });
    holds(await client.vouchers.get(TEN), {
      validation_rules_assignments: { total: 1, data: [{ rule_id: rule.id }] },
    });
    const ask = (line) =>
      client.validations.validateStackable({ redeemables: [voucher(TEN)], order: order(line) });
    const small = await ask(["mug", 1, 4999]);
    holds(small, { valid: false, redeemables: [{ status: "INAPPLICABLE" }] });
    holds(small.redeemables[0].result.error, {
      code: 400,
      key: "order_rules_violated",
      error: { message: "Spend 50 or more" },
    });
    holds(await ask(["mug", 1, 5000]), { valid: true, order: { total_amount: 4000 } });
    await client.validationRules.deleteAssignment(rule.id, made.id);
    holds(await ask(["mug", 1, 4999]), { valid: true, order: { total_amount: 3999 } });
  });

  it("are counted by themselves", async () => {
    const rules = [];
    for (const least of [5000, 6000]) {
      const { id } = await client.validationRules.create(atLeast(least));
      const { id: related_object_id } = await code(amount(1000));
      const to = { related_object_type: "voucher", related_object_id };
      await client.validationRules.createAssignment(id, to);
      rules.push(id);
    }
    holds(await client.validationRules.listRulesAssignments({ rule: rules[0] }), { total: 1 });
  });

  it("that make no sense are refused", async () => {
    const sent = { name: "x", rules: { 1: { name: "order.no_such", conditions: { $is: [1] } } } };
    const error = await client.validationRules.create(sent).catch((error) => error);
    assert.equal(error.code, 400, JSON.stringify(error));
  });
});
