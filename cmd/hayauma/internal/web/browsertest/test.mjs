// Walks through the console in Chromium: node test.mjs HAYAUMA [FOLDER FOR SCREENSHOTS]. Exit 0: all is well; 1: what is printed isn't.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { rules } from "./checks.mjs";
import { World, hostile, token, user } from "./world.mjs";

const [binary, shots] = process.argv.slice(2);
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const problems = [];
const check = (ok, text) => ok || (problems.push(text), console.log("wrong: " + text));
const done = (text) => console.log("ok: " + text);
if (shots) mkdirSync(shots, { recursive: true });

const world = new World(binary);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });

// open is a page whose complaints are problems, of somebody who has signed in unless told otherwise.
const open = async (options = {}, signedIn = true) => {
  const context = await browser.newContext({ baseURL: world.url, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  page.quiet = false;
  const complain = (text) => page.quiet || check(false, `${page.url()}: ${text}`);
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && complain(m.text()));
  page.on("pageerror", (e) => complain(String(e)));
  page.on("dialog", (d) => { complain("a dialog: " + d.message()); d.dismiss(); });
  page.on("request", (r) => r.url().startsWith(world.url) || r.url() === "about:blank" || complain("it asks " + r.url()));
  if (signedIn) {
    await page.goto("/login");
    await page.fill("#token", token);
    await page.click("main button");
    await page.waitForURL(world.url + "/");
  }
  return page;
};

const pages = () => ({
  overview: "/", campaigns: "/campaigns", campaign: `/campaigns/${world.ids.spring}`, finished: `/campaigns/${world.ids.news}`,
  hostile: `/campaigns/${world.ids.hostile}`, variants: `/campaigns/${world.ids.variants}`, series: `/campaigns/${world.ids.steps}`,
  chunks: `/campaigns/${world.ids.spring}/chunks`, actors: "/actors", cluster: "/cluster", schedule: "/schedule",
});

// looks goes through all pages in a window and a scheme.
const looks = async (width, colorScheme) => {
  const page = await open({ viewport: { width, height: 900 }, colorScheme }, false);
  const name = (what) => `${what}, ${width} px, ${colorScheme}`;
  const look = async (what) => {
    for (const w of await page.evaluate(rules)) check(false, `${name(what)}: ${w}`);
    if (shots) await page.screenshot({ path: join(shots, `${what}-${width}-${colorScheme}.png`), fullPage: true });
  };
  await page.goto("/campaigns");
  check(page.url().includes("/login?next="), `${name("login")}: not asked to sign in, but at ${page.url()}`);
  await look("login");
  page.quiet = true; // the browser tells of the 401 itself
  await page.fill("#token", "wrong");
  await page.click("main button");
  await page.waitForSelector("[role=alert]");
  page.quiet = false;
  await look("refused");
  await page.fill("#token", token);
  await page.click("main button");
  await page.waitForURL(world.url + "/campaigns");
  for (const [what, path] of Object.entries(pages())) {
    const answer = await page.goto(path);
    check(answer.status() === 200, `${name(what)}: status ${answer.status()}`);
    if (await page.locator("#live").count()) await page.waitForFunction(() => document.getElementById("how").textContent === ", live");
    await look(what);
  }
  await page.goto(pages().campaign);
  await page.fill("#user", user(7));
  await page.click("text=Tell the story");
  await page.waitForSelector("h1:has-text('A recipient of')");
  check(!page.url().includes(user(7)), "a recipient stands in a URL");
  check((await page.textContent("main")).includes("could not be rendered"), `${name("recipient")}: the story lacks its reason`);
  await look("recipient");
  await page.context().close();
  done(`all pages, ${width} px, ${colorScheme}`);
};

// byKeyboard signs in, finds a campaign and one of its recipients without a mouse.
const byKeyboard = async () => {
  const page = await open({ viewport: { width: 1280, height: 900 } }, false);
  const focused = () => page.evaluate(() => {
    const e = document.activeElement, s = getComputedStyle(e);
    return { name: e.nodeName, id: e.id, text: e.textContent.trim(), href: e.getAttribute("href") ?? "", seen: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 };
  });
  const tabTo = async (what, match) => {
    for (let i = 0; i < 80; i++) {
      await page.keyboard.press("Tab");
      const f = await focused();
      if (f.name !== "BODY") check(f.seen, `by keyboard: the focus can't be seen on ${JSON.stringify(f)}`);
      if (match(f)) return;
    }
    throw new Error(`by keyboard: ${what} isn't reached`);
  };
  await page.goto("/");
  await tabTo("the token", (f) => f.id === "token");
  await page.keyboard.type(token);
  await page.keyboard.press("Enter");
  await page.waitForURL(world.url + "/");
  await page.keyboard.press("Tab");
  check((await focused()).text === "Skip to the content", "by keyboard: the skip link isn't the first");
  await page.keyboard.press("Enter");
  check((await focused()).id === "main", "by keyboard: the skip link doesn't skip");
  await page.reload();
  await tabTo("Campaigns", (f) => f.href === "/campaigns");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/campaigns");
  await tabTo("the campaign", (f) => f.href === `/campaigns/${world.ids.news}`);
  await page.keyboard.press("Enter");
  await page.waitForURL("**" + world.ids.news);
  await tabTo("the form", (f) => f.id === "user");
  await page.keyboard.type(user(3));
  await page.keyboard.press("Enter");
  await page.waitForSelector("#h-story");
  check((await page.textContent("main")).includes("delivered"), "by keyboard: the story lacks its outcome");
  await page.context().close();
  done("by keyboard only");
};

// isLive looks at a running campaign: values change, the focus stays, the pause holds.
const isLive = async () => {
  const page = await open();
  await page.goto(pages().campaign);
  const delivered = () => page.textContent("#h-outcomes ~ .key li:first-child strong");
  const changes = (from) => page.waitForFunction((v) => document.querySelector("#h-outcomes ~ .key li:first-child strong").textContent !== v, from);
  await page.focus("#live a[href$='/chunks']");
  const first = await delivered();
  await changes(first);
  check(await page.evaluate(() => document.activeElement.matches("#live a[href$='/chunks']")), "live: an update takes the focus away");
  await page.click("#pause");
  const paused = await delivered();
  await page.waitForTimeout(2500);
  check(await delivered() === paused, "live: values change while they are paused");
  check(await page.getAttribute("#pause", "aria-pressed") === "true", "live: the button doesn't say that it is pressed");
  await page.click("#pause");
  await changes(paused);
  await page.waitForFunction(() => document.getElementById("say").textContent !== "");
  await page.context().close();
  done("live values");
};

// pictures are those of the README.
const pictures = async () => {
  for (const [name, path, colorScheme] of [["campaign", pages().campaign, "light"], ["overview", pages().overview, "dark"]]) {
    const page = await open({ viewport: { width: 1000, height: 720 }, colorScheme });
    await page.goto(path);
    await page.waitForFunction(() => document.getElementById("how").textContent === ", live");
    await page.screenshot({ path: join(shots, `picture-${name}.png`) });
    await page.context().close();
  }
};

// withoutScript shows everything as it was at the load.
const withoutScript = async () => {
  const page = await open({ javaScriptEnabled: false });
  for (const [what, path] of Object.entries(pages())) {
    await page.goto(path);
    check((await page.locator("main").innerText()).length > 100, `without JavaScript: ${what} is empty`);
    check(await page.locator("#pause").count() === 0 || await page.locator("#pause").isHidden(), `without JavaScript: ${what} shows a button that does nothing`);
  }
  await page.goto(pages().hostile);
  check((await page.textContent("h1")) === "Campaign " + hostile, "a hostile name isn't shown as it is");
  await page.goto(pages().news ?? pages().finished);
  await page.fill("#user", user(1));
  await page.click("text=Tell the story");
  check((await page.textContent("main")).includes("delivered"), "without JavaScript: no story");
  await page.click("text=Sign out");
  check(page.url().endsWith("/login"), "without JavaScript: signing out leads to " + page.url());
  await page.context().close();
  done("without JavaScript");
};

// theEnd stops the daemon under a page: it says so, and keeps what it has.
const theEnd = async () => {
  const page = await open();
  await page.goto("/cluster");
  await page.waitForFunction(() => document.getElementById("how").textContent === ", live");
  page.quiet = true;
  const ended = new Promise((resolve) => world.daemon.once("exit", resolve));
  const begin = Date.now();
  world.daemon.kill("SIGTERM");
  await page.waitForFunction(() => document.getElementById("how").textContent.startsWith(", not live"));
  check((await page.textContent("#live")).includes("tokyo-1"), "the end: what was shown is gone");
  await ended;
  check(Date.now() - begin < 15000, "the end: a watcher holds the daemon up");
  done("the daemon's end");
};

try {
  await world.open();
  await new Promise((resolve) => setTimeout(resolve, 4000)); // some campaigns finish, one is under way
  for (const width of [1280, 360]) for (const scheme of ["light", "dark"]) await looks(width, scheme);
  await byKeyboard();
  await isLive();
  if (shots) await pictures();
  await withoutScript();
  await theEnd();
} catch (e) {
  check(false, e.stack);
} finally {
  await browser.close();
  world.close();
}
console.log(problems.length ? `${problems.length} problems` : "figure: the console in Chromium: all pages, 2 widths, 2 schemes, no problem");
process.exit(problems.length ? 1 : 0);
