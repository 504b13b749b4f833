import assert from "node:assert/strict";
import { shows, until, webTest } from "./support/browser.js";
import { group, track } from "./support/events.js";
import { run } from "./support/shell.js";

const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

webTest("an event opens beside the list, and the address leads to it again", {}, async ({ dev, page, open }) => {
  await dev.send(track("Report Generated", "u1", { properties: { rows: 12, format: "csv" } }));
  await open();
  await page.locator(".row").click();
  const panel = page.getByRole("complementary", { name: "Event 1" });
  await panel.getByText('"Report Generated"').waitFor();
  assert.match(page.url(), /open=1/);
  await page.reload();
  await panel.getByText('"Report Generated"').waitFor();
  await page.goBack();
  await panel.waitFor({ state: "detached" });
  await page.goForward();
  await panel.waitFor();
  await panel.getByRole("button", { name: "Close" }).click();
  await panel.waitFor({ state: "detached" });
});

webTest("the JSON is shown and copied as it was sent, to the last digit", {}, async ({ dev, page, open }) => {
  const body = `{"messageId":"6f0c1c2e-3a57-4b8c-9d6e-0f1a2b3c4d5e","type":"track","event":"Number Sent","userId":"u1","timestamp":"${new Date().toISOString()}","properties":{"big":12345678901234567890,"exact":1.10,"b":1,"a":[],"10":{"x":true}}}`;
  const headers = { "Content-Type": "application/json", Authorization: "Bearer k" };
  const answer = await fetch(`${dev.url}/v1/batch`, { method: "POST", headers, body: `{"batch":[${body}]}` });
  assert.equal(answer.status, 200);
  await open("#/live?open=1");
  const json = page.locator(".json");
  await json.getByText("12345678901234567890").waitFor();
  assert.equal((await json.textContent()).replace(/\s/g, ""), body.replace(/\s/g, ""));
  await page.getByRole("button", { name: "Copy JSON" }).click();
  await page.getByText("Copied").waitFor();
  const copied = await clipboard(page);
  assert.equal(copied.replace(/\s/g, ""), body.replace(/\s/g, ""));
  assert.match(copied, /^\{\n {2}"messageId"/);
});

webTest("copied as curl the event can be sent again, quotes and all", {}, async ({ dev, page, open }) => {
  await dev.send(track("Don't Panic Shown", "o'brien", { properties: { text: `"; $(touch x) \`y\` \\ '` } }));
  await open("#/live?open=1");
  await page.getByRole("button", { name: "Copy as curl" }).click();
  assert.match(await run(await clipboard(page)), /"accepted":1/);
  const { events } = await dev.wait({ status: "duplicate" });
  assert.equal(events[0].duplicateOf, 1);
  assert.equal(events[0].body.properties.text, `"; $(touch x) \`y\` \\ '`);
});

webTest("copied as assertion it passes when such an event is there, and fails when not", { errors: /404/ }, async ({ dev, page, open }) => {
  await dev.send(track("Report 100% & More + 'Generated'", "u 1"));
  await open("#/live?open=1");
  await page.getByRole("button", { name: "Copy as assertion" }).click();
  const command = await clipboard(page);
  assert.match(await run(command), /"matched":1/);
  await fetch(`${dev.url}/dev/reset`, { method: "POST" });
  await assert.rejects(run(command.replace("timeout=10", "timeout=1")));
});

webTest("a refused event says what was wrong and how to mend it", {}, async ({ dev, page, open }) => {
  await dev.send(track("Report Generated"));
  await open("#/live?open=1");
  const panel = page.getByRole("complementary");
  await panel.getByText("anonymous_event").waitFor();
  await panel.getByText(/needs a userId or a groupId/).waitFor();
  assert.equal(await panel.locator(".state").textContent(), "refused");
  await panel.getByText("Happened", { exact: true }).waitFor();
  const [received] = await panel.locator("dl time").last().allTextContents();
  assert.match(received, /^\d+ \w+ \d{4}, \d\d:\d\d:\d\d\.\d{3} \S+$/);
  assert.match(await panel.locator("dl").textContent(), /Batch1, event 1 of it/);
});

webTest("a duplicate leads to the first one", {}, async ({ dev, page, open }) => {
  const event = track("Report Generated", "u1");
  await dev.send(event);
  await dev.send(event);
  await open("#/live?open=2");
  await page.getByRole("link", { name: /See the first one/ }).click();
  await page.getByRole("complementary", { name: "Event 1" }).locator(".state.accepted").waitFor();
});

webTest("it says whom an event counts for and why, whenever the link came", {}, async ({ dev, page, open }) => {
  await dev.send(track("Report Generated", "u1"), track("Invoice Paid", "u2", { groupId: "g2" }));
  await open("#/live?open=1");
  await page.getByText("the user it names").waitFor();
  await dev.send(group("g2", "u2"));
  await page.getByText(/no group yet/).waitFor();
  await dev.send(group("g1", "u1", { name: "Acme Inc" }));
  await open("#/live?open=2");
  await page.getByText("because it names this group").waitFor();
  await open("#/live?open=1");
  await page.getByText("because the user is linked to it").waitFor();
  await page.getByRole("link", { name: "Acme Inc" }).click();
  await page.getByRole("heading", { name: "Acme Inc" }).waitFor();
});

webTest("from an event one gets to its batch, its user and its SDK", {}, async ({ dev, page, open }) => {
  await dev.send(track("Other Thing Done", "u2"));
  await dev.send(track("Report Generated", "u1"), track("File Exported", "u1"));
  await open("#/live?open=2");
  await page.getByRole("complementary").getByRole("link", { name: "2", exact: true }).click();
  await shows(page, ["File Exported", "Report Generated"]);
  assert.match(page.url(), /batch=2/);
  await page.locator(".row").first().click();
  await page.getByRole("complementary").getByRole("link", { name: "u1" }).first().click();
  await shows(page, ["File Exported", "Report Generated"]);
  assert.match(page.url(), /userId=u1/);
});

webTest("an event that is not there any more is told", { errors: /404/ }, async ({ page, open }) => {
  await open("#/live?open=99");
  await page.getByRole("alert").getByText("Event 99 is not stored any more").waitFor();
});

webTest("an event of 200 KB is cut until one asks for all of it", {}, async ({ dev, page, open }) => {
  const list = Array.from({ length: 1000 }, (_, i) => i);
  await dev.send(track("Everything Sent", "u1", { properties: { text: "x".repeat(150_000), list } }));
  await open("#/live?open=1");
  const more = page.getByRole("button", { name: /Show all/ });
  await more.waitFor();
  assert.ok((await page.locator(".json").textContent()).length < 20_000);
  await more.click();
  await until(page, () => document.querySelector(".json").textContent.includes("x".repeat(150_000)));
});
