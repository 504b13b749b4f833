import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { shows, until, webTest } from "./support/browser.js";
import { track } from "./support/events.js";

const cells = (page, id) => page.locator("tbody tr", { has: page.locator(`[data-row="${id}"]`) });

webTest("batches tell size, answer, SDK, duplicates, gzip and what went wrong", {}, async ({ dev, page, open }) => {
  const twice = track("Report Generated", "u1");
  await dev.send(twice, track("Nobody Known"));
  await dev.send(twice, track("File Exported", "u1"));
  const headers = { "Content-Type": "application/json", Authorization: "Bearer abcdefghijkl", "Content-Encoding": "gzip" };
  const zipped = gzipSync(JSON.stringify({ batch: [track("Zipped Thing Sent", "u1")] }));
  assert.equal((await fetch(`${dev.url}/v1/batch`, { method: "POST", headers, body: zipped })).status, 200);
  assert.equal((await fetch(`${dev.url}/v1/batch`, { method: "POST", headers: { Authorization: "Bearer k" }, body: "{" })).status, 400);
  await dev.fault({ kind: "status", status: 503, count: 1 });
  assert.equal((await dev.post([track("Report Generated", "u1")])).status, 503);
  await open("#/batches");
  await until(page, () => document.querySelectorAll(".grid tbody tr").length === 5);
  const text = await page.locator(".grid tbody tr").allTextContents();
  assert.match(text[4], /200.*2.*rust-sdk 1\.0\.0.*1 refused/);
  assert.match(text[3], /200.*1 duplicate/);
  assert.match(text[2], /gzip.*abcd/);
  assert.doesNotMatch(text[2], /abcdefghijkl/);
  assert.match(text[1], /400.*JSON/i);
  assert.match(text[0], /503–.*fault/);
});

webTest("a request that was not read claims no number of events, and its SDK is that of its User-Agent", {}, async ({ dev, page, open }) => {
  await dev.send(track("Report Generated", "u1"));
  await dev.fault({ kind: "status", status: 503, count: 1 });
  assert.equal((await dev.post([track("Report Generated", "u1")])).status, 503);
  await open("#/batches");
  await until(page, () => document.querySelectorAll(".grid tbody tr").length === 2);
  assert.equal(await cells(page, 2).locator("td.num").first().textContent(), "–");
  assert.equal(await cells(page, 2).locator(".sdk").textContent(), "rust-sdk 1.0.0");
  assert.equal(await page.getByRole("columnheader", { name: /^Batch, time in UTC/ }).count(), 1);
});

webTest("a batch leads to its events", {}, async ({ dev, page, open }) => {
  await dev.send(track("Report Generated", "u1"));
  await dev.send(track("File Exported", "u1"), track("Invoice Paid", "u1"));
  await open("#/batches");
  await cells(page, 2).getByRole("link").click();
  await shows(page, ["Invoice Paid", "File Exported"]);
});

webTest("new batches come in by themselves", {}, async ({ dev, page, open }) => {
  await open("#/batches");
  await page.getByText("No request yet.").waitFor();
  await dev.send(track("Report Generated", "u1"));
  await until(page, () => document.querySelectorAll(".grid tbody tr").length === 1);
  for (let i = 0; i < 120; i += 1) await dev.send(track("Report Generated", "u1"));
  await until(page, () => document.querySelector("[data-row]").dataset.row === "121");
  const ids = await page.locator("[data-row]").evaluateAll((rows) => rows.map((row) => Number(row.dataset.row)));
  assert.deepEqual(ids, Array.from({ length: ids.length }, (_, i) => 121 - i));
});
