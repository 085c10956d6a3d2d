// Vercel's AI SDK (`ai` with @ai-sdk/amazon-bedrock): Converse over HTTP/1.1, SigV4 or an API key.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createAmazonBedrock } from "@ai-sdk/amazon-bedrock";
import { APICallError, Output, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { API_KEY, ENDLESS, LONG, MODEL, URL_KEYED, URL_PLAIN, failure, idle, wanted } from "./shared.js";

// Warnings are tested, not printed.
globalThis.AI_SDK_LOG_WARNINGS = false;

const signed = { baseURL: URL_PLAIN, region: "us-east-1", accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
const bedrock = createAmazonBedrock(signed);
const model = bedrock(MODEL);
const call = { model, prompt: "What can you do?", temperature: 0, maxOutputTokens: 40, maxRetries: 0 };
const extra = (fields) => ({ providerOptions: { bedrock: { additionalModelRequestFields: { ...ENDLESS, ...fields } } } });

// A story of exactly so many tokens, whatever the model would like.
const ask = ({ fields = {}, ...settings } = {}) =>
  generateText({ ...call, prompt: "Tell me a short story about a fox.", ...extra(fields), ...settings });

// Without a schema that the client itself checks: a small model's arguments need not fit one.
const anything = tool({ description: "Tells the weather of a place", inputSchema: z.looseObject({}) });
const asked = { ...call, prompt: "What is the weather in Oslo?", maxOutputTokens: 200 };

describe("vercel", () => {
  describe("unary", () => {
    test("generateText answers", async () => {
      const { text, finishReason, response } = await generateText(call);
      assert.ok(text.trim());
      assert.ok(["stop", "length"].includes(finishReason));
      assert.ok(response.headers["x-amzn-requestid"]);
    });
  });

  describe("stream", () => {
    test("streamText gives the same text in pieces, and the same usage", async () => {
      const whole = await generateText(call);
      const stream = streamText(call);
      const pieces = [];
      for await (const piece of stream.textStream) pieces.push(piece);
      assert.ok(pieces.length > 1);
      assert.equal(pieces.join(""), whole.text);
      assert.equal(await stream.finishReason, whole.finishReason);
      const { inputTokens, outputTokens } = await stream.usage;
      assert.deepEqual([inputTokens, outputTokens], [whole.usage.inputTokens, whole.usage.outputTokens]);
    });
  });

  describe("turns", () => {
    test("earlier turns and the system prompt are part of the prompt", async () => {
      const { prompt, ...rest } = call;
      const messages = [
        { role: "user", content: "My name is Marta." },
        { role: "assistant", content: "Hello Marta." },
        { role: "user", content: prompt },
      ];
      const alone = await generateText(call);
      const turns = await generateText({ ...rest, messages });
      const told = await generateText({ ...rest, messages, system: "Be brief." });
      assert.ok(alone.usage.inputTokens < turns.usage.inputTokens);
      assert.ok(turns.usage.inputTokens < told.usage.inputTokens);
    });
  });

  describe("parameters", () => {
    for (const [name, settings] of Object.entries({
      "temperature 0": { temperature: 0 },
      "topK 1": { topK: 1 },
      "topP 0": { topP: 0 },
    })) {
      test(`${name} is greedy`, async () => {
        const greedy = await ask({ temperature: 0 });
        assert.equal((await ask({ temperature: 1, fields: { seed: 3 }, ...settings })).text, greedy.text);
      });
    }

    test("a seed among the additional fields reproduces and seeds differ", async () => {
      const seeds = [1, 2, 3, 4, 5, 6];
      const tell = async (seed) => (await ask({ temperature: 1, fields: { seed } })).text;
      const texts = await Promise.all(seeds.map(tell));
      assert.deepEqual(await Promise.all(seeds.map(tell)), texts);
      assert.ok(new Set(texts).size > 1);
    });

    test("maxOutputTokens is exact", async () => {
      const { usage, finishReason } = await ask({ maxOutputTokens: 17 });
      assert.equal(usage.outputTokens, 17);
      assert.equal(finishReason, "length");
    });

    test("a stop sequence cuts exactly and is named", async () => {
      const greedy = (await ask()).text;
      const stop = greedy.slice(9, 14);
      const answer = await ask({ stopSequences: [stop] });
      assert.equal(answer.text, greedy.slice(0, greedy.indexOf(stop)));
      assert.equal(answer.finishReason, "stop");
      assert.equal(answer.providerMetadata.bedrock.stopSequence, stop);
    });

    test("what the client itself drops it warns of", async () => {
      const { warnings } = await ask({ seed: 1, presencePenalty: 1 });
      const dropped = warnings.map((warning) => warning.feature).sort();
      assert.deepEqual(dropped, ["presencePenalty", "seed"]);
    });

    test("output follows a schema", async () => {
      const { output } = await generateText({
        ...asked,
        output: Output.object({ schema: z.object({ city: z.string() }) }),
        providerOptions: { bedrock: { structuredOutputMode: "outputFormat" } },
      });
      assert.deepEqual(Object.keys(output), ["city"]);
    });
  });

  describe("tools", () => {
    for (const [name, toolChoice] of Object.entries({
      named: { type: "tool", toolName: "get_weather" },
      required: "required",
    })) {
      test(`a forced tool is called, choice ${name}`, async () => {
        const answer = await generateText({ ...asked, tools: { get_weather: anything }, toolChoice });
        assert.equal(answer.finishReason, "tool-calls");
        assert.equal(answer.toolCalls.length, 1);
        assert.equal(answer.toolCalls[0].toolName, "get_weather");
        assert.equal(typeof answer.toolCalls[0].input, "object");
      });
    }

    test("a streamed call is the unary one", async () => {
      const settings = { ...asked, tools: { get_weather: anything }, toolChoice: "required" };
      const [streamed] = await streamText(settings).toolCalls;
      const [whole] = (await generateText(settings)).toolCalls;
      assert.deepEqual(streamed.input, whole.input);
    });

    test("a tool that runs gives its result back and the loop goes on", async () => {
      const given = [];
      const get_weather = tool({
        description: "Tells the weather of a place",
        inputSchema: z.looseObject({}),
        execute: async (input) => {
          given.push(input);
          return { sky: "clear", celsius: 4 };
        },
      });
      const { steps } = await generateText({
        ...asked,
        tools: { get_weather },
        stopWhen: stepCountIs(2),
        prepareStep: ({ stepNumber }) => ({ toolChoice: stepNumber === 0 ? "required" : "auto" }),
      });
      assert.equal(given.length >= 1, true);
      assert.equal(steps.length, 2);
      assert.ok(steps[1].usage.inputTokens > steps[0].usage.inputTokens);
    });
  });

  describe("errors", () => {
    test("a value out of range is an APICallError of status 400 that names it", async () => {
      const error = await failure(ask({ topP: 1.5 }));
      assert.ok(APICallError.isInstance(error), String(error));
      assert.equal(error.statusCode, 400);
      assert.equal(error.isRetryable, false);
      assert.match(error.message, /topP/);
    });

    test("an unknown model is an APICallError of status 400", async () => {
      const error = await failure(generateText({ ...call, model: bedrock("anthropic.nobody-v1:0") }));
      assert.equal(error.statusCode, 400);
      assert.match(error.message, /model identifier is invalid/);
    });

    test("an error before a stream reaches onError", async () => {
      const errors = [];
      const stream = streamText({ ...call, topP: 1.5, onError: ({ error }) => errors.push(error) });
      await stream.consumeStream();
      assert.equal(errors[0]?.statusCode, 400);
    });
  });

  describe("usage", () => {
    test("totalTokens is the sum, and the server's own numbers are passed on", async () => {
      const { usage } = await generateText(call);
      assert.ok(usage.inputTokens > 0 && usage.outputTokens > 0);
      assert.equal(usage.totalTokens, usage.inputTokens + usage.outputTokens);
    });
  });

  describe("cancel", () => {
    test("an aborted stream stops the generation", async () => {
      const start = (await idle()).tokens_generated;
      const abort = new AbortController();
      const { textStream } = streamText({
        ...call,
        ...extra({}),
        maxOutputTokens: LONG,
        abortSignal: abort.signal,
      });
      let seen = 0;
      for await (const _ of textStream) {
        seen += 1;
        if (seen === 4) abort.abort();
      }
      const generated = (await idle()).tokens_generated - start;
      assert.ok(generated > 0 && generated < LONG, `${generated} tokens were generated`);
    });
  });

  describe("access", () => {
    const keyed = (apiKey) => createAmazonBedrock({ baseURL: URL_KEYED, region: "us-east-1", apiKey })(MODEL);

    test("an API key is a bearer token", async () => {
      assert.ok((await generateText({ ...call, model: keyed(API_KEY) })).text.trim());
    });

    test("a wrong API key is denied", async () => {
      const error = await failure(generateText({ ...call, model: keyed("bedrock-api-key-wrong") }));
      assert.equal(error.statusCode, 403);
    });
  });

  describe("wanted", () => {
    test("an image is seen", async (t) => {
      const png = Buffer.from(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC",
        "base64",
      );
      const { prompt, ...rest } = call;
      const content = [{ type: "text", text: prompt }, { type: "image", image: png, mediaType: "image/png" }];
      await wanted(t, "images", /image/, () => generateText({ ...rest, messages: [{ role: "user", content }] }));
    });

    test("reasoning comes with the answer", async (t) => {
      await wanted(t, "extended thinking", /thinking/, async () => {
        const { temperature: _, ...warm } = call;
        const providerOptions = { bedrock: { reasoningConfig: { type: "enabled", budgetTokens: 1024 } } };
        assert.ok((await generateText({ ...warm, providerOptions })).reasoningText);
      });
    });
  });
});
