import assert from "node:assert/strict";
import { until, webTest } from "./support/browser.js";
import { group, track } from "./support/events.js";

const VIEWS = ["live?open=2", "customers", "customers/g1", "overview", "batches", "checks", "faults"];
const LEAST = 4.5;

for (const theme of ["light", "dark"]) {
  webTest(`all text has a contrast of at least 4.5 to 1, ${theme}`, { theme }, async ({ dev, page, open }) => {
    await dev.send(track("Report Generated", "u1", { properties: { a: "text", b: 1, c: true } }), track("Nobody Known"), group("g1", "u1", { name: "Acme" }));
    await dev.fault({ kind: "partial", share: 0.5 });
    await open();
    await page.locator(".row").first().waitFor();
    for (const view of VIEWS) {
      await open(`#/${view}`);
      await page.getByText(/A fault is on:/).waitFor();
      await until(page, () => document.querySelector(".facts .json, .grid tbody tr, .cards, .check, .switch"));
      assert.deepEqual(await page.evaluate(tooFaint, LEAST), [], view);
    }
  });
}

webTest("without a choice the page follows the system's colours", { theme: "dark" }, async ({ page, open }) => {
  await open();
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await ground();
  await page.emulateMedia({ colorScheme: "light" });
  assert.notEqual(await ground(), dark);
});

webTest("nothing moves for those who asked for less motion", {}, async ({ page, open }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await open();
  await page.locator(".listening").waitFor();
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
});

// In the page: the texts whose colour is too near to what is behind them.
function tooFaint(least) {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((value, i) => value * a + under[i] * (1 - a));
  const behind = (node) => {
    if (!node) return [255, 255, 255];
    const colour = rgba(getComputedStyle(node).backgroundColor);
    return colour[3] === 1 ? colour.slice(0, 3) : over(colour, behind(node.parentElement));
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = [];
  for (const node of document.querySelectorAll("#app *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim() !== "");
    const style = getComputedStyle(node);
    if (!own || node.closest(":disabled, .unseen, .skip, option") || style.visibility === "hidden" || node.getClientRects().length === 0) continue;
    const ground = behind(node);
    const text = rgba(style.color);
    let shown = 1;
    for (let up = node; up; up = up.parentElement) shown *= Number(getComputedStyle(up).opacity);
    const [a, b] = [light(over([...text.slice(0, 3), text[3] * shown], ground)), light(ground)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < least) faint.push(`${ratio.toFixed(2)} ${node.className} ${node.textContent.slice(0, 40)}`);
  }
  return [...new Set(faint)];
}
