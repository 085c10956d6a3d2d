// What both test files need: the servers' addresses, counters, and the mark for features that are wanted.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

export const MODEL = "anthropic.claude-3-haiku-20240307-v1:0";
export const LONG = 4000;
export const URL_PLAIN = process.env.OUTCROP_URL;
export const URL_KEYED = process.env.OUTCROP_KEYED_URL;
export const API_KEY = process.env.OUTCROP_API_KEY;
// Control tokens come first in the built-in model's vocabulary; without them an answer ends at its most tokens only.
const CONTROLS = 16;
export const ENDLESS = { logit_bias: Object.fromEntries(Array.from({ length: CONTROLS }, (_, id) => [id, -100])) };

// A signature that is well-formed: a server without keys takes any.
const ANY_SIGNATURE =
  "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/us-east-1/bedrock/aws4_request, " +
  `SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`;

export async function idle() {
  for (let tries = 0; tries < 1200; tries += 1) {
    const response = await fetch(`${URL_PLAIN}/outcrop/counters`, { headers: { authorization: ANY_SIGNATURE } });
    const now = addUp(await response.json());
    if (now.running + now.waiting + now.paused === 0) return now;
    await sleep(50);
  }
  assert.fail("the server is still at work");
}

// Adds up numbers of the same name, whatever the nesting.
function addUp(value, totals = {}) {
  for (const [name, inner] of Object.entries(value ?? {})) {
    if (typeof inner === "number") totals[name] = (totals[name] ?? 0) + inner;
    else if (typeof inner === "object") addUp(inner, totals);
  }
  return totals;
}

export const failure = (promise) =>
  promise.then(
    () => assert.fail("no error"),
    (error) => error,
  );

// Runs a test of a feature that clients ask for. It passes when the feature works. It counts as still to do when the
// server refuses with status 400 and names the field. Anything else fails: a silent fallback, too.
export async function wanted(t, feature, names, run) {
  try {
    await run();
  } catch (error) {
    if ((error.status ?? error.statusCode) !== 400) throw error;
    assert.match(error.message, names);
    t.todo(`not yet: ${feature}`);
  }
}
