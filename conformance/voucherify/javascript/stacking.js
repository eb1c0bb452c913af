// Stacking rules: no client knows them, so they are set by plain HTTP, and the client meets them.

import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { amount, client, code, fresh, holds, order, percent, plain, project, refused, voucher } from "./shop.js";

const path = `/management/v1/projects/${project}/stacking-rules`;

describe("stacking rules", () => {
  let rules;
  after(() => rules && plain("DELETE", `${path}/${rules.id}`));

  it("are made, read, changed, listed", async () => {
    const made = await plain("POST", path, { redeemables_application_mode: "PARTIAL" });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    rules = made.body;
    assert.match(rules.id, /^stk_/);
    holds(rules, {
      redeemables_limit: 30,
      applicable_redeemables_limit: 5,
      redeemables_application_mode: "PARTIAL",
      object: "stacking_rules",
    });
    holds((await plain("GET", `${path}/${rules.id}`)).body, { id: rules.id });
    holds((await plain("GET", path)).body, { object: "list", total: 1, data: [{ id: rules.id }] });
    const changed = await plain("PUT", `${path}/${rules.id}`, { applicable_redeemables_limit: 2 });
    holds(changed.body, { applicable_redeemables_limit: 2, redeemables_application_mode: "PARTIAL" });
    const again = await plain("POST", path, {});
    holds(again, { status: 409, body: { key: "stacking_rules_exist" } });
  });

  it("let what does not apply fall out under PARTIAL", async () => {
    const { code: TEN } = await code(percent(10));
    const body = {
      redeemables: [voucher("NO-SUCH-CODE"), voucher(TEN)],
      order: order(["mug", 1, 10_000]),
      customer: { source_id: fresh("ann") },
    };
    const asked = await client.validations.validateStackable(body);
    holds(asked, {
      valid: true,
      redeemables: [{ id: TEN, status: "APPLICABLE" }],
      inapplicable_redeemables: [{ id: "NO-SUCH-CODE", status: "INAPPLICABLE" }],
      order: { total_amount: 9000 },
    });
    const used = await client.redemptions.redeemStackable(body);
    holds(used, {
      redemptions: [{ voucher: { code: TEN } }],
      inapplicable_redeemables: [{ id: "NO-SUCH-CODE" }],
      order: { total_amount: 9000 },
    });
    await refused(
      client.redemptions.redeemStackable({ ...body, redeemables: [voucher("NO-SUCH-CODE")] }),
      400,
      "no_applicable_redeemables",
    );
  });

  it("skip more than may apply", async () => {
    const codes = [];
    for (let at = 0; at < 3; at += 1) codes.push((await code(amount(100))).code);
    const answer = await client.validations.validateStackable({
      redeemables: codes.map((each) => voucher(each)),
      order: order(["mug", 1, 10_000]),
    });
    holds(answer, { valid: true, order: { total_amount: 9800 } });
    holds(answer.skipped_redeemables, [
      { id: codes[2], result: { details: { key: "applicable_redeemables_limit_exceeded" } } },
    ]);
  });

  it("fall back to the defaults when removed", async () => {
    const gone = await plain("DELETE", `${path}/${rules.id}`);
    assert.equal(gone.status, 204);
    rules = undefined;
    const { code: TEN } = await code(percent(10));
    const answer = await client.validations.validateStackable({
      redeemables: [voucher("NO-SUCH-CODE"), voucher(TEN)],
      order: order(["mug", 1, 10_000]),
    });
    holds(answer, { valid: false, stacking_rules: { redeemables_application_mode: "ALL" } });
  });
});
