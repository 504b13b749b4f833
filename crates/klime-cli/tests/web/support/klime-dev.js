// A `klime dev` of a test's own, on a port that the system picks.

import { spawn } from "node:child_process";
import { once } from "node:events";

const BINARY = process.env.KLIME_BIN;
const START_MS = 10_000;

export class KlimeDev {
  /** Starts one and waits until it says where it listens. */
  static async start(args = [], port = 0) {
    if (!BINARY) throw new Error("KLIME_BIN must name the built klime binary; scripts/test-web sets it");
    const child = spawn(BINARY, ["dev", "--port", String(port), ...args], { stdio: ["ignore", "pipe", "pipe"] });
    return new KlimeDev(child, await address(child), args);
  }

  constructor(child, url, args) {
    this.child = child;
    this.url = url;
    this.args = args;
    child.stdout.resume();
    child.stderr.resume();
  }

  get port() {
    return Number(new URL(this.url).port);
  }

  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await ended;
  }

  /** Another one at the same address, as after a restart by hand. */
  async restarted() {
    await this.stop();
    return KlimeDev.start(this.args, this.port);
  }

  /** Sends events as one batch, and gives back the answer's JSON. */
  async send(...events) {
    const response = await this.post(events);
    if (!response.ok) throw new Error(`klime dev answered ${response.status}: ${await response.text()}`);
    return response.json();
  }

  post(events) {
    const headers = { "Content-Type": "application/json", Authorization: "Bearer test-key" };
    return fetch(`${this.url}/v1/batch`, { method: "POST", headers, body: JSON.stringify({ batch: events }) });
  }

  async get(path) {
    const response = await fetch(this.url + path);
    if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${await response.text()}`);
    return response.json();
  }

  async fault(fault) {
    const response = await fetch(`${this.url}/dev/fault`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(fault) });
    if (response.status !== 201) throw new Error(`the fault was answered ${response.status}: ${await response.text()}`);
  }

  /** Waits until so many events match; the server holds the answer until then. */
  wait(query, count = 1) {
    return this.get(`/dev/wait?${new URLSearchParams({ ...query, count, timeout: 20 })}`);
  }
}

function address(child) {
  return new Promise((resolve, reject) => {
    let said = "";
    const late = setTimeout(() => reject(new Error(`klime dev did not say where it listens within ${START_MS} ms: ${said}`)), START_MS);
    const listen = (chunk) => {
      said += chunk;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (!found) return;
      clearTimeout(late);
      resolve(found[0]);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`klime dev ended with ${code}: ${said}`)));
  });
}
