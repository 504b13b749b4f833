import assert from "node:assert/strict";
import { test } from "node:test";
import { names, shows, until, withPage } from "./support/browser.js";
import { track } from "./support/events.js";
import { KlimeDev } from "./support/klime-dev.js";
import { Proxy } from "./support/proxy.js";

const GONE = { errors: /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/ };

test("when klime dev is restarted the page says so, and shows what it holds then", async () => {
  let dev = await KlimeDev.start();
  try {
    await withPage(GONE, dev, async ({ page, open }) => {
      await dev.send(track("Old Thing Done", "u1"), track("Old Thing Done", "u1"));
      await open();
      await shows(page, ["Old Thing Done", "Old Thing Done"]);
      await dev.stop();
      await page.getByText("klime dev does not answer.").waitFor();
      dev = await dev.restarted();
      await page.getByText("klime dev was restarted.").waitFor();
      await page.getByText("klime dev does not answer.").waitFor({ state: "detached" });
      await dev.send(track("New Thing Done", "u1"));
      await shows(page, ["New Thing Done"]);
    });
  } finally {
    await dev.stop();
  }
});

test("a connection that broke goes on where it was, without a hole and without a repeat", async () => {
  const dev = await KlimeDev.start();
  const proxy = await Proxy.before(dev);
  try {
    await withPage(GONE, dev, async ({ page, open }) => {
      await dev.send(track("First Thing Done", "u1"));
      await open("#/live", proxy.url);
      await shows(page, ["First Thing Done"]);
      await proxy.cut();
      await page.getByText("klime dev does not answer.").waitFor();
      for (const view of ["Overview", "Checks", "Customers", "Batches", "Live"]) {
        await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: view }).click();
        await page.getByRole("heading", { level: 1, name: view }).waitFor();
        assert.equal(await page.locator(".problem").count(), 0, view);
      }
      await dev.send(...Array.from({ length: 20 }, (_, i) => track(`Thing ${i} Done`, "u1")));
      await proxy.open();
      await until(page, () => document.querySelectorAll(".row").length === 21);
      await page.getByText("klime dev does not answer.").waitFor({ state: "detached" });
      assert.equal(new Set(await names(page)).size, 21);
      assert.equal(await page.getByText("klime dev was restarted.").count(), 0);
    });
  } finally {
    await proxy.cut();
    await dev.stop();
  }
});
