// One Chromium for a file of tests; each test has a page and a `klime dev` of its own. What the console reports as an error fails the test.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { chromium } from "playwright-core";
import { KlimeDev } from "./klime-dev.js";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
export const WIDE = { width: 1280, height: 800 };
export const NARROW = { width: 400, height: 800 };
const LIMIT_MS = 15_000;

let launched = null;

export function browser() {
  launched ??= chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
  return launched;
}

after(async () => {
  if (launched) await (await launched).close();
});

/**
 * A test of the page: `body({ dev, page, open })` with a fresh `klime dev`. Options: `args` of `klime dev`, `size`, `theme`, and `errors`, a pattern
 * of console errors that belong to what is tested.
 */
export function webTest(name, options, body) {
  test(name, async () => {
    const dev = await KlimeDev.start(options.args);
    try {
      await withPage(options, dev, body);
    } finally {
      await dev.stop();
    }
  });
}

export async function withPage(options, dev, body) {
  const context = await (await browser()).newContext({
    viewport: options.size ?? WIDE,
    colorScheme: options.theme ?? "light",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(LIMIT_MS);
    const errors = watched(page, options.errors);
    await page.addInitScript(collectViolations);
    await body({ dev, page, context, open: (hash = "#/live", url = dev.url) => page.goto(`${url}/${hash}`) });
    assert.deepEqual(await page.evaluate(() => globalThis.violations ?? []), [], "the content security policy was broken");
    assert.deepEqual(errors, [], "the console reported errors");
  } finally {
    await context.close();
  }
}

function watched(page, expected) {
  const errors = [];
  const note = (text) => {
    if (!expected?.test(text)) errors.push(text);
  };
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && note(`${message.text()} ${message.location().url}`));
  page.on("pageerror", (error) => note(String(error.stack ?? error)));
  return errors;
}

function collectViolations() {
  globalThis.violations = [];
  addEventListener("securitypolicyviolation", (event) => globalThis.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
}

/** The rows of the list, as the texts of their names. */
export function names(page) {
  return page.locator(".rows .row .what > .name").allTextContents();
}

/** Waits until the names in the list are these, newest first. */
export async function shows(page, expected) {
  const same = ([selector, wanted]) => JSON.stringify([...document.querySelectorAll(selector)].map((node) => node.textContent)) === wanted;
  try {
    await page.waitForFunction(same, [".rows .row .what > .name", JSON.stringify(expected)]);
  } catch {
    assert.deepEqual(await names(page), expected);
  }
}

/** Waits until the page's answer to `question` is true. */
export function until(page, question, argument) {
  return page.waitForFunction(question, argument);
}
