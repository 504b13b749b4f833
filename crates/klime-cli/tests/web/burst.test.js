import assert from "node:assert/strict";
import { until, webTest } from "./support/browser.js";
import { track } from "./support/events.js";

const EVENTS = 20_000;
const LONGEST_MS = 500;

webTest("while 20,000 events pour in the page answers, and then shows the last ones", {}, async ({ dev, page, open }) => {
  await dev.send(track("Thing 0 Done", "u1"));
  await open();
  await page.locator(".row").waitFor();
  await page.evaluate(() => {
    globalThis.longest = 0;
    let before = performance.now();
    const beat = () => {
      const now = performance.now();
      globalThis.longest = Math.max(globalThis.longest, now - before);
      before = now;
      requestAnimationFrame(beat);
    };
    requestAnimationFrame(beat);
  });
  const poured = pour(dev);
  // Somebody works with the page meanwhile.
  await page.getByRole("group", { name: "Status" }).getByRole("button", { name: "Accepted" }).click();
  await page.getByRole("group", { name: "Status" }).getByRole("button", { name: "All" }).click();
  await poured;
  await until(page, (wanted) => document.querySelector(".row .name")?.textContent === wanted, `Thing ${EVENTS} Done`);
  await until(page, () => document.querySelectorAll(".row").length >= 100);
  assert.ok((await page.locator(".row").count()) <= 400, "the rows are bounded");
  const seqs = await page.locator(".row").evaluateAll((rows) => rows.map((row) => Number(row.dataset.seq)));
  assert.deepEqual(seqs, seqs.map((_, i) => EVENTS + 1 - i), "the rows have no hole");
  const longest = await page.evaluate(() => globalThis.longest);
  assert.ok(longest < LONGEST_MS, `a frame took ${Math.round(longest)} ms`);
  await until(page, () => document.querySelector('nav a[href="#/live"] .badge').title === "20,001 events");
});

async function pour(dev) {
  const bodies = Array.from({ length: EVENTS / 100 }, (_, i) => Array.from({ length: 100 }, (_, k) => track(`Thing ${i * 100 + k + 1} Done`, `u${k}`, { properties: { rows: k } })));
  for (const body of bodies) await dev.send(...body);
}
