// The shop under test: where it is, its client, and what its server says it serves.

import assert from "node:assert/strict";
import sdk from "@voucherify/sdk";
import { recorded } from "./coverage.js";

export const url = needed("PROFFER_URL");
const key = needed("PROFFER_KEY");

/** The sandbox, as the calls that manage a project name it. */
export const project = "proj_0000000000002";

/** The official client, server side; each call that succeeds is noted. */
export const client = recorded(
  sdk.VoucherifyServerSide({ applicationId: "conformance", secretKey: key, apiUrl: url }),
);

/** Where the shop's pages come from. */
export const origin = "https://shop.example";

/** The official client in a page; its key is there where the server has keys for pages. */
export const page = recorded(
  sdk.VoucherifyClientSide({
    clientApplicationId: "conformance",
    clientSecretKey: process.env.PROFFER_PUBLIC_KEY ?? "",
    apiUrl: url,
    origin,
    trackingId: "conformance",
  }),
  "page",
);

function needed(name) {
  const value = process.env[name];
  assert.ok(value, `${name} must be set: cargo xtask conformance does it`);
  return value;
}

/** What the server serves, as "GET /v1/customers/{}". */
export const served = new Set();
{
  const description = await (await fetch(`${url}/openapi.json`)).json();
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const method of Object.keys(methods)) {
      served.add(`${method.toUpperCase()} ${path.replace(/\{[^}]*\}/g, "{}")}`);
    }
  }
}

/** The options of a test of calls that a server may not have yet: it says so and is passed over. */
export function needs(...routes) {
  const missing = routes.filter((route) => !served.has(route));
  return { skip: missing.length > 0 && `not served: ${missing.join(", ")}` };
}

/** A call that no client has, by plain HTTP. */
export async function plain(method, path, body) {
  const answer = await fetch(url + path, {
    method,
    headers: { "X-App-Id": "conformance", "X-App-Token": key, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? null : JSON.parse(text) };
}

/** The call must be refused, with this status and key, as the client hands them on. */
export async function refused(call, code, key) {
  const error = await call.then(
    (answer) => assert.fail(`was not refused: ${JSON.stringify(answer)}`),
    (error) => error,
  );
  assert.ok(error.request_id !== undefined, error.stack);
  assert.deepEqual({ code: error.code, key: error.key }, { code, key }, error.message);
  assert.equal(typeof error.request_id, "string");
  return error;
}

/** Waits until what was removed is found no more. */
export async function gone(read) {
  for (let tries = 0; tries < 50; tries += 1) {
    const error = await read().then(
      () => undefined,
      (error) => error,
    );
    if (error !== undefined) return refused(Promise.reject(error), 404, "not_found");
    await moment();
  }
  assert.fail("is still there");
}

/** Waits until the job is done, and hands on what came of it. */
export async function finished({ async_action_id: id }) {
  assert.match(id, /^aa_/);
  for (let tries = 0; tries < 50; tries += 1) {
    const action = await client.asyncActions.get(id);
    if (action.status === "DONE") {
      holds(action, { id, operation_status: "SUCCESS", object: "async_action" });
      return action;
    }
    assert.notEqual(action.status, "FAILED", JSON.stringify(action));
    await moment();
  }
  assert.fail(`${id} is not done`);
}

export const moment = () => new Promise((resolve) => setTimeout(resolve, 100));

/** The expected members must be there with these values; others may stand beside them. */
export function holds(actual, expected, place = "") {
  if (expected === null || typeof expected !== "object") {
    return assert.deepEqual(actual, expected, `${place || "/"}: ${JSON.stringify(actual)}`);
  }
  assert.ok(actual !== null && typeof actual === "object", `${place}: ${JSON.stringify(actual)}`);
  if (Array.isArray(expected)) assert.equal(actual.length, expected.length, `${place}: length`);
  for (const [name, value] of Object.entries(expected)) {
    holds(actual[name], value, `${place}/${name}`);
  }
}

let count = 0;
const run = Date.now().toString(36);

/** A name that nothing else has. */
export function fresh(stem) {
  count += 1;
  return `${stem}-${run}-${count}`;
}

export const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** An order of lines [product, quantity, price]. */
export function order(...lines) {
  const items = lines.map(([source_id, quantity, price]) => ({
    related_object: "product",
    source_id,
    quantity,
    price,
  }));
  return { source_id: fresh("order"), items };
}

export const voucher = (id, more) => ({ object: "voucher", id, ...more });
export const tier = (id) => ({ object: "promotion_tier", id });

export const amount = (amount_off, more) => ({ type: "AMOUNT", amount_off, ...more });
export const percent = (percent_off, more) => ({ type: "PERCENT", percent_off, ...more });

/** A code of its own with this discount. */
export function code(discount, more) {
  const body = { code: fresh("CODE").toUpperCase(), type: "DISCOUNT_VOUCHER", discount, ...more };
  return client.vouchers.create(body);
}

export function giftCard(amount, more) {
  const body = { code: fresh("GIFT").toUpperCase(), type: "GIFT_VOUCHER", gift: { amount }, ...more };
  return client.vouchers.create(body);
}

/** A promotion with one tier; returns the tier. */
export async function promotion(action, more) {
  const campaign = await client.promotions.create({
    name: fresh("promotion"),
    campaign_type: "PROMOTION",
    promotion: { tiers: [{ name: "first", banner: "Now cheaper", action, ...more }] },
  });
  return campaign.promotion.tiers[0];
}
