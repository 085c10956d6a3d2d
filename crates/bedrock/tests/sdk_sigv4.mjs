// Requests signed by the AWS SDK for JavaScript, as vectors for the verifier: HTTP/2 (which signs `:authority`) and
// HTTP/1.1. Run in conformance/js, where the SDK is installed, and keep what it prints:
//     node ../../crates/bedrock/tests/sdk_sigv4.mjs > ../../crates/bedrock/tests/vectors/sigv4_js.json
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const runtime = require("@aws-sdk/client-bedrock-runtime");
const control = require("@aws-sdk/client-bedrock");

Date.now = () => Date.UTC(2026, 10, 24, 1, 2, 3);
const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const haiku = "anthropic.claude-3-haiku-20240307-v1:0";
const messages = [{ role: "user", content: [{ text: "Grüße, \u{1F600}" }] }];

async function vector(name, handlerProtocol, Client, command) {
  let sent;
  const requestHandler = {
    metadata: { handlerProtocol },
    handle: async (request) => {
      sent = request;
      throw new Error("stopped before it is sent");
    },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
  };
  const endpoint = "http://127.0.0.1:4646";
  const client = new Client({ region: "eu-central-1", endpoint, credentials, requestHandler, maxAttempts: 1 });
  await client.send(command).catch((error) => {
    if (!sent) throw error;
  });
  const headers = Object.entries(sent.headers).filter(([key]) => !/^(authorization|:authority|user-agent)$/i.test(key));
  const query = Object.entries(sent.query ?? {}).map((pair) => pair.map(encodeURIComponent).join("="));
  return {
    name,
    method: sent.method,
    path: sent.path,
    query: query.join("&"),
    headers,
    authority: sent.headers[":authority"] ?? null,
    body_hex: Buffer.from(sent.body ?? "").toString("hex"),
    authorization: sent.headers.authorization,
  };
}

const { BedrockRuntimeClient, ConverseStreamCommand, InvokeModelCommand } = runtime;
const { BedrockClient, ListFoundationModelsCommand } = control;
const arn = `arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.${haiku}`;
const invoke = { modelId: arn, body: "{}", trace: "ENABLED", contentType: "application/json" };
const rows = [
  await vector("h2_converse_stream", "h2", BedrockRuntimeClient, new ConverseStreamCommand({ modelId: haiku, messages })),
  await vector("h2_invoke_arn", "h2", BedrockRuntimeClient, new InvokeModelCommand(invoke)),
  await vector("h1_converse_stream", "http/1.1", BedrockRuntimeClient, new ConverseStreamCommand({ modelId: "Qwen/Qwen3-8B", messages })),
  await vector("h1_list", "http/1.1", BedrockClient, new ListFoundationModelsCommand({ byProvider: "AI21 Labs", byOutputModality: "TEXT" })),
];
console.log(`[\n${rows.map((row) => JSON.stringify(row)).join(",\n")}\n]`);
