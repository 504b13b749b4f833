import assert from "node:assert/strict";
import { until, webTest } from "./support/browser.js";
import { track } from "./support/events.js";

const EVENTS = 20_000;
// Of the time that they take, whatever else the machine does: the page's thread keeps more than half for its reader.
const MOST_BUSY = 0.5;

webTest("while 20,000 events pour in the page answers, and then shows the last ones", {}, async ({ dev, page, context, open }) => {
  const busy = await processorSeconds(context, page);
  await dev.send(track("Thing 0 Done", "u1"));
  await open();
  await page.locator(".row").waitFor();
  const [began, before] = [performance.now(), await busy()];
  let pouring = true;
  const poured = pour(dev).finally(() => {
    pouring = false;
  });
  await until(page, () => document.querySelectorAll(".row").length >= 100);
  const statuses = page.getByRole("group", { name: "Status" });
  for (const name of ["Refused", "Accepted", "All"]) {
    await statuses.getByRole("button", { name }).click();
    await statuses.locator('[aria-pressed="true"]', { hasText: name }).waitFor();
  }
  assert.ok(pouring, "the page only answered when all was over");
  await poured;
  const share = ((await busy()) - before) / ((performance.now() - began) / 1000);
  assert.ok(share < MOST_BUSY, `the page's thread was busy for ${Math.round(100 * share)}% of the time`);
  await until(page, (wanted) => document.querySelector(".row .name")?.textContent === wanted, `Thing ${EVENTS} Done`);
  await until(page, () => document.querySelectorAll(".row").length >= 100);
  assert.ok((await page.locator(".row").count()) <= 300, "the rows are bounded");
  const seqs = await page.locator(".row").evaluateAll((rows) => rows.map((row) => Number(row.dataset.seq)));
  assert.deepEqual(seqs, seqs.map((_, i) => EVENTS + 1 - i), "the rows have no hole");
  await until(page, () => document.querySelector('nav a[href="#/live"] .badge').title === "20,001 events");
});

// How long the page's main thread has been at work, on the processor's clock.
async function processorSeconds(context, page) {
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
