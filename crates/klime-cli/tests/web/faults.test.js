import assert from "node:assert/strict";
import { webTest } from "./support/browser.js";
import { track } from "./support/events.js";

async function choose(page, name, fields = {}) {
  await page.locator(".kinds label", { hasText: name }).first().click();
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(String(value));
  await page.getByRole("button", { name: "Switch on" }).click();
}

webTest("a 429 with Retry-After is switched on, hits as often as asked, and every view warns of it", {}, async ({ dev, page, open }) => {
  await open("#/faults");
  await choose(page, "Rate limited", { "Retry-After, s": 7, "How many times": 2 });
  await page.getByText(/A fault is on:.*answers 429 with Retry-After: 7/).waitFor();
  await page.getByRole("link", { name: "Customers" }).click();
  await page.getByText(/A fault is on:/).waitFor();
  const answer = await dev.post([track("Report Generated", "u1")]);
  assert.equal(answer.status, 429);
  assert.equal(answer.headers.get("retry-after"), "7");
  assert.equal((await dev.post([track("Report Generated", "u1")])).status, 429);
  assert.equal((await dev.post([track("Report Generated", "u1")])).status, 200);
  await page.getByText(/A fault is on:/).waitFor({ state: "detached" });
});

webTest("each kind is switched on from the page as it is told there", {}, async ({ dev, page, open }) => {
  await open("#/faults");
  await choose(page, "Server error", { Status: 500, "Of the requests, %": 50 });
  await choose(page, "Partial refusal", { "Of the events, %": 25 });
  await choose(page, "Slow", { "Delay, ms": 300 });
  await choose(page, "Hang");
  await choose(page, "Broken connection");
  await choose(page, "Lost answer", { "How many times": 3 });
  await page.getByText("6 faults are on:").waitFor();
  const { faults } = await dev.get("/dev/fault");
  const [status, partial, slow, hang, reset, lost] = faults;
  assert.equal(status.kind, "status");
  assert.equal(status.status, 500);
  assert.equal(status.rate, 0.5);
  assert.equal(partial.share, 0.25);
  assert.equal(slow.delayMs, 300);
  assert.deepEqual([hang.kind, reset.kind, lost.kind, lost.count], ["hang", "reset", "lost_answer", 3]);
  await page.getByRole("button", { name: "Switch all off" }).click();
  await page.getByText("No fault is on").waitFor();
  assert.deepEqual((await dev.get("/dev/fault")).faults, []);
});

webTest("the banner switches off a fault that came from elsewhere", {}, async ({ dev, page, open }) => {
  await dev.send(track("Report Generated", "u1"));
  await dev.fault({ kind: "partial", share: 0.5 });
  await open();
  await page.getByText(/refuses 50% of each batch/).waitFor();
  await page.getByRole("button", { name: "Switch off" }).click();
  await page.getByText(/A fault is on:/).waitFor({ state: "detached" });
  assert.deepEqual((await dev.get("/dev/fault")).faults, []);
});
