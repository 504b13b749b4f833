import assert from "node:assert/strict";
import { until, webTest } from "./support/browser.js";
import { track } from "./support/events.js";

webTest("resetting asks first, then forgets everything", {}, async ({ dev, page, open }) => {
  await dev.send(track("Report Generated", "u1"));
  await open("#/overview");
  await page.getByText(/^1 of at most/).waitFor();
  await page.getByRole("button", { name: "Forget all…" }).click();
  await until(page, () => document.activeElement.textContent === "Cancel");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal((await dev.get("/dev/stats")).events.stored, 1);
  await page.getByRole("button", { name: "Forget all…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Forget everything" }).click();
  await until(page, () => /Stored0 of at most/.test(document.querySelector("main").textContent));
  await page.getByRole("link", { name: "Live", exact: false }).first().click();
  assert.deepEqual((await dev.get("/dev/events?status=all")).events, []);
  assert.equal(await page.locator(".row").count(), 0);
});

webTest("the export holds the accepted events as they were sent", {}, async ({ dev, page, open }) => {
  const event = track("Report Generated", "u1", { properties: { rows: 3 } });
  await dev.send(event, track("Nobody Known"));
  await open("#/overview");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export accepted events" }).click()]);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  assert.deepEqual(Buffer.concat(chunks).toString().trim().split("\n").map((line) => JSON.parse(line)), [event]);
});

webTest("the export of the live events is of the filter, its status too", {}, async ({ dev, page, open }) => {
  const refused = track("Nobody Known");
  await dev.send(track("Report Generated", "u1"), refused);
  await open("#/live?status=refused");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export" }).click()]);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  assert.deepEqual(JSON.parse(Buffer.concat(chunks).toString()), refused);
});
