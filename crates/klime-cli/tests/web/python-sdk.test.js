// The official Python SDK, as it is on PyPI, against `klime dev`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { KlimeDev } from "./support/klime-dev.js";

const SCRIPT = fileURLToPath(new URL("support/python_sdk.py", import.meta.url));
const execute = promisify(execFile);

function pythonTest(name, args, body) {
  test(name, async () => {
    const dev = await KlimeDev.start(args);
    const run = async (scenario) => {
      if (!process.env.KLIME_PYTHON) throw new Error("KLIME_PYTHON must name a Python that has the SDK; scripts/test-web sets it");
      const { stdout } = await execute(process.env.KLIME_PYTHON, [SCRIPT, dev.url, scenario], { timeout: 60_000 });
      return JSON.parse(stdout);
    };
    try {
      await body(dev, run);
    } finally {
      await dev.stop();
    }
  });
}

pythonTest("track, identify and group arrive, and count for the company", [], async (dev, run) => {
  assert.deepEqual(await run("all"), { responses: [{ accepted: 4, failed: 0 }], errors: [] });
  const { events } = await dev.wait({ status: "accepted" }, 4);
  assert.deepEqual(events.map((event) => event.type), ["track", "identify", "group", "track"]);
  assert.deepEqual(events[0].library, { name: "python-sdk", version: "1.1.0" });
  const acme = await dev.get("/dev/customers/org_456");
  assert.equal(acme.name, "Acme Inc");
  assert.equal(acme.events7, 2, "the track from before the link counts too");
  assert.equal(acme.memberList[0].traits.email, "user@example.com");
});

pythonTest("the calls that wait get klime dev's answer", [], async (dev, run) => {
  assert.deepEqual(await run("sync"), { track: { accepted: 1, failed: 0 }, identify: { accepted: 1, failed: 0 }, group: { accepted: 1, failed: 0 } });
  await dev.wait({ status: "accepted" }, 3);
});

pythonTest("an event that nobody did is refused, the others of its batch are taken", [], async (dev, run) => {
  const { responses } = await run("anonymous");
  assert.equal(responses.length, 1);
  assert.equal(responses[0].accepted, 2);
  assert.equal(responses[0].failed, 1);
  assert.equal(responses[0].errors[0].index, 1);
  assert.equal(responses[0].errors[0].code, "anonymous_event");
});

pythonTest("a partial refusal on demand reaches the SDK", ["--fault", "partial,share=0.5,count=1"], async (dev, run) => {
  const { responses } = await run("all");
  assert.equal(responses[0].accepted, 2);
  assert.equal(responses[0].failed, 2);
  assert.deepEqual([...new Set(responses[0].errors.map((error) => error.code))], ["fault_injected"]);
});

for (const fault of ["503,count=2", "429,retry-after=1,count=1", "reset,count=2", "slow=200ms,count=1"]) {
  pythonTest(`the SDK gets its events through ${fault}`, ["--fault", fault], async (dev, run) => {
    const { responses, errors } = await run("all");
    assert.deepEqual(errors, []);
    assert.equal(responses[0].accepted, 4);
    const { events } = await dev.get("/dev/stats");
    assert.equal(events.accepted, 4);
    assert.equal(events.duplicate, 0);
  });
}

pythonTest("an answer that got lost makes duplicates, which are counted once", ["--fault", "lost-answer,count=1"], async (dev, run) => {
  assert.equal((await run("all")).responses[0].accepted, 4);
  const { events } = await dev.get("/dev/stats");
  assert.equal(events.accepted, 4);
  assert.equal(events.duplicate, 4);
});

pythonTest("a wrong key is refused for good", ["--key", "the-right-one"], async (dev, run) => {
  const { responses, errors } = await run("all");
  assert.deepEqual(responses, []);
  assert.equal(errors.length, 1);
  const { batches } = await dev.get("/dev/batches");
  assert.deepEqual(batches.map((batch) => batch.status), [401]);
});
