// What the contract leaves out: each such call says that it is not offered.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { leftOut } from "./coverage.js";
import { client, page, refused } from "./shop.js";

// Whatever a method wants of a thing, this has it.
const thing = Object.assign(new String("x"), { id: "x", source_id: "x", code: "x" });

describe("what is left out", () => {
  for (const name of leftOut) {
    it(name, async () => {
      const path = name.split(".");
      const method = path.pop();
      const first = path[0] === "page" ? { page } : client;
      const namespace = path.reduce((inner, step) => inner[step], first);
      const error = await refused(namespace[method](thing, thing, thing), 404, "not_offered");
      assert.match(error.details, /does not offer/);
    });
  }
});
