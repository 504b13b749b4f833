import assert from "node:assert/strict";
import { NARROW, WIDE, until, webTest } from "./support/browser.js";
import { group, identify, track } from "./support/events.js";

const RUN = "globalThis.executed=true";
const MARKUP = [
  `<img src=x onerror="${RUN}">`,
  `</script><script>${RUN}</script>`,
  `"><svg/onload=${RUN}>`,
  `'-${RUN}-'`,
  `javascript:${RUN}`,
  `{{constructor.constructor('${RUN}')()}}`,
  `\${${RUN}}`,
  `<style>*{display:none}</style>`,
  `&lt;b&gt;&#x3c;i&#x3e;`,
];
const LONG = "W".repeat(5000);
const RTL = "\u202eevil\u202c שלום مرحبا \u2067isolate";
const CONTROL = "line\nbreak\ttab\u0000nul\u001b[31mred\u0007bell\u007f\u0085";
const EMOJI = "👩‍👩‍👧‍👦🏴‍☠️".repeat(50);
const ZALGO = "Z\u0351\u036b\u0343a\u0321\u034al\u0334\u033dg\u0337\u0311o\u0360\u0302".repeat(40);
const LONE = "half \ud83d pair";
const ALL = [...MARKUP, LONG, RTL, CONTROL, EMOJI, ZALGO, LONE, "__proto__", "constructor", "/../..", "a/b?c#d%zz&e=f", " "];

async function hostile(dev) {
  for (const [i, text] of ALL.entries()) {
    const fields = { [text]: text, nested: { [text]: [text, { [text]: text }] }, constructor: undefined, name: text, email: text };
    const context = { library: { name: text, version: text } };
    await dev.send(
      track(text, text, { properties: fields, context }),
      identify(text, fields, { context }),
      group(`${text}`, text, fields, { context }),
      track("Order Kept", `user ${i}`, { groupId: text }),
      track(text, undefined, { properties: fields, context }),
      { type: text, messageId: text, timestamp: text, event: { [text]: text }, userId: [text], context: { library: text } },
    );
  }
}

async function harmless(page, where) {
  const found = await page.evaluate(() => ({
    executed: globalThis.executed,
    markup: document.querySelectorAll("#app script, #app img[onerror], #app style, #app iframe").length,
    wider: Math.max(0, document.documentElement.scrollWidth - innerWidth),
  }));
  assert.deepEqual(found, { executed: undefined, markup: 0, wider: 0 }, where);
}

for (const [size, width] of [[WIDE, "wide"], [NARROW, "narrow"]]) {
  webTest(`hostile data stays text in every view, ${width}`, { size }, async ({ dev, page, open }) => {
    await hostile(dev);
    await open();
    await until(page, () => document.querySelectorAll(".row").length >= 100);
    await harmless(page, "live");
    const heights = await page.locator(".row").evaluateAll((rows) => [...new Set(rows.map((row) => row.getBoundingClientRect().height))]);
    assert.equal(heights.length, 1, `rows of heights ${heights}`);
    for (const view of ["customers", "customers?mode=individuals", "overview", "batches", "checks", "faults"]) {
      await open(`#/${view}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.locator(".grid tbody tr, .card").first().waitFor();
      await harmless(page, view);
    }
  });
}

webTest("hostile events and customers can be looked at one by one", {}, async ({ dev, page, open }) => {
  await hostile(dev);
  await open();
  const { latestSeq } = await dev.get("/dev/stats");
  for (let seq = 1; seq <= latestSeq; seq += 1) {
    await page.evaluate((hash) => {
      location.hash = hash;
    }, `#/live?open=${seq}`);
    await page.getByRole("complementary", { name: `Event ${seq}` }).locator(".json .line").first().waitFor();
    await harmless(page, `event ${seq}`);
  }
  const { customers } = await dev.get("/dev/customers?mode=companies&limit=500");
  assert.ok(customers.length >= ALL.length - 3, `${customers.length} customers`);
  for (const { id } of customers) {
    await open(`#/customers/${encodeURIComponent(id)}?mode=companies`);
    await page.locator(".customer .figure").first().waitFor();
    await harmless(page, `customer ${id.slice(0, 40)}`);
  }
});

webTest("control characters and direction overrides are shown, not obeyed", {}, async ({ dev, page, open }) => {
  await dev.send(track(CONTROL, "u1"), track(RTL, "u2"));
  await open();
  await until(page, () => document.querySelectorAll(".row").length === 2);
  const [rtl, control] = await page.locator(".row .name").allTextContents();
  assert.equal(control, "line␊break␉tab␀nul␛[31mred␇bell␡␡");
  assert.match(rtl, /⟨U\+202E⟩evil⟨U\+202C⟩/);
  assert.equal(await page.locator(".row bdi").first().evaluate((node) => getComputedStyle(node).unicodeBidi), "isolate");
});

webTest("what is typed into the search is not markup either", {}, async ({ dev, page, open }) => {
  await dev.send(track("Report Generated", "u1"));
  await open(`#/live?search=${encodeURIComponent(MARKUP[0])}&userId=${encodeURIComponent(MARKUP[1])}`);
  await page.getByText("No event matches.").waitFor();
  await harmless(page, "search");
  assert.equal(await page.getByLabel("Search in events").inputValue(), MARKUP[0]);
});
