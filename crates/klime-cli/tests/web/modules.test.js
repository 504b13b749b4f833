// The page's modules without the page: loaded in the browser, given what is hard to bring about otherwise.

import assert from "node:assert/strict";
import { webTest } from "./support/browser.js";

webTest("JSON is read token by token and keeps every character", {}, async ({ page, open }) => {
  await open();
  const text = `{"a":[1,-2.50e+10,{}],"":"\\u0000\\"\\\\ \\ud83d","a":[[],{"b":null}],"t":true,"f":false}`;
  const shown = await page.evaluate(async (json) => {
    const { pretty, tokens, member, lines } = await import("/assets/json.js");
    return {
      pretty: pretty(json),
      tight: tokens(json).map((token) => token.text).join(""),
      broken: ["{", '{"a":}', "[1,,", "tru", '"open', "\u0000"].map((broken) => Array.isArray(tokens(broken)) && pretty(broken).length >= 0),
      member: member(`{"x":{"body":1}, "body" : {"n":10000000000000000001} ,"body2":2}`, "body"),
      none: member("[]", "body"),
      kinds: lines('{"k":"s"}').flatMap((line) => line.parts.map((part) => part.kind)),
    };
  }, text);
  assert.equal(shown.tight, text);
  assert.equal(JSON.stringify(JSON.parse(shown.pretty)), JSON.stringify(JSON.parse(text)));
  assert.match(shown.pretty, /-2\.50e\+10/);
  assert.equal(shown.pretty.split("\n")[1], '  "a": [');
  assert.deepEqual(shown.broken, [true, true, true, true, true, true]);
  assert.equal(shown.member, '{"n":10000000000000000001}');
  assert.equal(shown.none, null);
  assert.deepEqual(shown.kinds, ["mark", "key", "mark", "string", "mark"]);
});

webTest("the tail is bounded, has no hole, and holds still while held", {}, async ({ page, open }) => {
  await open();
  const seen = await page.evaluate(async () => {
    const { Tail, WINDOW } = await import("/assets/tail.js");
    const rows = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => ({ seq: from + i }));
    const ends = (tail) => [tail.rows.length, tail.rows[0]?.seq, tail.rows.at(-1)?.seq, tail.cursor()];
    const seen = { WINDOW };
    const tail = new Tail();
    tail.clear(11);
    tail.push(rows(11, 15));
    seen.first = ends(tail);
    tail.append(11, rows(1, 10).reverse(), null);
    seen.whole = ends(tail);
    tail.append(11, rows(1, 10).reverse(), null);
    seen.again = ends(tail);
    tail.push(rows(14, 16));
    seen.repeated = ends(tail);
    tail.hold();
    tail.push(rows(17, 18));
    seen.held = [...ends(tail), tail.unseen];
    tail.release();
    seen.released = ends(tail);
    tail.push(rows(19, 18 + WINDOW));
    seen.full = ends(tail);
    tail.skip(1000);
    tail.push(rows(2000, 2004));
    seen.jumped = [...ends(tail), tail.skipped, tail.hollow()];
    tail.hold();
    tail.push(rows(2005, 2010));
    tail.skip(90);
    tail.push(rows(2101, 2102));
    tail.release();
    seen.jumpedHeld = ends(tail);
    tail.hold();
    tail.push(rows(2103, 2103 + WINDOW + 5));
    seen.manyHeld = tail.unseen;
    tail.release();
    seen.many = ends(tail);
    return seen;
  });
  const { WINDOW } = seen;
  assert.deepEqual(seen.first, [5, 15, 11, 11]);
  assert.deepEqual(seen.whole, [15, 15, 1, null]);
  assert.deepEqual(seen.again, [15, 15, 1, null], "a page that was asked for twice counts once");
  assert.deepEqual(seen.repeated, [16, 16, 1, null]);
  assert.deepEqual(seen.held, [16, 16, 1, null, 2]);
  assert.deepEqual(seen.released, [18, 18, 1, null]);
  assert.deepEqual(seen.full, [WINDOW, 18 + WINDOW, 19, 19]);
  assert.deepEqual(seen.jumped, [5, 2004, 2000, 2000, 1000, true]);
  assert.deepEqual(seen.jumpedHeld, [2, 2102, 2101, 2101]);
  assert.equal(seen.manyHeld, WINDOW + 6);
  assert.deepEqual(seen.many, [WINDOW, 2108 + WINDOW, 2109, 2109]);
});

webTest("server-sent events are read whatever the pieces they come in", {}, async ({ page, open }) => {
  await open();
  const text = ": hello\n\nid: 7\nevent: event\ndata: {\"a\":\ndata: \"ü\"}\n\nevent: stats\ndata: {}\n\n: keep\n\nid: 8\ndata: cut off";
  const read = await page.evaluate(async (sent) => {
    const { frames } = await import("/assets/sse.js");
    const bytes = new TextEncoder().encode(sent);
    const inPieces = async (size) => {
      const stream = new ReadableStream({
        start(controller) {
          for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
          controller.close();
        },
      });
      const found = [];
      for await (const list of frames(stream, new AbortController().signal)) found.push(...list);
      return found;
    };
    return Promise.all([1, 2, 3, 7, 1000].map(inPieces));
  }, text);
  for (const found of read) {
    assert.deepEqual(found, [
      { id: 7, event: "event", data: '{"a":\n"ü"}' },
      { id: null, event: "stats", data: "{}" },
    ]);
  }
});

webTest("routes are read back as they were written", {}, async ({ page, open }) => {
  await open();
  const routes = await page.evaluate(async () => {
    const { link, parse } = await import("/assets/route.js");
    const back = (id, params) => parse(link("customers", id, params));
    return [back("a/b?c#d%zz&e=f", { mode: "companies", search: "x&y=z #%" }), back("..", {}), parse("#/nowhere/x"), parse(""), parse("#/customers/%zz")];
  });
  assert.deepEqual(routes[0], { view: "customers", id: "a/b?c#d%zz&e=f", params: { mode: "companies", search: "x&y=z #%" } });
  assert.equal(routes[1].id, "..");
  assert.equal(routes[2].view, "live");
  assert.equal(routes[3].view, "live");
  assert.equal(routes[4].id, "%zz");
});
