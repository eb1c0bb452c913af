// What the client sees where a call is refused before anybody looks at what it asks, and of limits.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import sdk from "@voucherify/sdk";
import { client, fresh, holds, refused, url } from "./shop.js";

const with_key = (secretKey) => sdk.VoucherifyServerSide({ applicationId: "conformance", secretKey, apiUrl: url });

describe("keys", () => {
  it("that nobody knows are told so", async () => {
    const { customers, segments, metadataSchemas } = with_key("sk_test_nobodys");
    for (const ask of [() => customers.list(), () => segments.get("seg_0"), () => metadataSchemas.list()]) {
      const error = await refused(ask(), 401, "unauthorized");
      assert.equal(error.message, "Unauthorized");
      assert.match(error.details, /valid key/);
    }
  });

  it("of pages may do nothing on the server's side", async () => {
    const { vouchers } = with_key(process.env.PROFFER_PUBLIC_KEY);
    const error = await refused(vouchers.list(), 403, "missing_required_permission");
    assert.equal(error.message, "Forbidden");
    assert.match(error.details, /campaigns-read/);
  });
});

describe("limits", () => {
  it("are not told where there are none", async () => {
    const { customers, apiLimitsHandler: limits } = client;
    holds(await customers.create({ source_id: fresh("ann") }), { object: "customer" });
    assert.equal(limits.areLimitsAvailable(), true);
    assert.equal("x-rate-limit-limit" in limits.getLastResponseHeadersFromController(), false);
    assert.deepEqual([limits.getRateLimit(), limits.getRateLimitRemaining(), limits.getRetryAfter()], [0, 0, 0]);
  });
});
