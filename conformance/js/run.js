// Starts a plain and a TLS server, runs the tests against both, and stops them. The tests are a process of their own,
// since Node reads NODE_EXTRA_CA_CERTS once, at its start.

import { spawn } from "node:child_process";
import { Server } from "./server.js";

const plain = await Server.start();
const tls = await Server.start({ tls: true, keys: [["--api-key", "--rights", "invoke,control,admin"]] });

const tests = spawn(process.execPath, ["--test", "--test-reporter=spec", "test/"], {
  cwd: import.meta.dirname,
  stdio: "inherit",
  env: {
    ...process.env,
    OUTCROP_URL: plain.url,
    OUTCROP_TLS_URL: tls.url,
    OUTCROP_API_KEY: tls.keys[0].trim().split("=")[1],
    NODE_EXTRA_CA_CERTS: tls.caFile,
  },
});
const code = await new Promise((done) => tests.once("exit", done));
const stopped = [await plain.stop(), await tls.stop()];
if (stopped.some((exit) => exit !== 0)) {
  console.error(`the servers ended with ${stopped}`);
}
process.exitCode = code === 0 && stopped.every((exit) => exit === 0) ? 0 : 1;
