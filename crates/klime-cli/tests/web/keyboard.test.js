import assert from "node:assert/strict";
import { shows, until, webTest } from "./support/browser.js";
import { group, track } from "./support/events.js";

const focused = (page, seq) => until(page, (wanted) => document.activeElement?.dataset.seq === wanted, String(seq));

async function threeEvents(dev, page, open) {
  await dev.send(track("First Thing Done", "u1"), track("Second Thing Done", "u1"), track("Third Thing Done", "u1"));
  await open();
  await shows(page, ["Third Thing Done", "Second Thing Done", "First Thing Done"]);
}

webTest("j and k walk the rows, Enter opens, the panel follows, Esc closes and gives the focus back", {}, async ({ dev, page, open }) => {
  await threeEvents(dev, page, open);
  await page.keyboard.press("j");
  await focused(page, 3);
  await page.keyboard.press("j");
  await focused(page, 2);
  await page.keyboard.press("k");
  await focused(page, 3);
  await page.keyboard.press("Enter");
  await page.getByRole("complementary", { name: "Event 3" }).waitFor();
  await page.keyboard.press("j");
  await page.getByRole("complementary", { name: "Event 2" }).waitFor();
  await page.keyboard.press("j");
  await page.getByRole("complementary", { name: "Event 1" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("complementary").waitFor({ state: "detached" });
  await focused(page, 1);
});

webTest("the arrows walk the rows as j and k do, and scroll where there are none", {}, async ({ dev, page, open }) => {
  await threeEvents(dev, page, open);
  await page.keyboard.press("ArrowDown");
  await focused(page, 3);
  await page.keyboard.press("ArrowDown");
  await focused(page, 2);
  await page.keyboard.press("ArrowUp");
  await focused(page, 3);
  await open("#/overview");
  await page.locator(".chart canvas").waitFor();
  assert.equal(await page.evaluate(() => document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true, cancelable: true }))), true);
});

webTest("Esc leaves a customer for the list, where its row has the focus", {}, async ({ dev, page, open }) => {
  await dev.send(group("acme", "u1"), group("globex", "u2"));
  await open("#/customers");
  await page.getByRole("link", { name: /globex/ }).click();
  await page.getByRole("heading", { level: 1, name: "globex" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { level: 1, name: "Customers" }).waitFor();
  await until(page, () => document.activeElement?.dataset.row === "globex");
});

webTest("the digits go to the views and a slash to the search", {}, async ({ dev, page, open }) => {
  await threeEvents(dev, page, open);
  const views = ["Live", "Customers", "Overview", "Batches", "Checks", "Faults"];
  for (let i = 6; i >= 1; i -= 1) {
    await page.keyboard.press(String(i));
    await page.getByRole("heading", { level: 1, name: views[i - 1] }).waitFor();
    assert.equal(await page.locator('nav [aria-current="page"] .label').textContent(), views[i - 1]);
  }
  await page.keyboard.press("/");
  await page.keyboard.type("second 2");
  await until(page, () => document.activeElement.matches("[data-search]") && document.activeElement.value === "second 2");
  await page.getByText("No event matches.").waitFor();
  await page.keyboard.press("Escape");
  await shows(page, ["Third Thing Done", "Second Thing Done", "First Thing Done"]);
  await until(page, () => document.activeElement.matches("[data-search]") && document.activeElement.value === "");
  assert.doesNotMatch(page.url(), /search=/);
  await page.keyboard.press("Escape");
  await until(page, () => !document.activeElement.matches("[data-search]"));
});

webTest("the button in the search clears it and leaves the focus there", {}, async ({ dev, page, open }) => {
  await threeEvents(dev, page, open);
  const clear = page.getByRole("button", { name: "Clear the search" });
  assert.equal(await clear.count(), 0);
  await page.getByLabel("Search in events").fill("second");
  await shows(page, ["Second Thing Done"]);
  await clear.click();
  await shows(page, ["Third Thing Done", "Second Thing Done", "First Thing Done"]);
  await until(page, () => document.activeElement.matches("[data-search]"));
});

webTest("p pauses and goes on, t changes the colours, ? tells the keys", {}, async ({ dev, page, open }) => {
  await threeEvents(dev, page, open);
  await page.keyboard.press("p");
  await page.getByRole("button", { name: "Resume" }).waitFor();
  await page.keyboard.press("p");
  await page.getByRole("button", { name: "Pause" }).waitFor();
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.keyboard.press("t");
  assert.notEqual(await ground(), light);
  await page.reload();
  assert.notEqual(await ground(), light, "the choice outlives the page");
  await page.keyboard.press("t");
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await until(page, () => document.activeElement.textContent === "Close");
  await page.keyboard.press("2");
  assert.match(page.url(), /#\/live/, "a dialog keeps the keys to itself");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
});

webTest("with Tab alone one reaches the list, and one row is in the order, not all of them", {}, async ({ dev, page, open }) => {
  await threeEvents(dev, page, open);
  const reached = [];
  for (let i = 0; i < 40; i += 1) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => document.activeElement.dataset.seq ?? document.activeElement.textContent.trim()));
  }
  assert.equal(reached[0], "To the content");
  assert.deepEqual(reached.filter((what) => ["1", "2", "3"].includes(what)).slice(0, 1), ["3"]);
  assert.ok(!reached.slice(0, reached.indexOf("3") + 2).includes("2"), String(reached));
});

webTest("what has the focus can be seen", {}, async ({ dev, page, open }) => {
  await threeEvents(dev, page, open);
  for (let i = 0; i < 16; i += 1) {
    await page.keyboard.press("Tab");
    const outline = await page.evaluate(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      return { what: document.activeElement.outerHTML.slice(0, 80), outlineStyle, outlineWidth };
    });
    assert.equal(outline.outlineStyle, "solid", outline.what);
    assert.equal(outline.outlineWidth, "2px", outline.what);
  }
});
