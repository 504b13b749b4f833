import assert from "node:assert/strict";
import { shows, until, webTest } from "./support/browser.js";
import { group, identify, track } from "./support/events.js";

webTest("faults of the integration are listed with why and fix, and counted in the navigation", {}, async ({ dev, page, open }) => {
  await dev.send(track("export file", "u1"), track("Nobody Known"), identify("u1", {}), group("g1", "u1"));
  await open("#/checks");
  await page.getByRole("heading", { name: "To be mended" }).waitFor();
  const found = page.locator(".check.error, .check.warning");
  const shown = await found.count();
  assert.ok(shown >= 2, `${shown} findings`);
  for (const check of await found.all()) {
    assert.match(await check.textContent(), /Why.+Fix.+/s);
  }
  const { checks } = await dev.get("/dev/checks");
  const badge = checks.filter((check) => ["error", "warning"].includes(check.level)).length;
  assert.equal(shown, badge);
  await until(page, (wanted) => document.querySelector('nav a[href="#/checks"] .badge span').textContent === wanted, String(badge));
  assert.equal(await page.locator(".check").count(), checks.length);
});

webTest("what is counted is named", {}, async ({ dev, page, open }) => {
  await dev.send(track("Report Generated", "u1"), track("Report Generated", "u1"), track("report_generated", "u1"));
  await open("#/checks");
  const check = page.locator("#check-event_spellings");
  await check.getByText("1 event name is spelt in more than one way.").waitFor();
  assert.equal(await check.locator(".tally").textContent(), "1 case");
  await check.getByRole("link", { name: "all of this name" }).click();
  await shows(page, ["report_generated"]);
  await open("#/checks?mode=individuals");
  await page.locator("#check-identified_users").getByRole("link", { name: "the user" }).click();
  await page.getByRole("heading", { level: 1, name: "u1" }).waitFor();
});

webTest("an example opens the event that shows it", {}, async ({ dev, page, open }) => {
  await dev.send(track("Nobody Known"), track("Report Generated", "u1"));
  await open("#/checks");
  const example = page.locator(".check.error .examples a").first();
  await example.waitFor();
  const seq = await example.getAttribute("data-seq");
  await example.click();
  await page.getByRole("complementary", { name: `Event ${seq}` }).getByText("anonymous_event").waitFor();
});

webTest("before anything arrived every rule waits", {}, async ({ page, open }) => {
  await open("#/checks");
  await page.getByText(/Nothing has arrived to be judged/).waitFor();
  assert.equal(await page.locator(".check.error, .check.warning").count(), 0);
  assert.equal(await page.locator('nav a[href="#/checks"] .badge').count(), 0);
});

webTest("the mode changes what is asked of an integration", {}, async ({ dev, page, open }) => {
  await dev.send(track("Report Generated", "u1"), identify("u1", { email: "a@b.example", name: "Ada" }));
  await open("#/checks");
  await page.getByRole("button", { name: "Companies & Teams" }).click();
  assert.match(page.url(), /mode=companies/);
  await page.locator(".check.error, .check.warning").filter({ hasText: "group()" }).first().waitFor();
  await page.getByRole("button", { name: "Individual Customers" }).click();
  await until(page, () => ![...document.querySelectorAll(".check.error, .check.warning")].some((check) => check.textContent.includes("group()")));
});
