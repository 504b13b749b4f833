import assert from "node:assert/strict";
import { NARROW, until, webTest } from "./support/browser.js";
import { group, identify, track } from "./support/events.js";

const VIEWS = ["live", "live?open=3", "live?status=refused", "customers", "customers?mode=individuals", "customers/acme", "overview", "batches", "checks", "faults"];

async function some(dev) {
  await dev.send(
    identify("ada", { email: "ada.with.a.rather.long.address@subsidiary.acme.example", name: "Ada Augusta King, Countess of Lovelace" }),
    group("acme", "ada", { name: "The Acme Corporation of North America, Limited" }),
    track("A Rather Long Event Name That Somebody Chose To Give It", "ada", { properties: { quite_a_long_property_name: "and a value to go with it" } }),
    track("Nobody Known"),
  );
  await dev.fault({ kind: "partial", share: 0.5 });
}

webTest("at 400 px every view is readable without scrolling sideways", { size: NARROW }, async ({ dev, page, open }) => {
  await some(dev);
  for (const view of VIEWS) {
    await open(`#/${view}`);
    await page.getByText(/A fault is on:/).waitFor();
    await page.locator("h1").waitFor();
    await until(page, () => document.querySelector(".rows .row, .grid tbody tr, .card, .facts"));
    const sizes = await page.evaluate(() => {
      const right = (node) => node.getBoundingClientRect().right;
      const clips = (node) => node && node !== document.body && ((getComputedStyle(node).overflowX !== "visible" && right(node) <= innerWidth + 1) || clips(node.parentElement));
      const beyond = [...document.querySelectorAll("main *, aside *")].filter((node) => right(node) > innerWidth + 1 && !clips(node.parentElement));
      return { wider: document.documentElement.scrollWidth - innerWidth, beyond: beyond.map((node) => node.outerHTML.slice(0, 100)) };
    });
    assert.deepEqual(sizes, { wider: 0, beyond: [] }, view);
  }
});

webTest("at 400 px the state of a customer is a word, and a fault's banner has its button beside it", { size: NARROW }, async ({ dev, page, open }) => {
  await some(dev);
  await open("#/customers");
  const word = page.locator(".grid .presence span").first();
  await word.waitFor();
  assert.equal(await word.textContent(), "active");
  assert.ok(await word.evaluate((node) => node.getBoundingClientRect().right <= node.closest(".presence").getBoundingClientRect().right + 1));
  const text = await page.locator(".banner.faulty > span").boundingBox();
  const button = await page.getByRole("button", { name: "Switch off" }).boundingBox();
  assert.ok(button.y < text.y + text.height && text.height < 45, JSON.stringify({ text, button }));
});

webTest("at 400 px an event fills the screen, and closing it gives the list back", { size: NARROW }, async ({ dev, page, open }) => {
  await dev.send(track("Report Generated", "u1"));
  await open();
  await page.locator(".row").click();
  const panel = page.getByRole("complementary");
  await panel.getByText('"Report Generated"').waitFor();
  assert.equal((await panel.boundingBox()).width, 400);
  await panel.getByRole("button", { name: "Close" }).click();
  await panel.waitFor({ state: "detached" });
  for (const view of ["Customers", "Overview", "Batches", "Checks", "Faults", "Live"]) {
    await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: view }).click();
    await page.getByRole("heading", { level: 1, name: view }).waitFor();
  }
});
