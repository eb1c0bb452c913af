// Codes that are given to customers, what a customer holds, and events that count.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { amount, client, code, fresh, giftCard, holds, order, refused, timestamp, voucher } from "./shop.js";

const { publications } = client.distributions;

/** A campaign of codes for one use each. */
function campaign(more) {
  return client.campaigns.create({
    name: fresh("mailing"),
    campaign_type: "DISCOUNT_COUPONS",
    voucher: { type: "DISCOUNT_VOUCHER", discount: amount(1000), redemption: { quantity: 1 } },
    ...more,
  });
}

describe("publications", () => {
  it("give one code of a campaign to one customer", async () => {
    const { id, name } = await campaign({ vouchers_count: 1 });
    const source_id = fresh("ann");
    const made = await publications.create({
      campaign: { name },
      customer: { source_id, name: "Ann" },
      metadata: { by: "mail" },
    });
    const ann = await client.customers.get(source_id);
    assert.match(made.id, /^pub_/);
    assert.match(made.created_at, timestamp);
    holds(made, {
      object: "publication",
      result: "SUCCESS",
      channel: "API",
      customer_id: ann.id,
      customer: { id: ann.id, source_id, name: "Ann", object: "customer" },
      metadata: { by: "mail" },
      voucher: { campaign: name, campaign_id: id, holder_id: ann.id, publish: { count: 1 }, object: "voucher" },
      vouchers_id: [made.voucher.id],
    });
    holds(await client.vouchers.get(made.voucher.code), { holder_id: ann.id, publish: { count: 1 } });
    const listed = await publications.list({ limit: 10, campaign: name });
    holds(listed, { object: "list", data_ref: "publications", total: 1 });
    holds(listed.publications, [{ id: made.id, result: "SUCCESS", customer_id: ann.id, metadata: { by: "mail" } }]);
    const several = await publications.create({ campaign: { name, count: 3 }, customer: { source_id } });
    assert.equal(new Set(several.vouchers).size, 3);
    assert.equal("voucher" in several, false);
    const used = await client.redemptions.redeemStackable({
      redeemables: [voucher(several.vouchers[0])],
      order: order(["mug", 1, 5000]),
      customer: { source_id },
    });
    holds(used, { redemptions: [{ voucher: { holder_id: ann.id } }], order: { total_amount: 4000 } });
  });

  it("are the same where the shop says its own number again", async () => {
    const { name } = await campaign();
    const source_id = fresh("pub");
    const asked = { campaign: { name }, customer: { source_id: fresh("bob") }, source_id };
    const first = await publications.create(asked);
    holds(first, { source_id });
    holds(await publications.create(asked), { voucher: { code: first.voucher.code } });
  });

  it("happen once where a campaign is joined once", async () => {
    const { name } = await campaign({ join_once: true });
    const asked = { campaign: { name }, customer: { source_id: fresh("bob") } };
    const first = await publications.create(asked);
    holds(await publications.create(asked), { voucher: { code: first.voucher.code } });
  });

  it("that cannot be are refused, and listed", async () => {
    const { code: ALONE } = await code(amount(100));
    const give = (voucher, customer) => publications.create({ voucher, customer: { source_id: fresh(customer) } });
    holds(await give(ALONE, "ann"), { result: "SUCCESS", voucher: { code: ALONE } });
    await refused(give(ALONE, "bob"), 400, "voucher_already_published");
    const [failed] = (await publications.list({ result: "FAILURE", limit: 1 })).publications;
    holds(failed, { result: "FAILURE", failure_code: "voucher_already_published" });
    await refused(give("NO-SUCH-CODE", "ann"), 404, "not_found");
    const { name } = await campaign({ type: "STATIC" });
    const none = publications.create({ campaign: { name }, customer: { source_id: fresh("ann") } });
    await refused(none, 400, "no_voucher_suitable_for_publication");
  });
});

describe("what a customer holds", () => {
  it("is listed with how it stands", async () => {
    const { code: ONE } = await code(amount(1000), { redemption: { quantity: 1 } });
    const card = await giftCard(2000);
    const source_id = fresh("ann");
    for (const voucher of [ONE, card.code]) await publications.create({ voucher, customer: { source_id } });
    const held = async () => {
      const rows = await client.customers.listRedeemables(source_id, { limit: 10, order: "id" });
      holds(rows, { object: "list", data_ref: "data", total: 2, has_more: false });
      return rows.data;
    };
    const { id } = await client.customers.get(source_id);
    const [first, second] = await held();
    holds(first, {
      redeemable_object: "voucher",
      customer_id: id,
      holder_role: "OWNER",
      voucher_type: "DISCOUNT_VOUCHER",
      redeemable: { type: "voucher", status: "ACTIVE", voucher: { code: ONE, object: "voucher" } },
    });
    holds(second, {
      redeemable_id: card.id,
      voucher_type: "GIFT_VOUCHER",
      redeemable: { status: "ACTIVE", voucher: { gift: { amount: 2000, balance: 2000 } } },
    });
    await client.redemptions.redeemStackable({
      redeemables: [voucher(ONE), voucher(card.code)],
      order: order(["mug", 1, 5000]),
      customer: { source_id },
    });
    assert.deepEqual((await held()).map(({ redeemable }) => redeemable.status), ["USED", "NO_BALANCE"]);
  });
});

describe("events", () => {
  it("make their customer", async () => {
    const source_id = fresh("eve");
    holds(await client.events.create("quiz_finished", { customer: { source_id, name: "Eve" }, metadata: { score: 7 } }), {
      object: "event",
      type: "quiz_finished",
      customer: { object: "customer", id: (await client.customers.get(source_id)).id },
      referral: null,
      loyalty: null,
    });
    holds(await client.customers.get(source_id), { name: "Eve", object: "customer" });
  });

  it("convert a referral", async () => {
    const cards = await client.campaigns.create({
      name: fresh("cards"),
      campaign_type: "GIFT_VOUCHERS",
      voucher: { type: "GIFT_VOUCHER", gift: { amount: 0 } },
    });
    const event = fresh("signed_up");
    const friends = await client.campaigns.create({
      name: fresh("friends"),
      campaign_type: "REFERRAL_PROGRAM",
      referral_program: {
        conversion_event_type: "custom_event",
        custom_event: { name: event },
        referee_reward: {
          type: "GIFT_VOUCHER",
          amount: 500,
          related_object_parent: { id: cards.id, object: "CAMPAIGN" },
        },
      },
      voucher: { type: "DISCOUNT_VOUCHER", discount: amount(1000) },
    });
    holds(friends, { campaign_type: "REFERRAL_PROGRAM", voucher: { is_referral_code: true } });
    const { voucher, customer_id } = await publications.create({
      campaign: { name: friends.name },
      customer: { source_id: fresh("ann") },
    });
    holds(voucher, { is_referral_code: true, referrer_id: customer_id });
    const source_id = fresh("bob");
    const told = await client.events.create(event, { customer: { source_id }, referral: { code: voucher.code } });
    holds(told, { referral: { code: voucher.code, referrer_id: customer_id } });
    const { data } = await client.customers.listRedeemables(source_id);
    holds(data.find(({ voucher_type }) => voucher_type === "GIFT_VOUCHER"), {
      campaign_id: cards.id,
      holder_role: "OWNER",
      redeemable: { voucher: { gift: { balance: 500 } } },
    });
    holds(data.find(({ campaign_id }) => campaign_id === friends.id), { holder_role: "REFEREE" });
  });

  it("without a name or a customer are refused", async () => {
    await refused(client.events.create("", { customer: { source_id: fresh("eve") } }), 400, "invalid_payload");
  });
});
