// Starts a server without keys and one with an API key, runs the tests against them, and stops them. The results go to
// the file that RESULTS names, as JUnit's XML.

import { spawn } from "node:child_process";
import { Server } from "../../js/server.js";

const plain = await Server.start();
const keyed = await Server.start({ keys: [["--api-key", "--rights", "invoke,control,admin"]] });

const results = process.env.RESULTS;
const reporters = ["--test-reporter=spec", "--test-reporter-destination=stdout"];
if (results) reporters.push("--test-reporter=junit", `--test-reporter-destination=${results}`);
// Nothing of this machine's own AWS settings reaches a client.
const environment = Object.entries(process.env).filter(([name]) => !/^(AWS|ANTHROPIC)_/.test(name));

const tests = spawn(process.execPath, ["--test", ...reporters, "anthropic.test.js", "vercel.test.js"], {
  cwd: import.meta.dirname,
  stdio: "inherit",
  env: {
    ...Object.fromEntries(environment),
    OUTCROP_URL: plain.url,
    OUTCROP_KEYED_URL: keyed.url,
    OUTCROP_API_KEY: keyed.keys[0].trim().split("=")[1],
  },
});
const code = await new Promise((done) => tests.once("exit", done));
const stopped = [await plain.stop(), await keyed.stop()];
if (stopped.some((exit) => exit !== 0)) {
  console.error(`the servers ended with ${stopped}`);
}
process.exitCode = code === 0 && stopped.every((exit) => exit === 0) ? 0 : 1;
