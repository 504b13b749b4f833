// Makes the pictures in `docs/` anew, from the demo: `node pictures.js`, with KLIME_BIN and CHROMIUM set as scripts/test-web sets them.

import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { KlimeDev } from "./support/klime-dev.js";

const DOCS = fileURLToPath(new URL("../../docs/", import.meta.url));
const VIEWPORT = { width: 1280, height: 760 };
const MOST_BYTES = 200_000;

const dev = await KlimeDev.start(["--demo"]);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu"] });
try {
  await dev.wait({ type: "track" }, 1000);
  const { events } = await dev.get("/dev/events?type=track&event=Report%20Generated&limit=1");
  const pictures = { "klime-dev-live.png": `#/live?open=${events[0].seq}`, "klime-dev-customers.png": "#/customers" };
  const page = await browser.newPage({ viewport: VIEWPORT, colorScheme: "light", deviceScaleFactor: 1 });
  for (const [name, hash] of Object.entries(pictures)) {
    await page.goto(`${dev.url}/${hash}`);
    await page.waitForFunction(() => document.querySelector(".facts .json .line, .grid tbody tr") && !document.querySelector(".spinner"));
    await page.screenshot({ path: DOCS + name });
    const { size } = await stat(DOCS + name);
    if (size >= MOST_BYTES) throw new Error(`${name} has ${size} bytes, and may have ${MOST_BYTES}`);
    console.log(`${name}: ${size} bytes`);
  }
} finally {
  await browser.close();
  await dev.stop();
}
