// Calls of a shop's pages, with a public key.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import sdk from "@voucherify/sdk";
import {
  amount,
  client,
  code,
  fresh,
  holds,
  needs,
  order,
  origin,
  page,
  plain,
  promotion,
  refused,
  url,
  voucher,
} from "./shop.js";

const calls = ["POST /client/v1/validations", "POST /client/v1/redemptions"];

describe("a shop's pages", needs(...calls), () => {
  before(async () => {
    const settings = { origins: [origin], client_redeem_enabled: true, client_publish_enabled: true };
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

  it("give one code of a campaign, once", async () => {
    const { name } = await client.campaigns.create({
      name: fresh("handed out"),
      campaign_type: "DISCOUNT_COUPONS",
      voucher: { type: "DISCOUNT_VOUCHER", discount: amount(1000), redemption: { quantity: 1 } },
    });
    const source_id = fresh("ann");
    page.setIdentity(source_id);
    const given = await page.publish(name, {});
    holds(given, {
      object: "publication",
      result: "SUCCESS",
      customer: { source_id },
      voucher: { campaign: name, publish: { count: 1 } },
    });
    const { holder_id } = await client.vouchers.get(given.voucher.code);
    holds(await client.customers.get(holder_id), { source_id });
    await refused(page.publish(name, {}), 400, "voucher_already_published");
  });

  it("name nobody's code without being told more", async () => {
    const { code: OFF } = await code(amount(100), { active: false });
    for (const name of [OFF, "NO-SUCH-CODE"]) {
      const seen = await page.validateStackable({ redeemables: [voucher(name)], order: order(["mug", 1, 500]) });
      holds(seen, { valid: false, redeemables: [{ result: { error: { code: 404, key: "not_found" } } }] });
    }
  });

  it("do nothing with the key of another", async () => {
    const other = (more) =>
      sdk.VoucherifyClientSide({ clientApplicationId: "x", clientSecretKey: "pk_nobodys", apiUrl: url, origin, ...more });
    const body = { redeemables: [voucher("TEN")], order: order(["mug", 1, 500]) };
    await refused(other().validateStackable(body), 401, "unauthorized");
    const clientSecretKey = process.env.PROFFER_PUBLIC_KEY;
    const elsewhere = other({ clientSecretKey, origin: "https://elsewhere.example" });
    await refused(elsewhere.validateStackable(body), 403, "forbidden");
  });
});
