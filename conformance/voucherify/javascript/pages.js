// Calls of a shop's pages, with a public key.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { amount, client, code, fresh, holds, needs, order, origin, page, plain, promotion, voucher } from "./shop.js";

const calls = ["POST /client/v1/validations", "POST /client/v1/redemptions"];

describe("a shop's pages", needs(...calls), () => {
  before(async () => {
    const settings = { origins: [origin], client_redeem_enabled: true };
    assert.equal((await plain("PUT", "/v1/settings", settings)).status, 200);
  });

  it("validate and redeem several", async () => {
    const { code: TEN } = await code(amount(1000));
    const body = {
      redeemables: [voucher(TEN)],
      order: order(["mug", 1, 20_000]),
      customer: { source_id: fresh("ann") },
    };
    holds(await page.validateStackable(body), { valid: true, order: { total_amount: 19_000 } });
    const used = await page.redeemStackable(body);
    holds(used, { redemptions: [{ result: "SUCCESS", voucher: { code: TEN } }] });
    holds(await client.vouchers.get(TEN), { redemption: { redeemed_quantity: 1 } });
  });

  it("ask what fits", async () => {
    const first = await promotion({ discount: amount(500) });
    const answer = await page.qualifications({ order: order(["mug", 1, 9000]), options: { limit: 50 } });
    const row = answer.redeemables.data.find(({ id }) => id === first.id);
    holds(row, { object: "promotion_tier", order: { total_amount: 8500 } });
  });

  it("validate one code", needs("GET /client/v1/validate"), async () => {
    const { code: TEN } = await code(amount(1000));
    const asked = { code: TEN, amount: 20_000, customer: { source_id: fresh("ann") } };
    holds(await page.validate(asked), { valid: true, code: TEN, discount: { amount_off: 1000 } });
    holds(await page.validate("NO-SUCH-CODE"), { valid: false, code: "NO-SUCH-CODE" });
  });

  it("redeem one code", needs("POST /client/v1/redeem"), async () => {
    const { code: TEN } = await code(amount(1000));
    const used = await page.redeem(TEN, { order: { amount: 20_000 } });
    holds(used, { result: "SUCCESS", voucher: { code: TEN }, order: { total_amount: 19_000 } });
    holds(await client.vouchers.get(TEN), { redemption: { redeemed_quantity: 1 } });
  });

  it("tell of what happened", needs("POST /client/v1/events"), async () => {
    const customer = { source_id: fresh("ann") };
    holds(await page.track("newsletter", { ...customer }, { place: "foot" }), {
      object: "event",
      type: "newsletter",
      customer: { object: "customer" },
    });
  });
});
