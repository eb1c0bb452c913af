// Very many at once: lists, tables, changes in the background, and tables of everything.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { amount, client, code, finished, fresh, giftCard, holds, moment, order, refused, url, voucher } from "./shop.js";

describe("bulk", () => {
  it("makes vouchers, and changes the metadata of each or of all", async () => {
    const codes = [fresh("OLD").toUpperCase(), fresh("OLD").toUpperCase()];
    const made = await finished(
      await client.vouchers.import([
        { code: codes[0], type: "DISCOUNT_VOUCHER", discount: amount(700), metadata: { shop: "north" } },
        { code: codes[1], type: "GIFT_VOUCHER", gift: { amount: 900 }, active: false },
      ]),
    );
    holds(made, { type: "VOUCHERS.IMPORT", result: { done_count: 2, failed_count: 0 } });
    holds(await client.vouchers.get(codes[0]), { discount: { amount_off: 700 }, metadata: { shop: "north" } });
    holds(await client.vouchers.get(codes[1]), { gift: { amount: 900, balance: 900 }, active: false });
    const each = codes.map((code, at) => ({ code, metadata: { at } }));
    holds(await finished(await client.vouchers.bulkUpdate(each)), { type: "VOUCHERS.BULK_UPDATE" });
    const all = { codes, metadata: { season: "spring" } };
    holds(await finished(await client.vouchers.bulkUpdateMetadata(all)), { type: "VOUCHERS.METADATA_UPDATE" });
    for (const [at, code] of codes.entries()) {
      holds(await client.vouchers.get(code), { metadata: { at, season: "spring" } });
    }
    holds(await client.vouchers.get(codes[0]), { metadata: { shop: "north" } });
  });

  it("tells which rows were not done", async () => {
    const good = fresh("GOOD").toUpperCase();
    const started = await client.vouchers.import([
      { code: good, type: "DISCOUNT_VOUCHER", discount: amount(700) },
      { code: fresh("BAD"), type: "DISCOUNT_VOUCHER", discount: amount("much") },
    ]);
    const { result } = await finished(started);
    holds(result, { done_count: 1, failed_count: 1, failed: [{ row: 2, key: "invalid_payload" }] });
    holds(await client.vouchers.get(good), { discount: { amount_off: 700 } });
  });

  it("makes and changes customers", async () => {
    const [ann, bob] = [fresh("ann"), fresh("bob")];
    await client.customers.create({ source_id: ann, name: "Ann", metadata: { tier: "gold" } });
    const rows = [
      { source_id: ann, name: "Anna" },
      { source_id: bob, name: "Bob", address: { city: "Cork" } },
    ];
    holds(await finished(await client.customers.updateInBulk(rows)), { type: "CUSTOMERS.BULK_UPDATE" });
    holds(await client.customers.get(ann), { name: "Anna", metadata: { tier: "gold" } });
    holds(await client.customers.get(bob), { name: "Bob", address: { city: "Cork" } });
    const body = { source_ids: [ann, bob], metadata: { season: "spring" } };
    holds(await finished(await client.customers.updateMetadataInBulk(body)), { type: "CUSTOMERS.METADATA_UPDATE" });
    holds(await client.customers.get(ann), { metadata: { tier: "gold", season: "spring" } });
    holds(await client.customers.get(bob), { metadata: { season: "spring" } });
  });

  it("makes and changes products", async () => {
    const [mug, hat] = [fresh("mug"), fresh("hat")];
    await client.products.create({ source_id: mug, name: "Mug", price: 1250 });
    const rows = [
      { source_id: mug, price: 1300 },
      { source_id: hat, name: "Hat", price: 2500 },
    ];
    holds(await finished(await client.products.bulkUpdate(rows)), { type: "PRODUCTS.BULK_UPDATE" });
    holds(await client.products.get(mug), { name: "Mug", price: 1300 });
    holds(await client.products.get(hat), { name: "Hat", price: 2500 });
    const body = { source_ids: [mug, hat], metadata: { season: "spring" } };
    holds(await finished(await client.products.bulkUpdateMetadata(body)), { type: "PRODUCTS.METADATA_UPDATE" });
    for (const name of [mug, hat]) holds(await client.products.get(name), { metadata: { season: "spring" } });
  });
});

describe("tables that are sent", () => {
  let folder;
  before(() => (folder = mkdtempSync(join(tmpdir(), "conformance-"))));
  after(() => rmSync(folder, { recursive: true }));
  const table = (...rows) => {
    const file = join(folder, `${fresh("table")}.csv`);
    writeFileSync(file, rows.map((row) => row.join(",") + "\n").join(""));
    return file;
  };

  it("make vouchers", async () => {
    const code = fresh("CSV").toUpperCase();
    const heading = ["Code", "Voucher Type", "Value", "Discount Type", "Redemption Limit", "Active", "shop"];
    const file = table(heading, [code, "DISCOUNT_VOUCHER", "700", "AMOUNT", "3", "true", '"north, west"']);
    holds(await finished(await client.vouchers.importCSV(file)), {
      type: "VOUCHERS.IMPORT_CSV",
      result: { done_count: 1 },
    });
    holds(await client.vouchers.get(code), {
      type: "DISCOUNT_VOUCHER",
      discount: { type: "AMOUNT", amount_off: 700 },
      redemption: { quantity: 3 },
      metadata: { shop: "north, west" },
    });
  });

  it("make codes of a campaign", async () => {
    const { id, name } = await client.campaigns.create({
      name: fresh("printed"),
      campaign_type: "DISCOUNT_COUPONS",
      voucher: { type: "DISCOUNT_VOUCHER", discount: amount(1000) },
    });
    const code = fresh("CSV").toUpperCase();
    const started = await client.campaigns.importVouchersCSV(id, table(["Code", "shop"], [code, "north"]));
    holds(await finished(started), { type: "CAMPAIGN.VOUCHERS_IMPORT_CSV" });
    holds(await client.vouchers.get(code), {
      campaign: name,
      discount: { amount_off: 1000 },
      metadata: { shop: "north" },
    });
  });

  it("make customers", async () => {
    const source_id = fresh("ann");
    const heading = ["source_id", "name", "address_city", "shop"];
    const file = table(heading, [source_id, "Ann", "Cork", "north"]);
    holds(await finished(await client.customers.importCSV(file)), { type: "CUSTOMERS.IMPORT_CSV" });
    holds(await client.customers.get(source_id), {
      name: "Ann",
      address: { city: "Cork" },
      metadata: { shop: "north" },
    });
  });

  it("make products and SKUs", async () => {
    const shirt = fresh("shirt");
    const products = table(["source_id", "name", "price"], [shirt, "Shirt", "1999"]);
    holds(await finished(await client.products.importCSV(products)), { type: "PRODUCTS.IMPORT_CSV" });
    const { id } = await client.products.get(shirt);
    holds(await client.products.get(shirt), { name: "Shirt", price: 1999 });
    const source_id = fresh("shirt-m");
    const skus = table(["product_id", "source_id", "sku", "price"], [id, source_id, "Shirt M", "1899"]);
    holds(await finished(await client.products.importSkusCSV(skus)), { type: "SKUS.IMPORT_CSV" });
    holds(await client.products.getSku(source_id), { sku: "Shirt M", price: 1899, product: { id } });
  });
});

describe("tables that are asked for", () => {
  const { exports: tables } = client.distributions;
  const done = async ({ id }) => {
    for (let tries = 0; tries < 50; tries += 1) {
      const found = await tables.get(id);
      if (found.status === "DONE") return found;
      assert.notEqual(found.status, "ERROR", JSON.stringify(found));
      await moment();
    }
    return assert.fail(`${id} is not done`);
  };
  const text = async ({ result }) => {
    const answer = await fetch(new URL(result.url, url));
    assert.equal(answer.status, 200);
    return answer.text();
  };

  it("are made, read, listed, removed", async () => {
    const shop = fresh("north");
    const made = [await code(amount(700), { metadata: { shop } }), await giftCard(900, { metadata: { shop } })];
    const sent = {
      exported_object: "voucher",
      parameters: {
        order: "created_at",
        fields: ["code", "voucher_type", "value", "metadata.shop"],
        filters: { junction: "and", "metadata.shop": { conditions: { $is: [shop] } } },
      },
    };
    const asked = await tables.create(sent);
    assert.match(asked.id, /^exp_/);
    holds(asked, { status: "SCHEDULED", exported_object: "voucher", channel: "API", object: "export" });
    holds(asked.parameters, { order: "created_at", fields: sent.parameters.fields });
    const found = await done(asked);
    holds(found, { id: asked.id, status: "DONE" });
    const lines = (await text(found)).trim().split(/\r?\n/);
    assert.deepEqual(lines, [
      "code,voucher_type,value,metadata.shop",
      `${made[0].code},DISCOUNT_VOUCHER,700,${shop}`,
      `${made[1].code},GIFT_VOUCHER,900,${shop}`,
    ]);
    const listed = await tables.list({ limit: 10, order: "-created_at" });
    holds(listed, { object: "list", data_ref: "exports" });
    holds(listed.exports.find(({ id }) => id === asked.id), { status: "DONE" });
    await tables.delete(asked.id);
    await refused(tables.get(asked.id), 404, "not_found");
  });

  it("tell of what happened to cards and of who bought", async () => {
    const card = await giftCard(5000);
    const source_id = fresh("ann");
    await client.redemptions.redeemStackable({
      redeemables: [voucher(card.code, { gift: { credits: 1200 } })],
      order: order(["mug", 1, 2000]),
      customer: { source_id, name: "Ann" },
    });
    const of = async (exported_object, fields) =>
      text(await done(await tables.create({ exported_object, parameters: { fields } })));
    const rows = await of("voucher_transactions", ["voucher_id", "type", "amount", "balance"]);
    assert.match(rows, new RegExp(`${card.id},CREDITS_ADDITION,5000,5000`));
    assert.match(rows, new RegExp(`${card.id},CREDITS_REDEMPTION,-1200,3800`));
    const used = await of("redemption", ["voucher_code", "customer_source_id", "gift_amount", "result"]);
    assert.match(used, new RegExp(`${card.code},${source_id},1200,SUCCESS`));
    const people = await of("customer", ["source_id", "name"]);
    assert.match(people, new RegExp(`${source_id},Ann\\b`));
  });

  it("that nobody knows are refused", async () => {
    await refused(tables.create({ exported_object: "moon" }), 400, "invalid_payload");
    const fields = ["no_such_field"];
    const unknown = tables.create({ exported_object: "voucher", parameters: { fields } });
    assert.equal((await unknown.catch((error) => error)).code, 400);
    await refused(tables.get("exp_0"), 404, "not_found");
  });
});
