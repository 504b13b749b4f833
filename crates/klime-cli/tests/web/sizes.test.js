import assert from "node:assert/strict";
import { until, webTest } from "./support/browser.js";
import { group, identify, track } from "./support/events.js";

const VIEWS = ["live", "live?open=3", "customers", "customers?mode=individuals", "customers/acme", "overview", "batches", "checks", "faults"];
const SIZES = [[1300, 850], [1300, 400], [400, 850]];

async function much(dev) {
  const of = (count, make) => Array.from({ length: count }, (_, number) => make(number));
  await dev.send(identify("ada", { name: "Ada" }), group("acme", "ada", { name: "Acme" }), track("Report Generated", "ada", {}));
  // Something to say of it for each check, and lists that are longer than a screen.
  await dev.send(...of(60, (number) => track(`Report ${number} Generated`, `u${number}`, { properties: { [`key ${number}`]: number } })), ...of(30, (number) => track("Nobody Known", undefined, number)));
  await dev.fault({ kind: "partial", share: 0.5 });
}

for (const [width, height] of SIZES) {
  webTest(`at ${width} × ${height} it is the view that scrolls, and not the page around it`, { size: { width, height } }, async ({ dev, page, open }) => {
    await much(dev);
    for (const view of VIEWS) {
      await open(`#/${view}`);
      await page.locator("h1").waitFor();
      await until(page, () => document.querySelector(".rows .row, .grid tbody tr, .card, .facts, .check"));
      const beyond = await page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
      assert.equal(beyond, 0, view);
    }
  });
}
