import assert from "node:assert/strict";
import { until, webTest } from "./support/browser.js";
import { track } from "./support/events.js";

const EVENTS = 20_000;
// On the processor's clock, so that other work on the machine does not count: what the page's thread may spend on all of them.
const MOST_BUSY_SECONDS = 6;
// On the wall's, so this one is generous: no single piece of work may hold up the page for so long.
const LONGEST_MS = 3000;

webTest("while 20,000 events pour in the page answers, and then shows the last ones", {}, async ({ dev, page, context, open }) => {
  const busy = await processorTime(context, page);
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
  const before = await busy();
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
  const spent = (await busy()) - before;
  assert.ok(spent < MOST_BUSY_SECONDS, `the page's thread was busy for ${spent.toFixed(1)} s`);
  await until(page, () => document.querySelector('nav a[href="#/live"] .badge').title === "20,001 events");
});

// How long the page's main thread has been at work.
async function processorTime(context, page) {
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration").value;
  };
}

async function pour(dev) {
  const bodies = Array.from({ length: EVENTS / 100 }, (_, i) => Array.from({ length: 100 }, (_, k) => track(`Thing ${i * 100 + k + 1} Done`, `u${k}`, { properties: { rows: k } })));
  for (const body of bodies) await dev.send(...body);
}
