// A loyalty programme lived through: what earns points, who holds a card, and what points buy.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { client, fresh, gone, holds, order, refused, timestamp, voucher } from "./shop.js";

const { loyalties, rewards } = client;

/** A programme whose cards begin with so many points. */
function programme(points = 0) {
  return loyalties.create({
    name: fresh("club"),
    voucher: { type: "LOYALTY_CARD", loyalty_card: { points }, code_config: { pattern: "CLUB-########" } },
  });
}

/** A card of a programme, and its customer's source_id. */
async function member(programme) {
  const source_id = fresh("ann");
  const card = await loyalties.createMember(programme.id, { customer: { source_id, name: "Ann" } });
  return { card, source_id };
}

const mug = (more) =>
  rewards.create({ name: fresh("Mug"), type: "MATERIAL", parameters: { product: { id: "prod_mug" } }, ...more });

const perEuro = {
  event: "order.paid",
  loyalty: { type: "PROPORTIONAL", calculation_type: "ORDER_AMOUNT", order: { amount: { every: 100, points: 1 } } },
  source: { banner: "A point for each euro" },
};

const balance = async (card) => (await loyalties.getMember(null, card.code)).loyalty_card.balance;

describe("loyalty programmes", () => {
  it("are made, read, changed, listed, removed", async () => {
    const made = await programme(50);
    assert.match(made.id, /^camp_/);
    assert.match(made.created_at, timestamp);
    holds(made, {
      campaign_type: "LOYALTY_PROGRAM",
      type: "AUTO_UPDATE",
      active: true,
      voucher: { type: "LOYALTY_CARD", loyalty_card: { points: 50 } },
      object: "campaign",
    });
    holds(await loyalties.get(made.id), { id: made.id, name: made.name });
    const changed = await loyalties.update({ id: made.id, description: "For all", metadata: { team: "north" } });
    holds(changed, { id: made.id, description: "For all", metadata: { team: "north" } });
    holds(await client.campaigns.get(made.name), { id: made.id, description: "For all" });
    const listed = await loyalties.list({ limit: 100 });
    holds(listed, { object: "list", data_ref: "campaigns" });
    assert.ok(listed.campaigns.every(({ campaign_type }) => campaign_type === "LOYALTY_PROGRAM"));
    assert.ok(listed.campaigns.some(({ id }) => id === made.id));
    await loyalties.delete(made.id, { force: true });
    await gone(() => loyalties.get(made.id));
  });

  it("tell what happened on a card", async () => {
    const club = await programme(50);
    const { card } = await member(club);
    await loyalties.addOrRemoveCardBalance(card.code, { points: -20 });
    const type = "customer.voucher.loyalty_card.points_added";
    for (const campaign of [club.id, null]) {
      const { data } = await loyalties.listMemberActivity(campaign, card.code, { type });
      holds(data, [
        { type, data: { voucher_transaction: { type: "POINTS_REMOVAL", details: { balance: { points: -20 } } } } },
        { type, data: { voucher_transaction: { type: "POINTS_ADDITION", details: { balance: { points: 50 } } } } },
      ]);
    }
  });

  it("earn by rules that are made, read, switched, changed, listed, removed", async () => {
    const club = await programme();
    const [proportional, fixed] = await loyalties.createEarningRule(club.id, [
      perEuro,
      { event: "newsletter_joined", loyalty: { type: "FIXED", points: 30 }, source: { banner: "Thanks" } },
    ]);
    assert.match(proportional.id, /^ern_/);
    holds(proportional, {
      ...perEuro,
      source: { banner: "A point for each euro", object_id: club.id, object_type: "campaign" },
      active: true,
      validation_rule_id: null,
      object: "earning_rule",
    });
    holds(fixed, { event: "newsletter_joined", loyalty: { type: "FIXED", points: 30 } });
    holds(await loyalties.getEarningRule(club.id, fixed.id), { id: fixed.id, loyalty: { points: 30 } });
    const changed = await loyalties.updateEarningRule(club.id, {
      id: fixed.id,
      loyalty: { type: "FIXED", points: 40 },
      source: { banner: "Thank you" },
    });
    holds(changed, { id: fixed.id, loyalty: { type: "FIXED", points: 40 }, source: { banner: "Thank you" } });
    const listed = await loyalties.listEarningRules(club.id, { limit: 10 });
    holds(listed, { object: "list", data_ref: "data", total: 2 });
    assert.deepEqual(new Set(listed.data.map(({ id }) => id)), new Set([proportional.id, fixed.id]));

    const { card, source_id } = await member(club);
    const join = () => client.events.create("newsletter_joined", { customer: { source_id } });
    holds(await join(), { object: "event", type: "newsletter_joined", customer: { object: "customer" } });
    assert.equal(await balance(card), 40);
    holds(await loyalties.disableEarningRule(club.id, fixed.id), { id: fixed.id, active: false });
    await join();
    assert.equal(await balance(card), 40);
    holds(await loyalties.enableEarningRule(club.id, fixed.id), { id: fixed.id, active: true });
    await join();
    assert.equal(await balance(card), 80);
    const paid = { ...order(["mug", 3, 1250]), status: "PAID", customer: { source_id } };
    holds(await client.orders.create(paid), { status: "PAID", amount: 3750 });
    assert.equal(await balance(card), 117);
    await loyalties.deleteEarningRule(club.id, fixed.id);
    await refused(loyalties.getEarningRule(club.id, fixed.id), 404, "not_found");
    await join();
    assert.equal(await balance(card), 117);
  });

  it("give each member a card, and points on it", async () => {
    const club = await programme(10);
    const { card, source_id } = await member(club);
    assert.match(card.code, /^CLUB-.{8}$/);
    holds(card, {
      campaign: club.name,
      campaign_id: club.id,
      type: "LOYALTY_CARD",
      loyalty_card: { points: 10, balance: 10 },
      holder_id: (await client.customers.get(source_id)).id,
    });
    for (const campaign of [club.id, null]) {
      holds(await loyalties.getMember(campaign, card.code), { id: card.id, loyalty_card: { balance: 10 } });
    }
    holds(await loyalties.listMembers(club.id, { limit: 10 }), {
      object: "list",
      data_ref: "vouchers",
      total: 1,
      vouchers: [{ id: card.id, code: card.code }],
    });
    holds(await loyalties.addPoints(club.id, card.code, { points: 120 }), {
      points: 120,
      total: 130,
      balance: 130,
      type: "loyalty_card",
      object: "balance",
      related_object: { type: "voucher", id: card.id },
    });
    const source = fresh("change");
    const taken = { points: -30, reason: "typed wrong", source_id: source };
    for (const campaign of [undefined, club.id]) {
      // The shop's own number makes the second the same as the first.
      holds(await loyalties.addOrRemoveCardBalance(card.code, taken, campaign), {
        points: -30,
        balance: 100,
        operation_type: "MANUAL",
      });
    }
    await refused(loyalties.addPoints(club.id, card.code, { points: -101 }), 400, "loyalty_card_points_exceeded");
    for (const campaign of [club.id, null]) {
      const rows = await loyalties.listCardTransactions(card.code, campaign, { limit: 10 });
      holds(rows, { object: "list", data_ref: "data", has_more: false });
      const removal = rows.data.find(({ type }) => type === "POINTS_REMOVAL");
      assert.match(removal.id, /^vtx_/);
      holds(removal, {
        voucher_id: card.id,
        campaign_id: club.id,
        source_id: source,
        reason: "typed wrong",
        details: {
          balance: {
            type: "loyalty_card",
            points: -30,
            balance: 100,
            object: "balance",
            operation_type: "MANUAL",
            related_object: { type: "voucher", id: card.id },
          },
        },
      });
      const added = rows.data.filter(({ type }) => type === "POINTS_ADDITION");
      assert.ok(added.some(({ details }) => details.balance.points === 120), JSON.stringify(added));
    }
  });

  it("have tiers, which a card climbs", async () => {
    const club = await programme();
    const [rule] = await loyalties.createEarningRule(club.id, [perEuro]);
    const sent = [
      { name: "Silver", points: { from: 0, to: 99 } },
      {
        name: "Gold",
        points: { from: 100, to: 1000 },
        earning_rules: { [rule.id]: { type: "MULTIPLY", multiplier: 2 } },
        metadata: { colour: "yellow" },
      },
    ];
    const [silver, gold] = await loyalties.createTiers(club.id, sent);
    assert.match(gold.id, /^ltr_/);
    holds(gold, { ...sent[1], campaign_id: club.id, object: "loyalty_tier" });
    holds(await loyalties.getTier(club.id, silver.id), { id: silver.id, name: "Silver", points: { from: 0, to: 99 } });
    const listed = await loyalties.listTiers(club.id);
    holds(listed, { object: "list", data_ref: "data", total: 2 });
    assert.deepEqual(new Set(listed.data.map(({ id }) => id)), new Set([silver.id, gold.id]));

    const { card, source_id } = await member(club);
    const pays = (price) =>
      client.orders.create({ ...order(["mug", 1, price]), status: "PAID", customer: { source_id } });
    const stands = async () => (await loyalties.listMemberLoyaltyTiers(card.code)).data.map(({ name }) => name);
    assert.deepEqual(await stands(), ["Silver"]);
    await pays(10_000);
    assert.equal(await balance(card), 100);
    assert.deepEqual(await stands(), ["Gold"]);
    await pays(10_000);
    assert.equal(await balance(card), 300);
    const clash = loyalties.createTiers(club.id, [{ name: "Tin", points: { from: 50, to: 150 } }]);
    await refused(clash, 400, "invalid_payload");
  });

  it("sell rewards for points", async () => {
    const club = await programme();
    const reward = await mug({ stock: 1 });
    const { card } = await member(club);
    await loyalties.addPoints(club.id, card.code, { points: 200 });
    const [offered] = await loyalties.createRewardAssignments(club.id, [
      { reward: reward.id, parameters: { loyalty: { points: 300 } } },
    ]);
    assert.match(offered.id, /^rewa_/);
    holds(offered, {
      reward_id: reward.id,
      related_object_id: club.id,
      related_object_type: "campaign",
      parameters: { loyalty: { points: 300 } },
      object: "reward_assignment",
    });
    holds(await loyalties.listRewardAssignments(club.id), { total: 1, data_ref: "data", data: [{ id: offered.id }] });
    holds(await loyalties.getRewardAssignment(club.id, offered.id), { id: offered.id, reward_id: reward.id });
    holds(await loyalties.getRewardDetails(club.id, offered.id), { id: reward.id, name: reward.name });
    const buy = () => loyalties.redeemReward(club.id, card.code, { reward: { id: reward.id } });
    await refused(buy(), 400, "loyalty_card_points_exceeded");
    const affordable = (affordable_only) => loyalties.listMemberRewards(card.code, { affordable_only });
    holds(await affordable(true), { object: "list", total: 0, data: [] });
    const changed = await loyalties.updateRewardAssignment(club.id, {
      id: offered.id,
      parameters: { loyalty: { points: 150 } },
    });
    holds(changed, { id: offered.id, parameters: { loyalty: { points: 150 } } });
    holds(await affordable(true), {
      data_ref: "data",
      data: [{ reward: { id: reward.id }, assignment: { id: offered.id }, object: "loyalty_reward" }],
    });
    const bought = await buy();
    assert.match(bought.id, /^r_/);
    holds(bought, {
      object: "redemption",
      result: "SUCCESS",
      amount: 150,
      reward: { id: reward.id, type: "MATERIAL", assignment_id: offered.id, object: "reward" },
      voucher: { code: card.code, loyalty_card: { balance: 50 } },
    });
    assert.equal(await balance(card), 50);
    holds(await rewards.get(reward.id), { stock: 1, redeemed: 1 });
    holds(await client.redemptions.rollback(bought.id), { result: "SUCCESS", amount: -150 });
    assert.equal(await balance(card), 200);
    const kinds = (await loyalties.listCardTransactions(card.code, null)).data.map(({ type }) => type);
    assert.deepEqual(new Set(kinds), new Set(["POINTS_ADDITION", "POINTS_REDEMPTION", "POINTS_REFUND"]));
    await loyalties.deleteRewardAssignment(club.id, offered.id);
    holds(await loyalties.listRewardAssignments(club.id), { total: 0, data: [] });
    await refused(buy(), 404, "not_found");
  });

  it("pay for a part of an order", async () => {
    const club = await programme();
    const coin = await rewards.create({
      name: fresh("Money off"),
      type: "COIN",
      parameters: { coin: { exchange_ratio: 1, points_ratio: 2 } },
    });
    await rewards.createAssignment(coin.id, { campaign: club.id });
    const { card, source_id } = await member(club);
    await loyalties.addPoints(club.id, card.code, { points: 500 });
    const used = await client.redemptions.redeemStackable({
      redeemables: [voucher(card.code, { reward: { id: coin.id, points: 400 } })],
      order: order(["mug", 1, 1250]),
      customer: { source_id },
    });
    holds(used, {
      redemptions: [{ amount: 400, loyalty_card: { points: 400 }, reward: { id: coin.id, type: "COIN" } }],
      order: { amount: 1250, total_discount_amount: 200, total_amount: 1050 },
    });
    assert.equal(await balance(card), 100);
  });
});

describe("rewards", () => {
  it("are made, read, changed, listed, removed", async () => {
    const made = await mug({ stock: 3, attributes: { description: "blue" } });
    assert.match(made.id, /^rew_/);
    holds(made, {
      type: "MATERIAL",
      stock: 3,
      redeemed: 0,
      attributes: { description: "blue" },
      parameters: { product: { id: "prod_mug" } },
      object: "reward",
    });
    holds(await rewards.get(made.id), { id: made.id, name: made.name });
    const changed = await rewards.update({ id: made.id, name: "Big mug", stock: 5 });
    holds(changed, { id: made.id, name: "Big mug", stock: 5, attributes: { description: "blue" } });
    const listed = await rewards.list({ limit: 100 });
    holds(listed, { object: "list", data_ref: "data" });
    holds(listed.data.find(({ id }) => id === made.id), { name: "Big mug" });
    await rewards.delete(made.id);
    await refused(rewards.get(made.id), 404, "not_found");
  });

  it("are offered in a programme, and withdrawn", async () => {
    const club = await programme();
    const reward = await mug();
    const made = await rewards.createAssignment(reward.id, {
      campaign: club.id,
      parameters: { loyalty: { points: 150 } },
    });
    holds(made, {
      reward_id: reward.id,
      related_object_id: club.id,
      related_object_type: "campaign",
      parameters: { loyalty: { points: 150 } },
    });
    holds(await rewards.getAssignment(reward.id, made.id), { id: made.id, parameters: { loyalty: { points: 150 } } });
    holds(await rewards.listAssignments(reward.id), { object: "list", total: 1, data: [{ id: made.id }] });
    const cheaper = { id: made.id, campaign: club.id, parameters: { loyalty: { points: 90 } } };
    holds(await rewards.updateAssignment(reward.id, cheaper), { id: made.id, parameters: { loyalty: { points: 90 } } });
    holds(await loyalties.listRewardAssignments(club.id), { data: [{ parameters: { loyalty: { points: 90 } } }] });
    await rewards.deleteAssignment(reward.id, made.id);
    await refused(rewards.getAssignment(reward.id, made.id), 404, "not_found");
  });

  it("without a type are what their parameters tell", async () => {
    const parameters = { coin: { exchange_ratio: 1, points_ratio: 2 } };
    holds(await rewards.create({ name: fresh("Off"), parameters }), { type: "COIN", parameters });
  });

  it("that make no sense are refused", async () => {
    await refused(mug({ stock: -1 }), 400, "invalid_payload");
    await refused(rewards.createAssignment("rew_0", { campaign: "none" }), 404, "not_found");
  });
});
