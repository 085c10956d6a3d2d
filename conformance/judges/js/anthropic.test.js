// Anthropic's SDK for JavaScript (@anthropic-ai/bedrock-sdk): HTTP/1.1, native bodies, SigV4 or an API key.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AnthropicBedrock } from "@anthropic-ai/bedrock-sdk";
import { API_KEY, ENDLESS, LONG, MODEL, URL_KEYED, URL_PLAIN, failure, idle, wanted } from "./shared.js";

const client = new AnthropicBedrock({
  baseURL: URL_PLAIN,
  awsAccessKey: "AKIDEXAMPLE",
  awsSecretKey: "secret",
  awsRegion: "us-east-1",
  maxRetries: 0,
});

const say = (role, content) => ({ role, content });
const QUESTION = [say("user", "What can you do?")];
const STORY = [say("user", "Tell me a short story about a fox.")];
const WEATHER_QUESTION = [say("user", "What is the weather in Oslo?")];
const WEATHER = {
  name: "get_weather",
  description: "Tells the weather of a place",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const call = { model: MODEL, max_tokens: 40, temperature: 0, messages: QUESTION };
const forced = {
  ...call,
  max_tokens: 200,
  messages: WEATHER_QUESTION,
  tools: [WEATHER],
  tool_choice: { type: "tool", name: "get_weather" },
};
const textOf = (message) => message.content.map((block) => block.text ?? "").join("");

// A story of exactly so many tokens, whatever the model would like.
const ask = (settings) => client.messages.create({ model: MODEL, max_tokens: 48, messages: STORY, ...ENDLESS, ...settings });

describe("anthropic-js", () => {
  describe("unary", () => {
    test("a message has the shape of Anthropic's API", async () => {
      const message = await client.messages.create(call);
      assert.equal(message.type, "message");
      assert.equal(message.role, "assistant");
      assert.ok(textOf(message).trim());
      assert.ok(["end_turn", "max_tokens"].includes(message.stop_reason));
    });
  });

  describe("stream", () => {
    test("the accumulated message is the unary one", async () => {
      const whole = await client.messages.create(call);
      const pieces = [];
      const stream = client.messages.stream(call).on("text", (piece) => pieces.push(piece));
      const final = await stream.finalMessage();
      assert.ok(pieces.length > 1);
      assert.equal(pieces.join(""), textOf(whole));
      assert.equal(textOf(final), textOf(whole));
      assert.equal(final.stop_reason, whole.stop_reason);
      assert.equal(final.usage.output_tokens, whole.usage.output_tokens);
    });

    test("raw events come in Anthropic's order", async () => {
      const events = [];
      for await (const event of await client.messages.create({ ...call, stream: true })) events.push(event.type);
      assert.deepEqual(events.slice(0, 2), ["message_start", "content_block_start"]);
      assert.deepEqual(events.slice(-3), ["content_block_stop", "message_delta", "message_stop"]);
    });
  });

  describe("turns", () => {
    test("earlier turns and the system prompt are part of the prompt", async () => {
      const messages = [...QUESTION, say("assistant", "Stories."), ...STORY];
      const alone = await client.messages.create({ ...call, messages: STORY });
      const turns = await client.messages.create({ ...call, messages });
      const told = await client.messages.create({ ...call, messages, system: [{ type: "text", text: "Be brief." }] });
      assert.ok(alone.usage.input_tokens < turns.usage.input_tokens);
      assert.ok(turns.usage.input_tokens < told.usage.input_tokens);
    });
  });

  describe("parameters", () => {
    const greedily = async (settings) => textOf(await ask({ temperature: 1, seed: 3, ...settings }));

    for (const [name, settings] of Object.entries({
      "temperature 0": { temperature: 0 },
      "top_k 1": { top_k: 1 },
      "top_p 0": { top_p: 0 },
      "min_p 1": { min_p: 1 },
    })) {
      test(`${name} is greedy`, async () => {
        assert.equal(await greedily(settings), textOf(await ask({ temperature: 0 })));
      });
    }

    test("a seed reproduces and seeds differ", async () => {
      const seeds = [1, 2, 3, 4, 5, 6];
      const texts = await Promise.all(seeds.map((seed) => greedily({ seed })));
      assert.deepEqual(await Promise.all(seeds.map((seed) => greedily({ seed }))), texts);
      assert.ok(new Set(texts).size > 1);
    });

    test("max_tokens is exact", async () => {
      const message = await ask({ max_tokens: 17 });
      assert.equal(message.usage.output_tokens, 17);
      assert.equal(message.stop_reason, "max_tokens");
    });

    test("a stop sequence cuts exactly and is named", async () => {
      const greedy = textOf(await ask({ temperature: 0 }));
      const stop = greedy.slice(9, 14);
      const message = await ask({ temperature: 0, stop_sequences: [stop] });
      assert.equal(textOf(message), greedy.slice(0, greedy.indexOf(stop)));
      assert.equal(message.stop_reason, "stop_sequence");
      assert.equal(message.stop_sequence, stop);
    });

    test("output follows a schema", async () => {
      const schema = {
        type: "object",
        properties: { city: { type: "string" } },
        required: ["city"],
        additionalProperties: false,
      };
      const output_config = { format: { type: "json_schema", schema } };
      const message = await client.messages.create({ ...call, max_tokens: 200, messages: WEATHER_QUESTION, output_config });
      assert.deepEqual(Object.keys(JSON.parse(textOf(message))), ["city"]);
    });
  });

  describe("tools", () => {
    test("a forced tool is called, streamed as unary, and its result is taken", async () => {
      const message = await client.messages.create(forced);
      const use = message.content.at(-1);
      assert.equal(message.stop_reason, "tool_use");
      assert.equal(use.type, "tool_use");
      assert.equal(use.name, "get_weather");
      assert.equal(typeof use.input, "object");
      const streamed = await client.messages.stream(forced).finalMessage();
      assert.deepEqual(streamed.content.at(-1).input, use.input);
      const result = { type: "tool_result", tool_use_id: use.id, content: "clear, 4 degrees" };
      const messages = [...WEATHER_QUESTION, say("assistant", message.content), say("user", [result])];
      const answer = await client.messages.create({ ...call, messages, tools: [WEATHER] });
      assert.ok(answer.usage.input_tokens > message.usage.input_tokens);
    });
  });

  describe("errors", () => {
    test("a blank message is a bad request that names it, streamed or not", async () => {
      for (const stream of [false, true]) {
        const error = await failure(client.messages.create({ ...call, messages: [say("user", "  ")], stream }));
        assert.equal(error.constructor.name, "BadRequestError");
        assert.equal(error.status, 400);
        assert.match(error.message, /messages\.0/);
      }
    });

    test("an unknown model is a bad request", async () => {
      const error = await failure(client.messages.create({ ...call, model: "anthropic.nobody-v1:0" }));
      assert.equal(error.constructor.name, "BadRequestError");
      assert.match(error.message, /model identifier is invalid/);
    });
  });

  describe("usage", () => {
    test("what was generated is counted", async () => {
      assert.equal((await ask({ max_tokens: 3 })).usage.output_tokens, 3);
      const { usage } = await client.messages.create(call);
      assert.ok(usage.input_tokens > 0 && usage.output_tokens > 0);
    });
  });

  describe("cancel", () => {
    test("an aborted stream stops the generation", async () => {
      const start = (await idle()).tokens_generated;
      const stream = await client.messages.create({ ...call, ...ENDLESS, max_tokens: LONG, stream: true });
      let seen = 0;
      for await (const _ of stream) {
        seen += 1;
        if (seen === 4) stream.controller.abort();
      }
      const generated = (await idle()).tokens_generated - start;
      assert.ok(generated > 0 && generated < LONG, `${generated} tokens were generated`);
    });
  });

  describe("access", () => {
    const keyed = (apiKey) => new AnthropicBedrock({ baseURL: URL_KEYED, apiKey, awsRegion: "us-east-1", maxRetries: 0 });

    test("an API key is a bearer token", async () => {
      assert.ok(textOf(await keyed(API_KEY).messages.create(call)).trim());
    });

    test("a wrong API key is denied", async () => {
      const error = await failure(keyed("bedrock-api-key-wrong").messages.create(call));
      assert.equal(error.status, 403);
    });
  });

  describe("wanted", () => {
    test("thinking comes first", async (t) => {
      await wanted(t, "extended thinking", /thinking/, async () => {
        const thinking = { type: "enabled", budget_tokens: 1024 };
        const { temperature: _, ...warm } = call;
        const message = await client.messages.create({ ...warm, max_tokens: 2000, thinking });
        assert.equal(message.content[0].type, "thinking");
      });
    });
  });
});
