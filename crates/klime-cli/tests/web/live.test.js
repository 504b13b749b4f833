import assert from "node:assert/strict";
import { names, shows, until, webTest } from "./support/browser.js";
import { group, identify, track } from "./support/events.js";
import { run } from "./support/shell.js";

webTest("an event shows up the moment it arrives, newest on top", {}, async ({ dev, page, open }) => {
  await dev.send(track("First Thing Done", "u1"));
  await open();
  await shows(page, ["First Thing Done"]);
  await dev.send(track("Second Thing Done", "u1", { properties: { plan: "pro" } }));
  await shows(page, ["Second Thing Done", "First Thing Done"]);
  const newest = page.locator(".row").first();
  assert.match(await newest.textContent(), /track.*plan pro.*u1.*rust-sdk/s);
});

webTest("before the first event the page says how to send one, and the command it offers works", {}, async ({ dev, page, open }) => {
  await open();
  await page.getByRole("heading", { name: "Waiting for the first event" }).waitFor();
  for (const language of ["Rust", "Python", "Browser", "Elixir"]) {
    await page.getByRole("tab", { name: language }).click();
    assert.match(await page.locator(".snippet pre").textContent(), new RegExp(`${dev.url}"`), language);
  }
  await page.getByRole("tab", { name: "curl" }).click();
  await page.locator(".snippet").getByRole("button", { name: "Copy" }).click();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(await run(command), /"accepted":1/);
  await shows(page, ["Button Clicked"]);
});

webTest("pause holds the rows and counts what comes, resume shows it", {}, async ({ dev, page, open }) => {
  await dev.send(track("Old Thing Done", "u1"));
  await open();
  await shows(page, ["Old Thing Done"]);
  await page.getByRole("button", { name: "Pause" }).click();
  await dev.send(track("New Thing Done", "u1"), track("Newer Thing Done", "u1"));
  await page.getByRole("button", { name: "2 new events" }).waitFor();
  assert.deepEqual(await names(page), ["Old Thing Done"]);
  await page.getByRole("button", { name: "Resume" }).click();
  await shows(page, ["Newer Thing Done", "New Thing Done", "Old Thing Done"]);
});

webTest("a filter that is changed while paused shows what is stored, and goes on being paused", {}, async ({ dev, page, open }) => {
  await dev.send(track("One Thing Done", "u1"), track("Other Thing Done", "u2"));
  await open();
  await shows(page, ["Other Thing Done", "One Thing Done"]);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByLabel("Search in events").fill("one thing");
  await shows(page, ["One Thing Done"]);
  await dev.send(track("One Thing Done", "u3"));
  await page.getByRole("button", { name: "1 new event" }).click();
  await shows(page, ["One Thing Done", "One Thing Done"]);
});

function look(page, hidden) {
  return page.evaluate((value) => {
    Object.defineProperty(document, "hidden", { configurable: true, value });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  }, hidden);
}

async function lookAway(page) {
  await Promise.all([page.waitForEvent("requestfailed", (request) => request.url().includes("/dev/live")), look(page, true)]);
}

webTest("a page that nobody looks at gives its connection back, and catches up when it is looked at", {}, async ({ dev, page, open }) => {
  await dev.send(track("First Thing Done", "u1"));
  await open();
  await shows(page, ["First Thing Done"]);
  await lookAway(page);
  await dev.send(track("Second Thing Done", "u1"));
  assert.deepEqual(await names(page), ["First Thing Done"]);
  await look(page, false);
  await shows(page, ["Second Thing Done", "First Thing Done"]);
});

webTest("a reset while nobody looked clears the rows", {}, async ({ dev, page, open }) => {
  await dev.send(track("First Thing Done", "u1"));
  await open();
  await shows(page, ["First Thing Done"]);
  await lookAway(page);
  assert.equal((await fetch(`${dev.url}/dev/reset`, { method: "POST" })).status, 200);
  await dev.send(track("Second Thing Done", "u1"));
  await look(page, false);
  await shows(page, ["Second Thing Done"]);
});

webTest("what the tail had to skip is counted, and the rows have no hole", {}, async ({ dev, page, open }) => {
  await dev.send(track("Thing 0 Done", "u1"));
  await open();
  await shows(page, ["Thing 0 Done"]);
  await lookAway(page);
  for (let i = 1; i <= 1000; i += 100) {
    await dev.send(...Array.from({ length: 100 }, (_, k) => track(`Thing ${i + k} Done`, "u1")));
  }
  await look(page, false);
  await page.getByText(/\d+ skipped in the tail.*All are stored/).waitFor();
  await until(page, () => document.querySelectorAll(".row").length >= 100 && !document.querySelector(".spinner"));
  const shown = (await names(page)).length;
  await page.getByRole("button", { name: "Load older" }).click();
  await until(page, (before) => document.querySelectorAll(".row").length === before + 100, shown);
  assert.deepEqual(await names(page), Array.from({ length: shown + 100 }, (_, i) => `Thing ${1000 - i} Done`));
});

webTest("the filters narrow by status, type, event, user and group, and are in the address", {}, async ({ dev, page, open }) => {
  const twice = track("File Exported", "u1");
  await dev.send(twice, track("Report Generated", "u2"), identify("u1", { email: "a@b.c" }), group("g1", "u1"), track("Nobody Known"));
  await dev.send(twice);
  await open();
  await until(page, () => document.querySelectorAll(".row").length === 6);
  await page.getByRole("group", { name: "Status" }).getByRole("button", { name: /Refused/ }).click();
  await shows(page, ["Nobody Known"]);
  await page.getByRole("group", { name: "Status" }).getByRole("button", { name: /Duplicates/ }).click();
  await shows(page, ["File Exported"]);
  await page.getByRole("group", { name: "Status" }).getByRole("button", { name: /Accepted/ }).click();
  await page.locator("select").selectOption("track");
  await shows(page, ["Report Generated", "File Exported"]);
  await page.getByRole("button", { name: "More" }).click();
  await page.getByLabel("User", { exact: true }).fill("u2");
  await shows(page, ["Report Generated"]);
  assert.match(page.url(), /status=accepted.*type=track.*userId=u2/);
  await page.getByRole("button", { name: "Remove the filter User" }).click();
  await page.getByLabel("Event", { exact: true }).fill("File Exported");
  await shows(page, ["File Exported"]);
  await open("#/live?groupId=g1");
  await shows(page, ["User in group"]);
});

webTest("a filter also holds for what comes later", {}, async ({ dev, page, open }) => {
  await dev.send(track("Report Generated", "u1"));
  await open("#/live?userId=u2");
  await page.getByText("No event matches.").waitFor();
  await dev.send(track("Not Wanted Done", "u1"), track("Wanted Thing Done", "u2"));
  await shows(page, ["Wanted Thing Done"]);
});

webTest("the search looks through everything that is stored, past what is shown", {}, async ({ dev, page, open }) => {
  await dev.send(track("Needle Found", "u1", { properties: { note: "in a Haystack" } }));
  for (let i = 0; i < 30; i += 1) {
    await dev.send(...Array.from({ length: 100 }, (_, k) => track("Straw Added", `u${k}`)));
  }
  await open();
  await page.getByLabel("Search in events").fill("haystack");
  await shows(page, ["Needle Found"]);
  assert.match(page.url(), /search=haystack/);
  await page.getByLabel("Search in events").fill("");
  await until(page, () => document.querySelectorAll(".row").length >= 100);
});

webTest("older events load page by page until there are no more", {}, async ({ dev, page, open }) => {
  for (let i = 1; i <= 250; i += 50) {
    await dev.send(...Array.from({ length: 50 }, (_, k) => track(`Thing ${i + k} Done`, "u1")));
  }
  await open();
  await until(page, () => document.querySelectorAll(".row").length === 100);
  await page.getByRole("button", { name: "Load older" }).click();
  await until(page, () => document.querySelectorAll(".row").length === 200);
  await page.getByRole("button", { name: "Load older" }).click();
  await page.getByText("That is all.").waitFor();
  const expected = Array.from({ length: 250 }, (_, i) => `Thing ${250 - i} Done`);
  assert.deepEqual(await names(page), expected);
});

webTest("scrolling down holds the rows still until one is back on top", {}, async ({ dev, page, open }) => {
  await dev.send(...Array.from({ length: 100 }, (_, i) => track(`Thing ${i} Done`, "u1")));
  await open();
  await until(page, () => document.querySelectorAll(".row").length === 100);
  await page.locator("[data-list]").evaluate((list) => list.scrollTo(0, 600));
  await page.getByRole("button", { name: "Resume" }).waitFor();
  await dev.send(track("Late Thing Done", "u1"));
  await page.getByRole("button", { name: "1 new event" }).click();
  await until(page, () => document.querySelector(".row .name").textContent === "Late Thing Done" && document.querySelector("[data-list]").scrollTop === 0);
  await page.getByRole("button", { name: "Pause" }).waitFor();
});

webTest("a wrong filter in the address is told in the server's words", { errors: /400/ }, async ({ dev, page, open }) => {
  await dev.send(track("Report Generated", "u1"));
  await open("#/live?batch=many");
  await page.getByRole("alert").getByText(/batch/).waitFor();
  await page.getByText("Connected").waitFor();
  assert.equal(await page.getByText("klime dev does not answer.").count(), 0);
  await page.getByRole("button", { name: "Remove the filter Batch" }).click();
  await shows(page, ["Report Generated"]);
});
