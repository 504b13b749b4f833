// The official browser SDK, as it is on npm, in a page of another origin, against `klime dev`.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import http from "node:http";
import { once } from "node:events";
import { test } from "node:test";
import { until, withPage } from "./support/browser.js";
import { KlimeDev } from "./support/klime-dev.js";

const SDK = new URL("node_modules/@klime/browser/dist/index.js", import.meta.url);

// An app on a loopback port of its own.
async function app() {
  const sdk = await readFile(SDK);
  const server = http.createServer((request, response) => {
    const isSdk = request.url === "/klime.js";
    response.writeHead(200, { "Content-Type": isSdk ? "text/javascript" : "text/html" });
    response.end(isSdk ? sdk : '<!doctype html><html lang="en"><title>app</title><link rel="icon" href="data:,"></html>');
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

function sdkTest(name, { args, errors }, body) {
  test(name, async () => {
    const [dev, site] = await Promise.all([KlimeDev.start(args), app()]);
    try {
      await withPage({ errors }, dev, async ({ page }) => {
        await page.goto(site.url);
        await page.evaluate(async (endpoint) => {
          const { KlimeClient } = await import("/klime.js");
          const silent = () => {};
          globalThis.told = { responses: [], errors: [] };
          globalThis.klime = new KlimeClient({
            writeKey: "any-key",
            endpoint,
            retryInitialDelay: 20,
            logger: { debug: silent, info: silent, warn: silent, error: silent },
            onSuccess: (response) => globalThis.told.responses.push(response),
            onError: (error) => globalThis.told.errors.push(error.message),
          });
        }, dev.url);
        await body({ dev, page, site });
      });
    } finally {
      await dev.stop();
      site.close();
    }
  });
}

// What the SDK's documentation shows, and what it was told.
function use(page) {
  return page.evaluate(async () => {
    const { klime, told } = globalThis;
    klime.identify("user_123", { email: "user@example.com", name: "Stefan" });
    klime.track("Button Clicked", { buttonName: "Sign up", plan: "pro" }, { userId: "user_123" });
    klime.group("org_456", { name: "Acme Inc" }, { userId: "user_123" });
    await klime.flush();
    return told;
  });
}

sdkTest("from another origin events arrive and the answer can be read", {}, async ({ dev, page }) => {
  const { responses, errors } = await use(page);
  assert.deepEqual(errors, []);
  assert.deepEqual(responses, [{ status: "ok", accepted: 3, failed: 0 }]);
  const { events } = await dev.wait({ status: "accepted" }, 3);
  assert.deepEqual(events.map((event) => event.type), ["identify", "track", "group"]);
  assert.equal(events[0].library.name, "js-sdk");
  assert.equal((await dev.get("/dev/customers/org_456")).events7, 1);
});

sdkTest("the calls that wait get klime dev's answer", {}, async ({ page }) => {
  const answer = await page.evaluate(() => globalThis.klime.trackSync("Report Generated", { rows: 3 }, { userId: "user_123" }));
  assert.deepEqual(answer, { status: "ok", accepted: 1, failed: 0 });
});

sdkTest("what is queued is sent when the page is left", {}, async ({ dev, page }) => {
  await page.evaluate(() => {
    globalThis.klime.track("Last Thing Done", {}, { userId: "user_123" });
    dispatchEvent(new Event("beforeunload"));
  });
  await dev.wait({ event: "Last Thing Done" });
});

sdkTest("a request with keepalive outlives its page, though the browser must ask for leave first", {}, async ({ dev, page }) => {
  const event = { type: "track", event: "Page Left", userId: "u1", messageId: "0b7cbf1c-5c8e-4d4b-9f0e-6a1d2c3b4a59", timestamp: new Date().toISOString() };
  await page.evaluate(
    ([endpoint, body]) => {
      const headers = { "Content-Type": "application/json", Authorization: "Bearer any-key" };
      // When this evaluation is over: leaving ends it.
      setTimeout(() => {
        fetch(`${endpoint}/v1/batch`, { method: "POST", keepalive: true, headers, body });
        location.href = "about:blank";
      });
    },
    [dev.url, JSON.stringify({ batch: [event] })],
  );
  await page.waitForURL("about:blank");
  await dev.wait({ event: "Page Left" });
});

sdkTest("an event that nobody did is refused, the others are taken", {}, async ({ page }) => {
  const { responses } = await page.evaluate(async () => {
    const { klime, told } = globalThis;
    klime.track("Button Clicked", {}, { userId: "user_123" });
    klime.track("Button Clicked");
    await klime.flush();
    return told;
  });
  assert.equal(responses[0].accepted, 1);
  assert.equal(responses[0].failed, 1);
  assert.equal(responses[0].errors[0].code, "anonymous_event");
});

for (const fault of ["503,count=2", "429,retry-after=1,count=1", "reset,count=1"]) {
  sdkTest(`the SDK gets its events through ${fault}`, { args: ["--fault", fault], errors: /503|429|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/ }, async ({ dev, page }) => {
    const { responses, errors } = await use(page);
    assert.deepEqual(errors, []);
    assert.equal(responses[0].accepted, 3);
    assert.equal((await dev.get("/dev/stats")).events.accepted, 3);
  });
}

sdkTest("the page's own interface is closed to other origins", { errors: /CORS|ERR_FAILED|403/ }, async ({ dev, page }) => {
  const reached = await page.evaluate(async (endpoint) => {
    const tries = ["/dev/events", "/dev/stats", "/dev/customers", "/dev/export.ndjson"].map((path) => fetch(endpoint + path).then(() => path, () => null));
    return (await Promise.all(tries)).filter(Boolean);
  }, dev.url);
  assert.deepEqual(reached, []);
});

sdkTest("a wrong key is refused for good, and the page can read why", { args: ["--key", "the-right-one"], errors: /401/ }, async ({ dev, page }) => {
  const { responses, errors } = await use(page);
  assert.deepEqual(responses, []);
  assert.equal(errors.length, 1);
  await until(page, () => globalThis.told.errors.length === 1);
  assert.deepEqual((await dev.get("/dev/batches")).batches.map((batch) => batch.status), [401]);
});
