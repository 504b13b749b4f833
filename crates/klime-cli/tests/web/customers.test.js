import assert from "node:assert/strict";
import { until, webTest } from "./support/browser.js";
import { daysAgo, group, identify, track } from "./support/events.js";

async function threeCompanies(dev) {
  await dev.send(
    identify("ada", { email: "ada@acme.example", name: "Ada" }),
    group("acme", "ada", { name: "Acme Inc", plan: "pro" }),
    group("acme", "bob"),
    group("globex", "carl", { name: "Globex" }),
    group("initech", "dora", { name: "Initech" }),
    track("Report Generated", "ada"),
    track("Report Generated", "ada"),
    track("File Exported", "bob", { timestamp: daysAgo(10) }),
    track("Report Generated", "carl", { timestamp: daysAgo(12) }),
  );
}

const listed = (page) => page.locator(".grid tbody .names > .name").allTextContents();
const lists = (page, expected) =>
  until(page, (wanted) => JSON.stringify([...document.querySelectorAll(".grid tbody .names > .name")].map((n) => n.textContent)) === wanted, JSON.stringify(expected));

webTest("companies are listed with what they did and whether they went quiet", {}, async ({ dev, page, open }) => {
  await threeCompanies(dev);
  await open("#/customers");
  await lists(page, ["Acme Inc", "Globex", "Initech"]);
  const row = (name) => page.locator("tbody tr", { hasText: name });
  assert.equal(await row("Acme Inc").locator(".presence").textContent(), "active");
  assert.deepEqual(await row("Acme Inc").locator("td.num").allTextContents(), ["2", "3", "2"]);
  assert.equal(await row("Globex").locator(".presence").textContent(), "quiet");
  assert.equal(await row("Globex").locator(".lastSeen").textContent(), "12 d ago");
  assert.equal(await row("Initech").locator(".presence").textContent(), "idle");
  assert.equal(await row("Initech").locator(".lastSeen").textContent(), "never");
  assert.equal(await row("Acme Inc").getByRole("img").getAttribute("aria-label"), "3 events in 30 days, 2 in the last 7");
});

webTest("they are sorted, searched and filtered by state, and the address keeps it", {}, async ({ dev, page, open }) => {
  await threeCompanies(dev);
  await open("#/customers");
  await lists(page, ["Acme Inc", "Globex", "Initech"]);
  await page.getByRole("button", { name: "Customer", exact: true }).click();
  assert.match(page.url(), /sort=name/);
  await page.locator('th[aria-sort="ascending"]').waitFor();
  await page.getByLabel("Search by id, name or e-mail").fill("glob");
  await lists(page, ["Globex"]);
  await page.reload();
  await lists(page, ["Globex"]);
  await page.getByLabel("Search by id, name or e-mail").fill("");
  await page.getByRole("button", { name: "Quiet" }).click();
  await lists(page, ["Globex"]);
  await page.getByRole("button", { name: "Idle" }).click();
  await lists(page, ["Initech"]);
});

webTest("single people are customers in the other mode", {}, async ({ dev, page, open }) => {
  await threeCompanies(dev);
  await open("#/customers");
  await page.getByRole("button", { name: "Individual Customers" }).click();
  await page.locator("tbody tr", { hasText: "ada@acme.example" }).waitFor();
  assert.equal((await listed(page)).length, 4);
  assert.equal(await page.getByRole("columnheader", { name: "Members" }).count(), 0);
  await page.getByRole("link", { name: /Ada/ }).click();
  await page.getByRole("heading", { name: "Ada" }).waitFor();
  await page.locator(".plain-list").getByRole("link", { name: "Acme Inc" }).click();
  await page.getByRole("heading", { name: "Members" }).waitFor();
});

webTest("a company shows members, traits, names, its trend and its own events", {}, async ({ dev, page, open }) => {
  await threeCompanies(dev);
  await open("#/customers");
  await page.getByRole("link", { name: /Acme Inc/ }).click();
  await page.getByRole("heading", { name: "Acme Inc" }).waitFor();
  await page.locator(".people").getByText("ada@acme.example").waitFor();
  assert.equal(await page.locator(".people li").count(), 2);
  assert.match(await page.locator(".traits").textContent(), /planpro/);
  assert.deepEqual(await page.locator(".bars .bar-label").allTextContents(), ["Report Generated", "File Exported"]);
  await page.locator(".chart canvas").waitFor();
  assert.equal(await page.locator(".chart").getAttribute("aria-label"), "3 events in 30 days");
  await until(page, () => document.querySelectorAll(".rows .row").length === 6);
  await page.getByRole("link", { name: "All of them" }).click();
  await until(page, () => document.querySelectorAll(".rows .row").length === 6);
  assert.match(page.url(), /customer=acme/);
});

webTest("a customer follows what arrives", {}, async ({ dev, page, open }) => {
  await threeCompanies(dev);
  await open("#/customers/globex");
  await page.locator(".presence.quiet").waitFor();
  await dev.send(track("Report Generated", "carl"));
  await page.locator(".presence.active").waitFor();
});

webTest("an id that nothing names is told, and so is an empty list", { errors: /404/ }, async ({ dev, page, open }) => {
  await open("#/customers/nobody");
  await page.getByText("No event of this customer has come.").waitFor();
  await open("#/customers");
  await page.getByText("No company yet.").waitFor();
  await threeCompanies(dev);
  await lists(page, ["Acme Inc", "Globex", "Initech"]);
});
