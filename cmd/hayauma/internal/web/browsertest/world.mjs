// A daemon, a simulator of LINE, and campaigns of every kind that the console shows. Everything stays below a temporary directory.
import { spawn, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

// outside is our environment without settings of a daemon.
const outside = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("HAYAUMA_")));

export const token = "a token that is asked for";
export const hostile = `<img src=x onerror="document.title='taken'"> & "quoted" ${"verylongwithoutaspace".repeat(4)}`;
export const user = (n) => "U" + n.toString(16).padStart(32, "0");

const freePort = () => new Promise((resolve) => {
  const s = createServer().listen(0, "127.0.0.1", () => {
    const { port } = s.address();
    s.close(() => resolve(port));
  });
});

const answers = async (url) => {
  for (let i = 0; i < 300; i++) {
    try {
      if ((await fetch(url)).ok) return;
    } catch { /* it doesn't listen yet */ }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} didn't answer within 30 s`);
};

export class World {
  constructor(binary) {
    this.binary = binary;
    this.dir = mkdtempSync(join(tmpdir(), "hayauma-console-"));
    this.processes = [];
  }

  start(args, env = {}) {
    const p = spawn(this.binary, args, { env: { ...outside, ...env }, stdio: ["ignore", "ignore", "inherit"] });
    this.processes.push(p);
    return p;
  }

  hayauma(...args) {
    const env = { ...outside, HAYAUMA_SERVER: this.url, HAYAUMA_TOKEN: token };
    return execFileSync(this.binary, args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  }

  submit(definition, rows) {
    const name = join(this.dir, `c${++this.count}`);
    writeFileSync(name + ".json", JSON.stringify(definition));
    writeFileSync(name + ".csv", "user_id,name\n" + rows.join("\n") + "\n");
    const out = this.hayauma("campaign", "submit", "-f", name + ".json", "--audience", name + ".csv");
    return out.match(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/)[0];
  }

  async open() {
    this.count = 0;
    const sim = await freePort();
    this.start(["line-sim", "--listen", `127.0.0.1:${sim}`]);
    await answers(`http://127.0.0.1:${sim}/_sim/ledger`);
    this.url = `http://127.0.0.1:${await freePort()}`;
    this.daemon = this.start(["serve", "--data", join(this.dir, "data"), "--node", "tokyo-1", "--listen", this.url.slice(7), "--log-level", "error"],
      { HAYAUMA_TOKEN: token, SHOP_TOKEN: "any" });
    await answers(this.url + "/readyz");
    for (const [name, limit] of [["shop", 2000], ["slow", 40]]) {
      this.hayauma("channel", "add", name, "--provider", "line", "--endpoint", `http://127.0.0.1:${sim}`, "--token-env", "SHOP_TOKEN",
        "--limits", `push=${limit}`);
    }
    const text = (t) => [{ type: "text", text: t }];
    const people = (n, odd = 0) => Array.from({ length: n }, (_, i) => `${user(i)},${odd && i % odd === 7 ? "" : "friend " + i}`);
    const in5h = new Date(Date.now() + 5 * 3600e3).toISOString(), in3d = new Date(Date.now() + 72 * 3600e3).toISOString();
    this.ids = {
      news: this.submit({ name: "Newsletter of November", channel: "shop", messages: text("The same for everybody") }, people(4000)),
      hostile: this.submit({ name: hostile, channel: "shop", messages: text("Hi {{ name }}") }, people(30)),
      variants: this.submit({ name: "Which greeting works", channel: "shop", experiment: "greeting", variants: [
        { name: "short", weight: 3, messages: text("Hi {{ name }}") }, { name: "long", weight: 1, messages: text("Good morning, {{ name }}") }] }, people(400)),
      steps: this.submit({ name: "Welcome, in three steps", channel: "shop", steps: [
        { messages: text("Welcome {{ name }}") }, { messages: text("A hint"), after: "1d" }, { messages: text("A coupon"), after: "3d" }] }, people(200)),
      weekly: this.submit({ name: "Weekly digest", channel: "shop", schedule: { cron: "0 9 * * mon", zone: "Asia/Tokyo" }, messages: text("{{ name }}") }, people(50)),
      soon: this.submit({ name: "Evening sale", channel: "shop", schedule: { at: in5h }, messages: text("Hi {{ name }}") }, people(1200)),
      later: this.submit({ name: "Birthday coupons", channel: "shop", schedule: { at: in3d }, messages: text("Hi {{ name }}") }, people(80)),
      spring: this.submit({ name: "Spring sale", channel: "slow", messages: text("{{ name }}") }, people(12000, 29)),
    };
  }

  close() {
    for (const p of this.processes.reverse()) p.kill("SIGKILL");
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
