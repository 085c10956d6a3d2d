// @aws-sdk/client-bedrock-runtime over h2c (prior knowledge, its default) with SigV4, and over TLS with an API key.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { connect } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { BedrockClient, ListFoundationModelsCommand } from "@aws-sdk/client-bedrock";
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  CountTokensCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  ValidationException,
} from "@aws-sdk/client-bedrock-runtime";

const MODEL = "anthropic.claude-3-haiku-20240307-v1:0";
const LONG = 4000;
const GREEDY = { maxTokens: 40, temperature: 0 };
// Control tokens come first in the built-in model's vocabulary; without them an answer ends at maxTokens only.
const CONTROLS = 16;
const ENDLESS = { logit_bias: Object.fromEntries(Array.from({ length: CONTROLS }, (_, id) => [id, -100])) };

const user = (text) => ({ role: "user", content: [{ text }] });
const call = { modelId: MODEL, messages: [user("What can you do?")], inferenceConfig: GREEDY };
const textOf = (response) => response.output.message.content.map((block) => block.text ?? "").join("");

async function collect(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

const streamed = (events) => events.map((event) => event.contentBlockDelta?.delta.text ?? "").join("");

const TRANSPORTS = {
  "h2c, SigV4": {
    url: process.env.OUTCROP_URL,
    settings: { credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" } },
  },
  "TLS, API key": {
    url: process.env.OUTCROP_TLS_URL,
    settings: { token: { token: process.env.OUTCROP_API_KEY }, authSchemePreference: ["httpBearerAuth"] },
    headers: { authorization: `Bearer ${process.env.OUTCROP_API_KEY}` },
  },
};

// A signature that is well-formed: a server without keys takes any.
const ANY_SIGNATURE =
  "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/us-east-1/bedrock/aws4_request, " +
  `SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`;

for (const [name, { url, settings, headers }] of Object.entries(TRANSPORTS)) {
  describe(name, () => {
    let client;
    before(() => {
      client = new BedrockRuntimeClient({ endpoint: url, region: "us-east-1", maxAttempts: 1, ...settings });
    });
    after(() => client.destroy());

    const counters = () => getCounters(url, headers ?? { authorization: ANY_SIGNATURE });

    async function idle() {
      for (let tries = 0; tries < 1200; tries += 1) {
        const now = await counters();
        if (now.running + now.waiting + now.paused === 0) return now;
        await sleep(50);
      }
      assert.fail("the server is still at work");
    }

    test("unary", async () => {
      const response = await client.send(new ConverseCommand(call));
      assert.ok(textOf(response).trim());
      assert.ok(["end_turn", "max_tokens"].includes(response.stopReason));
      const { inputTokens, outputTokens, totalTokens } = response.usage;
      assert.equal(totalTokens, inputTokens + outputTokens);
    });

    test("stream", async () => {
      const whole = textOf(await client.send(new ConverseCommand(call)));
      const events = await collect((await client.send(new ConverseStreamCommand(call))).stream);
      assert.equal(streamed(events), whole);
      assert.equal(events[0].messageStart.role, "assistant");
      assert.ok(events.at(-2).messageStop.stopReason);
      assert.ok(events.at(-1).metadata.usage.outputTokens > 0);
    });

    test("error, typed", async () => {
      const blank = { ...call, messages: [user("  ")] };
      for (const command of [new ConverseCommand(blank), new ConverseStreamCommand(blank)]) {
        const error = await client.send(command).then(() => assert.fail("no error"), (error) => error);
        assert.ok(error instanceof ValidationException, String(error));
        assert.match(error.message, /messages\.0\.content\.0 is blank/);
        assert.equal(error.$metadata.httpStatusCode, 400);
      }
    });

    test("cancel", async () => {
      const start = (await idle()).tokens_generated;
      const abort = new AbortController();
      const long = { ...call, inferenceConfig: { maxTokens: LONG }, additionalModelRequestFields: ENDLESS };
      const { stream } = await client.send(new ConverseStreamCommand(long), { abortSignal: abort.signal });
      let seen = 0;
      const reading = (async () => {
        for await (const _ of stream) {
          seen += 1;
          if (seen === 4) {
            abort.abort();
            client.destroy();
            break;
          }
        }
      })();
      await reading.catch(() => {});
      const generated = (await idle()).tokens_generated - start;
      assert.ok(generated > 0 && generated < LONG, `${generated} tokens were generated`);
      client = new BedrockRuntimeClient({ endpoint: url, region: "us-east-1", maxAttempts: 1, ...settings });
    });

    test("native body, unary and stream", async () => {
      const body = JSON.stringify({
        anthropic_version: "bedrock-2023-05-31",
        max_tokens: 40,
        temperature: 0,
        messages: [{ role: "user", content: "What can you do?" }],
      });
      const response = await client.send(new InvokeModelCommand({ modelId: MODEL, body }));
      const whole = JSON.parse(new TextDecoder().decode(response.body)).content[0].text;
      assert.equal(whole, textOf(await client.send(new ConverseCommand(call))));
      const stream = await client.send(new InvokeModelWithResponseStreamCommand({ modelId: MODEL, body }));
      const chunks = (await collect(stream.body)).map((event) =>
        JSON.parse(new TextDecoder().decode(event.chunk.bytes)),
      );
      assert.equal(chunks.map((chunk) => chunk.delta?.text ?? "").join(""), whole);
      assert.ok(chunks.at(-1)["amazon-bedrock-invocationMetrics"].outputTokenCount > 0);
    });

    test("count of tokens", async () => {
      const input = { converse: { messages: call.messages } };
      const { inputTokens } = await client.send(new CountTokensCommand({ modelId: MODEL, input }));
      assert.equal(inputTokens, (await client.send(new ConverseCommand(call))).usage.inputTokens);
    });

    test("list of models, by the control plane's client", async () => {
      const control = new BedrockClient({ endpoint: url, region: "us-east-1", maxAttempts: 1, ...settings });
      const { modelSummaries } = await control.send(new ListFoundationModelsCommand({ byOutputModality: "TEXT" }));
      assert.ok(modelSummaries.some((model) => model.modelId === MODEL));
      control.destroy();
    });

    test("eight streams over one connection", async () => {
      const answers = await Promise.all(
        Array.from({ length: 8 }, async (_, seed) => {
          const one = {
            ...call,
            inferenceConfig: { maxTokens: 60, temperature: 1 },
            additionalModelRequestFields: { ...ENDLESS, seed },
          };
          return collect((await client.send(new ConverseStreamCommand(one))).stream);
        }),
      );
      for (const events of answers) assert.equal(events.at(-1).metadata.usage.outputTokens, 60);
      assert.ok(new Set(answers.map(streamed)).size > 1);
    });
  });
}

// The operator's counters, over HTTP/2 like everything here.
function getCounters(url, headers) {
  return new Promise((done, failed) => {
    const ca = process.env.NODE_EXTRA_CA_CERTS ? readFileSync(process.env.NODE_EXTRA_CA_CERTS) : undefined;
    const session = connect(url, { ca });
    session.once("error", failed);
    const request = session.request({ ":path": "/outcrop/counters", ...headers });
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
      session.close();
      done(sum(JSON.parse(body)));
    });
    request.once("error", failed);
  });
}

// Adds up numbers of the same name, whatever the nesting.
function sum(value, totals = {}) {
  for (const [name, inner] of Object.entries(value ?? {})) {
    if (typeof inner === "number") totals[name] = (totals[name] ?? 0) + inner;
    else if (typeof inner === "object") sum(inner, totals);
  }
  return totals;
}
