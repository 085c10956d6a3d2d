// Runs the real `outcrop` binary on a free port with a data folder of its own.

import { spawn, execFileSync } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

export const BINARY =
  process.env.OUTCROP_BIN ?? resolve(import.meta.dirname, "../../target/release/outcrop");

export class Server {
  static async start({ tls = false, keys = [] } = {}) {
    const server = new Server();
    server.folder = mkdtempSync(join(tmpdir(), "outcrop-js-"));
    server.environment = {
      PATH: process.env.PATH,
      HOME: server.folder,
      OUTCROP_DATA_DIR: join(server.folder, "data"),
    };
    server.keys = keys.map((key) => server.command("keys", "add", ...key));
    const log = openSync(join(server.folder, "log"), "w");
    const listen = ["serve", "--listen", "127.0.0.1:0", ...(tls ? ["--tls"] : [])];
    server.process = spawn(BINARY, listen, { env: server.environment, stdio: ["ignore", "pipe", log] });
    server.ended = new Promise((done) => server.process.once("exit", done));
    await server.untilItListens();
    return server;
  }

  command(...args) {
    return execFileSync(BINARY, args, { env: this.environment, encoding: "utf8", stdio: "pipe" });
  }

  async untilItListens() {
    for await (const line of createInterface({ input: this.process.stdout })) {
      this.caFile = /AWS_CA_BUNDLE=(\S+)/.exec(line)?.[1] ?? this.caFile;
      this.url = /listening on (https?:\/\/\S+)/.exec(line)?.[1] ?? this.url;
      if (this.url) {
        this.process.stdout.resume();
        return;
      }
    }
    throw new Error(`outcrop ended:\n${readFileSync(join(this.folder, "log"), "utf8")}`);
  }

  async stop() {
    this.process.kill("SIGTERM");
    const code = await this.ended;
    rmSync(this.folder, { recursive: true, force: true });
    return code;
  }
}
