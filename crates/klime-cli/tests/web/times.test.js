import assert from "node:assert/strict";
import { until, webTest } from "./support/browser.js";
import { daysAgo, track } from "./support/events.js";

webTest("the live rows have heads, and what happened long before it came says when", {}, async ({ dev, page, open }) => {
  const late = daysAgo(3);
  await dev.send(track("Late Thing Done", "u1", { timestamp: late }), track("New Thing Done", "u1"));
  await open();
  await until(page, () => document.querySelectorAll(".row").length === 2);
  const heads = await page.locator(".heads > span").allTextContents();
  assert.match(heads[0], /^Received, UTC/);
  assert.deepEqual(heads.slice(1), ["Type", "Event", "User and groups", "SDK or outcome"]);
  const earlier = page.locator(".row .earlier");
  assert.equal(await earlier.count(), 1);
  assert.equal(await earlier.getAttribute("datetime"), late);
  assert.match(await earlier.textContent(), /^\d+ \w{3,4} \d\d:\d\d$/);
});

webTest("heads and rows stand under each other, and the rules end where the list does", {}, async ({ dev, page, open }) => {
  await dev.send(...Array.from({ length: 60 }, (_, i) => track(`Thing ${i} Done`, "u1")));
  await open();
  await until(page, () => document.querySelectorAll(".row").length === 60);
  const lefts = (selector) => page.locator(selector).evaluateAll((cells) => cells.map((cell) => Math.round(cell.getBoundingClientRect().left)));
  assert.deepEqual(await lefts(".heads > span"), await lefts("li:first-child > .row > *"));
  const [row, list] = await page.evaluate(() => [document.querySelector(".row").getBoundingClientRect().width, document.querySelector(".list").clientWidth]);
  assert.equal(row, list);
});

webTest("times name the reader's zone, whatever it is", {}, async ({ page, context, open, dev }) => {
  await open();
  await page.getByText("KLIME_DEV_KEY").waitFor();
  const zones = {};
  for (const timezoneId of ["UTC", "Asia/Kolkata", "America/St_Johns", "Europe/Berlin"]) {
    const other = await context.browser().newContext({ timezoneId });
    const there = await other.newPage();
    await there.goto(dev.url);
    zones[timezoneId] = await there.evaluate(async () => {
      const { moment, zone } = await import("/assets/text.js");
      const time = "2026-07-01T10:20:30.045Z";
      return [zone(time), moment(time)];
    });
    await other.close();
  }
  assert.deepEqual(zones.UTC, ["UTC", "1 Jul 2026, 10:20:30.045 UTC"]);
  assert.equal(zones["Asia/Kolkata"][0], "UTC+5:30");
  assert.equal(zones["America/St_Johns"][0], "UTC−2:30");
  assert.equal(zones["Europe/Berlin"][0], "UTC+2");
  assert.match(zones["Europe/Berlin"][1], /^1 Jul 2026, 12:20:30\.045 (CEST|GMT\+2)$/);
});
