import assert from "node:assert/strict";
import { shows, until, webTest } from "./support/browser.js";
import { group, identify, track } from "./support/events.js";

webTest("the overview counts what arrived and how it was taken", {}, async ({ dev, page, open }) => {
  const twice = track("Report Generated", "u1");
  await dev.send(twice, track("Report Generated", "u2"), track("File Exported", "u1"), track("Nobody Known"), identify("u1", { name: "Ada" }), group("g1", "u1"));
  await dev.send(twice);
  await open("#/overview");
  const figure = (label) => page.locator(".figure", { has: page.getByText(label, { exact: true }) }).locator("b");
  await until(page, () => document.querySelector(".figure b")?.textContent === "5");
  assert.equal(await figure("Refused").textContent(), "1");
  assert.equal(await figure("Duplicates").textContent(), "1");
  assert.equal(await figure("Customers").textContent(), "1");
  assert.equal(await figure("Batches").textContent(), "2");
  assert.deepEqual(await page.locator(".bars .bar-label").allTextContents(), ["Report Generated", "File Exported"]);
  assert.match(await page.locator(".plain-list").first().textContent(), /rust-sdk 1\.0\.0/);
  assert.match(await page.locator(".chart").getAttribute("aria-label"), /5 accepted, 1 duplicates, 1 refused/);
  await page.locator(".chart canvas").waitFor();
});

webTest("the chart's words follow what arrives, as the figures do", {}, async ({ dev, page, open }) => {
  await dev.send(track("Report Generated", "u1"));
  await open("#/overview");
  const told = (count) => until(page, (wanted) => document.querySelector(".figure b")?.textContent === wanted && /Accepted:?\s*(\d+)/.exec(document.querySelector(".u-legend")?.textContent)?.[1] === wanted, String(count));
  await told(1);
  await dev.send(track("Report Generated", "u1"), track("Report Generated", "u2"));
  await told(3);
});

webTest("one minute that would flatten all others is cut off, and no other is", {}, async ({ page, open }) => {
  await open();
  const [spike, even, alone, none] = await page.evaluate(async () => {
    const { ceiling, isCut } = await import("/assets/views/charts.js");
    return [[3, 2390, 20], [10, 12, 20], [0, 2390, 0], []].map((sums) => [ceiling(sums), isCut(sums)]);
  });
  assert.deepEqual(spike, [40, true]);
  assert.deepEqual(even, [20 * 1.08, false]);
  assert.deepEqual(alone, [2390 * 1.08, false]);
  assert.deepEqual(none, [4, false]);
});

webTest("its figures and names lead to the events behind them", {}, async ({ dev, page, open }) => {
  await dev.send(track("Report Generated", "u1"), track("File Exported", "u1"), track("Nobody Known"));
  await open("#/overview");
  await page.getByRole("link", { name: /Refused/ }).click();
  await shows(page, ["Nobody Known"]);
  await page.goBack();
  await page.locator(".bars").getByRole("link", { name: /File Exported/ }).click();
  await shows(page, ["File Exported"]);
});

webTest("the chart is drawn anew in the other colours and at another width", {}, async ({ dev, page, open }) => {
  await dev.send(track("Report Generated", "u1"));
  await open("#/overview");
  const canvas = page.locator(".chart canvas");
  await canvas.waitFor();
  const before = await canvas.evaluate((element) => element.toDataURL());
  await page.getByRole("button", { name: /^Colours/ }).click();
  await until(page, (drawn) => document.querySelector(".chart canvas").toDataURL() !== drawn, before);
  await page.setViewportSize({ width: 700, height: 800 });
  await until(page, () => document.querySelector(".chart canvas").getBoundingClientRect().width <= document.querySelector(".chart").clientWidth + 1);
});
