// Which of the client's methods were called with success, and which were not?
//
// `not-covered.txt` lists the methods that no test drives, `left-out.txt` those whose calls the
// contract leaves out: a test sees each refused. A method that is neither covered nor on a list
// fails the run, so that what was covered once cannot fall out unseen.
// WRITE_NOT_COVERED=1 writes the first list anew.

import { readFileSync, writeFileSync } from "node:fs";
import sdk from "@voucherify/sdk";

const list = new URL("./not-covered.txt", import.meta.url);
const lines = (file) => readFileSync(file, "utf8").split("\n").filter(Boolean);

/** The methods whose calls are not offered. */
export const leftOut = lines(new URL("./left-out.txt", import.meta.url));

const covered = new Set();
const inner = ["client", "requestController", "constructor", "trackingId"];

/** The namespace with each method noting its name when it succeeds. */
export function recorded(namespace, path = "") {
  return new Proxy(namespace, {
    get(target, name) {
      const member = target[name];
      const at = path === "" ? name : `${path}.${String(name)}`;
      if (inner.includes(name)) return member;
      if (typeof member === "function") return (...words) => noted(target, member, words, at);
      return member !== null && typeof member === "object" ? recorded(member, at) : member;
    },
  });
}

function noted(target, method, words, at) {
  const answer = method.apply(target, words);
  if (typeof answer?.then === "function") {
    return answer.then((value) => {
      covered.add(at);
      return value;
    });
  }
  covered.add(at);
  return answer;
}

/** Every method of a client, as "promotions.tiers.list", once. */
function* methods(client, path = "", seen = new Set()) {
  if (seen.has(client)) return;
  seen.add(client);
  const nested = [];
  const names = new Set(Object.keys(client));
  const shape = Object.getPrototypeOf(client);
  if (shape !== Object.prototype) {
    Object.getOwnPropertyNames(shape).forEach((name) => names.add(name));
  }
  for (const name of names) {
    if (inner.includes(name) || client[name] == null) continue;
    const at = path === "" ? name : `${path}.${name}`;
    // The same as `promotions`, by another name.
    if (at === "validations.promotions") continue;
    if (typeof client[name] === "function") yield [at, client, name];
    else if (typeof client[name] === "object") nested.push([client[name], at]);
  }
  for (const [member, at] of nested) yield* methods(member, at, seen);
}

/** The requests that a method makes, told by a client whose requests go nowhere. */
function routes(object, name) {
  const controller = object.client;
  const made = [];
  const ask = (method) => (path) => {
    made.push(`${method} /${controller.basePath}${path}`.replace(/\bID\b/g, "{}"));
    return Promise.resolve({ customers: [] });
  };
  if (controller) {
    for (const method of ["get", "post", "put", "delete"]) {
      controller[method] = ask(method.toUpperCase());
    }
  }
  const thing = Object.assign(new String("ID"), { id: "ID", source_id: "ID", code: "ID" });
  try {
    const answer = object[name](thing, thing, thing, thing);
    answer?.catch?.(() => {});
    answer?.next?.().catch(() => {});
  } catch {
    // It wants words of another shape: its request stays unknown.
  }
  return made;
}

const nobody = () => sdk.VoucherifyServerSide({ applicationId: "none", secretKey: "none" });

const nobodysPage = () =>
  sdk.VoucherifyClientSide({
    clientApplicationId: "none",
    clientSecretKey: "none",
    origin: "https://shop.example",
  });

/** Prints every method that was not driven; the exit code is 1 where one should have been. */
export function tellWhatWasLeftOut() {
  const all = [...methods(nobody()), ...methods({ page: nobodysPage() })];
  const missed = all.filter(([at]) => !covered.has(at) && !leftOut.includes(at));
  const driven = all.filter(([at]) => covered.has(at)).length;
  console.log(`\n${driven} of the client's ${all.length} methods were driven.`);
  console.log(`The contract leaves out ${leftOut.length}.`);
  console.log(`Not covered, ${missed.length}:`);
  for (const [at, object, name] of missed) {
    console.log(`  ${at}  ${routes(object, name).join(", ")}`);
  }
  const names = missed.map(([at]) => at).sort();
  if (process.env.WRITE_NOT_COVERED) return writeFileSync(list, names.join("\n") + "\n");
  const known = lines(list);
  const fallen = names.filter((name) => !known.includes(name));
  const risen = known.filter((name) => !names.includes(name));
  if (risen.length > 0) console.log(`Strike from not-covered.txt: ${risen.join(", ")}`);
  if (fallen.length > 0) {
    console.log(`No longer covered: ${fallen.join(", ")}`);
    process.exitCode = 1;
  }
}
