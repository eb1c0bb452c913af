// Products, SKUs, collections, categories.

import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { client, fresh, holds, plain, project, refused, timestamp } from "./shop.js";

describe("products", () => {
  it("are made, read by either id, changed, listed, removed", async () => {
    const source_id = fresh("mug");
    const made = await client.products.create({
      source_id,
      name: "Mug",
      price: 1250,
      attributes: ["colour"],
      metadata: { material: "clay", weight: 0.4 },
      image_url: "https://shop.example/mug.png",
    });
    assert.match(made.id, /^prod_/);
    assert.match(made.created_at, timestamp);
    holds(made, { source_id, name: "Mug", price: 1250, attributes: ["colour"], object: "product" });
    holds(made.metadata, { material: "clay", weight: 0.4 });
    for (const id of [made.id, source_id]) {
      holds(await client.products.get(id), { id: made.id, price: 1250 });
    }
    const changed = await client.products.update({ id: made.id, price: 1300, metadata: { size: "L" } });
    holds(changed, { id: made.id, name: "Mug", price: 1300 });
    holds(changed.metadata, { size: "L" });
    const by_source = await client.products.update({ source_id, name: "Big mug" });
    holds(by_source, { id: made.id, name: "Big mug", price: 1300 });
    const listed = await client.products.list({ limit: 100, page: 1, order: "-created_at" });
    holds(listed, { object: "list", data_ref: "products" });
    assert.ok(listed.total >= listed.products.length);
    holds(listed.products.find((product) => product.id === made.id), { name: "Big mug" });
    assert.equal(await client.products.delete(made.id, { force: true }), "");
    holds(await refused(client.products.get(made.id), 404, "not_found"), {
      resource_id: made.id,
      resource_type: "product",
    });
  });

  it("with a known source_id are changed, not doubled", async () => {
    const source_id = fresh("mug");
    const one = await client.products.create({ source_id, name: "Mug", price: 100 });
    const two = await client.products.create({ source_id, price: 200 });
    holds(two, { id: one.id, name: "Mug", price: 200 });
  });

  it("that make no sense are refused", async () => {
    await refused(client.products.create({ name: "Mug", price: "much" }), 400, "invalid_payload");
    await refused(client.products.update({ id: "prod_0", name: "x" }), 404, "not_found");
    await refused(client.products.list({ limit: 101 }), 400, "invalid_query_params");
  });
});

describe("SKUs", () => {
  it("are made, read, changed, listed, removed", async () => {
    const product = await client.products.create({
      source_id: fresh("shirt"),
      name: "Shirt",
      attributes: ["size"],
    });
    const source_id = fresh("shirt-m");
    const made = await client.products.createSku(product.id, {
      source_id,
      sku: "Shirt M",
      price: 1999,
      currency: "EUR",
      attributes: { size: "M" },
      metadata: { fit: "slim" },
    });
    assert.match(made.id, /^sku_/);
    holds(made, {
      source_id,
      product_id: product.id,
      sku: "Shirt M",
      price: 1999,
      currency: "EUR",
      attributes: { size: "M" },
      metadata: { fit: "slim" },
      object: "sku",
    });
    holds(await client.products.getSku(made.id), { id: made.id, product: { id: product.id } });
    holds(await client.products.getSku(source_id), { id: made.id });
    holds(await client.products.updateSku(product.id, { id: made.id, price: 1899 }), {
      sku: "Shirt M",
      price: 1899,
    });
    const listed = await client.products.listSkus(product.id);
    holds(listed, { object: "list", total: 1, skus: [{ id: made.id, price: 1899 }] });
    holds((await client.products.get(product.id)).skus, { total: 1, data: [{ id: made.id }] });
    await client.products.deleteSku(product.id, made.id, { force: true });
    await refused(client.products.getSku(made.id), 404, "not_found");
    holds(await client.products.listSkus(product.id), { total: 0, skus: [] });
  });
});

describe("product collections", () => {
  it("hold listed products, or those a filter finds", async () => {
    const product = await client.products.create({ source_id: fresh("hat"), name: fresh("Hat") });
    const fixed = await client.productCollections.create({
      type: "STATIC",
      name: fresh("hats"),
      products: [{ id: product.id, object: "product" }],
    });
    assert.match(fixed.id, /^pc_/);
    holds(fixed, { type: "STATIC", products: [{ id: product.id }], object: "products_collection" });
    const found = await client.productCollections.create({
      type: "AUTO_UPDATE",
      name: fresh("all hats"),
      filter: { junction: "and", name: { conditions: { $is: [product.name] } } },
    });
    holds(found, { type: "AUTO_UPDATE", filter: { name: { conditions: { $is: [product.name] } } } });
    for (const { id, name, type } of [fixed, found]) {
      holds(await client.productCollections.get(id), { id, name, type });
      const members = await client.productCollections.listProducts(id, { limit: 10 });
      holds(members, { object: "list", total: 1, data: [{ id: product.id, object: "product" }] });
    }
    const listed = await client.productCollections.list({ limit: 100 });
    assert.equal(listed.data_ref, "data");
    assert.ok(listed.data.some(({ id }) => id === found.id));
    for (const { id } of [fixed, found]) {
      await client.productCollections.delete(id);
      await refused(client.productCollections.get(id), 404, "not_found");
    }
  });
});

describe("categories", () => {
  it("are made, read, changed, listed, removed", async () => {
    const name = fresh("Seasonal");
    const made = await client.categories.create({ name, hierarchy: 3 });
    assert.match(made.id, /^cat_/);
    holds(made, { name, hierarchy: 3, object: "category" });
    holds(await client.categories.get(made.id), { id: made.id, name });
    const changed = await client.categories.update(made.id, { name, hierarchy: 2 });
    holds(changed, { id: made.id, hierarchy: 2 });
    const listed = await client.categories.list();
    holds(listed, { object: "list", data_ref: "data" });
    holds(listed.data.find(({ id }) => id === made.id), { hierarchy: 2 });
    await refused(client.categories.create({ name, hierarchy: 1 }), 409, "duplicate_found");
    await client.categories.delete(made.id);
    await refused(client.categories.get(made.id), 404, "not_found");
  });
});

describe("metadata schemas", () => {
  const path = `/management/v1/projects/${project}/metadata-schemas`;
  let schema;
  after(() => schema && plain("DELETE", `${path}/${schema.id}`));

  // No call of this client makes one.
  it("are read, listed, and held against what is written", async () => {
    const properties = {
      season: { type: "string", eq: ["summer", "winter"], optional: true },
      weight: { type: "number", gte: 1, optional: true },
    };
    const made = await plain("POST", path, { related_object: "product", properties });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    schema = made.body;
    assert.match(schema.id, /^ms_/);
    const read = await client.metadataSchemas.get("product");
    holds(read, {
      id: schema.id,
      related_object: "product",
      properties: {
        season: { type: "string", eq: ["summer", "winter"], optional: true, array: false },
        weight: { type: "number", gte: 1, optional: true, array: false },
      },
      allow_defined_only: false,
      object: "metadata_schema",
    });
    const listed = await client.metadataSchemas.list();
    holds(listed, { object: "list", data_ref: "schemas" });
    holds(listed.schemas.find(({ id }) => id === schema.id), { related_object: "product" });
    const product = (metadata) => client.products.create({ source_id: fresh("scarf"), metadata });
    holds(await product({ season: "winter", weight: 2 }), { metadata: { season: "winter", weight: 2 } });
    const error = await refused(product({ season: "spring", weight: 0 }), 400, "metadata_validation_failed");
    assert.deepEqual(error.details.length, 2);
    await refused(client.metadataSchemas.get("moon"), 404, "not_found");
  });
});

describe("what nobody serves", () => {
  it("is not found", async () => {
    const { status, body } = await plain("GET", "/v1/no-such-thing");
    holds({ status, body }, { status: 404, body: { code: "not_found" } });
  });
});
