// Faults on demand, to see how the app takes them.

import { html, useState } from "../vendor/htm-preact.module.js";
import { send } from "../api.js";
import { Icon } from "../icons.js";
import { count } from "../text.js";
import { ClearFaults, sentence } from "./fault-list.js";

// What each kind asks for: name, label, type, default, bounds.
const RATE = ["rate", "Of the requests, %", 100, 1, 100];
const COUNT = ["count", "How many times", "", 1, 1_000_000];
const KINDS = [
  ["rate-limit", "Rate limited", "429 with Retry-After: the SDK must wait", { kind: "status", status: 429 }, [["retryAfter", "Retry-After, s", 2, 0, 3600]]],
  ["status", "Server error", "503 or another status: the SDK must retry or give up", { kind: "status" }, [["status", "Status", 503, 400, 599]]],
  ["partial", "Partial refusal", "200, but some events of each batch are refused", { kind: "partial" }, [["share", "Of the events, %", 50, 1, 100]]],
  ["slow", "Slow", "the answer takes its time", { kind: "slow" }, [["delayMs", "Delay, ms", 1000, 1, 600_000]]],
  ["hang", "Hang", "the answer never comes, and nothing is taken", { kind: "hang" }, []],
  ["reset", "Broken connection", "the connection is reset, and nothing is taken", { kind: "reset" }, []],
  ["lost_answer", "Lost answer", "taken, then the connection breaks: the retry is a duplicate", { kind: "lost_answer" }, []],
];

export function Faults({ hub, stats }) {
  const faults = stats?.faults ?? [];
  return html`<section class="view scroll faults">
    <div class="head"><h1>Faults</h1><p class="muted">how does the app take it when Klime is ill?</p></div>
    <${Active} hub=${hub} faults=${faults} />
    <${Switch} hub=${hub} />
  </section>`;
}

function Active({ hub, faults }) {
  if (faults.length === 0) return html`<p class="lead"><${Icon} name="ok" class="ok" /> No fault is on: every request is answered as it should be.</p>`;
  return html`<section class="card" aria-labelledby="active-faults">
    <h2 id="active-faults">On <span class="muted">${count(faults.length)}</span> <${ClearFaults} hub=${hub} label="Switch all off" /></h2>
    <ul class="plain-list">${faults.map((fault, i) => html`<li key=${i}><span>klime dev ${sentence(fault)}</span></li>`)}</ul>
    <p class="muted">Of several, the first that applies to a request is taken.</p>
  </section>`;
}

function Switch({ hub }) {
  const [chosen, choose] = useState("rate-limit");
  const [error, setError] = useState(null);
  const [, , , base, fields] = KINDS.find(([name]) => name === chosen);
  const submit = async (event) => {
    event.preventDefault();
    try {
      await send("POST", "/dev/fault", { ...base, ...read(event.target) });
      setError(null);
      hub.beatSoon();
    } catch (failure) {
      setError(failure.message);
    }
  };
  return html`<form class="card switch" onSubmit=${submit} aria-labelledby="new-fault">
    <h2 id="new-fault">Switch one on</h2>
    <fieldset class="kinds">
      <legend class="unseen">Kind</legend>
      ${KINDS.map(
        ([name, label, what]) => html`<label key=${name} class=${name === chosen ? "chosen" : ""}>
          <input type="radio" name="fault" value=${name} checked=${name === chosen} onChange=${() => choose(name)} />
          <b>${label}</b><span>${what}</span>
        </label>`,
      )}
    </fieldset>
    <div class="fields">${[...fields, RATE, COUNT].map(([name, ...rest]) => html`<${Field} key=${`${chosen} ${name}`} name=${name} spec=${rest} />`)}</div>
    ${error && html`<p class="problem" role="alert">${error}</p>`}
    <button class="button primary">Switch on</button>
  </form>`;
}

function Field({ name, spec: [label, initial, least, most] }) {
  return html`<label>
    <span>${label}</span>
    <input name=${name} type="number" inputmode="numeric" min=${least} max=${most} step="1" defaultValue=${initial} required=${initial !== ""} placeholder=${initial === "" ? "without end" : ""} />
  </label>`;
}

// The API's rates and shares go from 0 to 1.
function read(form) {
  const fields = {};
  for (const input of form.querySelectorAll('input[type="number"]')) {
    if (input.value !== "") fields[input.name] = ["rate", "share"].includes(input.name) ? Number(input.value) / 100 : Number(input.value);
  }
  if (fields.rate === 1) delete fields.rate;
  return fields;
}
