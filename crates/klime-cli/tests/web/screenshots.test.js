// A picture of each view, to be looked at: light and dark, wide and at 400 px. They go to the folder screenshots, which git ignores.

import assert from "node:assert/strict";
import { mkdir, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { NARROW, WIDE, until, webTest } from "./support/browser.js";

const FOLDER = fileURLToPath(new URL("screenshots/", import.meta.url));
const VIEWS = {
  live: "#/live",
  event: null,
  refused: "#/live?status=refused",
  customers: "#/customers",
  customer: null,
  overview: "#/overview",
  batches: "#/batches",
  checks: "#/checks",
  faults: "#/faults",
};

for (const [size, width] of [[WIDE, "wide"], [NARROW, "narrow"]]) {
  for (const theme of ["light", "dark"]) {
    webTest(`screenshots of the demo, ${theme}, ${width}`, { size, theme, args: ["--demo"] }, async ({ dev, page, open }) => {
      await mkdir(FOLDER, { recursive: true });
      await dev.wait({ type: "track" }, 1000);
      const { events } = await dev.get("/dev/events?type=track&limit=1");
      const { customers } = await dev.get("/dev/customers?sort=events30&limit=1");
      const addresses = { ...VIEWS, event: `#/live?open=${events[0].seq}`, customer: `#/customers/${encodeURIComponent(customers[0].id)}` };
      for (const [name, hash] of Object.entries(addresses)) {
        await open(hash);
        await until(page, () => document.querySelector(".facts .json, .rows .row, .grid tbody tr, .cards, .check, .switch") && !document.querySelector(".spinner"));
        await page.evaluate(() => document.fonts.ready);
        const path = `${FOLDER}${name}-${theme}-${width}.png`;
        await page.screenshot({ path });
        assert.ok((await stat(path)).size > 5000, path);
      }
    });
  }
}
