// The whole at a glance: what arrives, how it is taken, from which SDKs, by which names.

import { html } from "../vendor/htm-preact.module.js";
import { link } from "../route.js";
import { Data, ago, clock, count, plural, zone } from "../text.js";
import { Bars, isCut } from "./charts.js";
import { Kept } from "./data.js";

export function Overview({ hub, stats }) {
  if (!stats) return html`<section class="view"><div class="head"><h1>Overview</h1></div></section>`;
  return html`<section class="view scroll">
    <div class="head"><h1>Overview</h1><p class="muted">started ${ago(stats.startedAt)}</p></div>
    <div class="cards">
      <${Figure} label="Accepted" value=${stats.events.accepted} href=${link("live", null, { status: "accepted" })}>
        ${count(stats.byType.track)} track · ${count(stats.byType.identify)} identify · ${count(stats.byType.group)} group
      <//>
      <${Figure} label="Refused" level=${stats.events.refused > 0 ? "error" : ""} value=${stats.events.refused} href=${link("live", null, { status: "refused" })}>
        ${stats.events.refused > 0 ? "each says what was wrong" : "nothing was wrong so far"}
      <//>
      <${Figure} label="Duplicates" level=${stats.events.duplicate > 0 ? "warning" : ""} value=${stats.events.duplicate} href=${link("live", null, { status: "duplicate" })}>
        by message id, counted once
      <//>
      <${Figure} label="Customers" value=${stats.mode === "individuals" ? stats.customers.users : stats.customers.groups} href=${link("customers")}>
        ${plural(stats.customers.groups, "group")}, ${plural(stats.customers.users, "user")}
      <//>
      <${Figure} label="Batches" level=${stats.batches.refused > 0 ? "error" : ""} value=${stats.batches.total} href=${link("batches")}>
        ${count(stats.batches.refused)} refused as a whole, ${count(stats.batches.failed)} failed by a fault
      <//>
    </div>
    <${PerMinute} minutes=${stats.perMinute} />
    <div class="columns">
      <${Names} names=${stats.names} total=${stats.byType.track} />
      <div>
        <${Libraries} libraries=${stats.libraries} />
        <${Kept} hub=${hub} stats=${stats} />
      </div>
    </div>
  </section>`;
}

function Figure({ label, value, level = "", href, children }) {
  return html`<a class=${`card figure ${level}`} href=${href}>
    <span class="label">${label}</span><b>${count(value)}</b><span class="sub">${children}</span>
  </a>`;
}

function PerMinute({ minutes }) {
  const sum = (key) => minutes.reduce((total, minute) => total + minute[key], 0);
  const series = [
    { label: "Refused", colour: "--red", values: minutes.map((minute) => minute.refused) },
    { label: "Duplicates", colour: "--amber", values: minutes.map((minute) => minute.duplicate) },
    { label: "Accepted", colour: "--accent", values: minutes.map((minute) => minute.accepted) },
  ];
  const sums = minutes.map((minute) => minute.refused + minute.duplicate + minute.accepted);
  const label = `Events per minute in the last hour: ${count(sum("accepted"))} accepted, ${count(sum("duplicate"))} duplicates, ${count(sum("refused"))} refused`;
  return html`<section class="card" aria-labelledby="per-minute">
    <h2 id="per-minute">Events per minute <span class="muted">the last hour, ${zone()}${isCut(sums) ? `; the highest bar, ${count(Math.max(...sums))}, is cut off` : ""}</span></h2>
    <${Bars} whole="the last hour" times=${minutes.map((minute) => Date.parse(minute.minute) / 1000)} at=${(seconds) => clock(seconds * 1000).slice(0, 5)} series=${series} label=${label} />
  </section>`;
}

function Names({ names, total }) {
  const most = Math.max(1, ...names.map((name) => name.count));
  return html`<section class="card" aria-labelledby="top-names">
    <h2 id="top-names">Event names <span class="muted">${plural(names.length, "name")}${names.length === 100 ? ", the most frequent" : ""}</span></h2>
    ${names.length === 0 && html`<p class="muted">No track has arrived yet.</p>`}
    <ol class="bars">
      ${names.map(
        ({ event, count: times }) => html`<li key=${event}>
          <a href=${link("live", null, { event, type: "track" })}>
            <span class="bar-label"><${Data} value=${event} max=${120} /></span>
            <span class="bar-value">${count(times)}<span class="muted"> ${share(times, total)}</span></span>
            <span class="bar" style=${{ width: `${(100 * times) / most}%` }}></span>
          </a>
        </li>`,
      )}
    </ol>
  </section>`;
}

function share(part, whole) {
  if (whole === 0) return "";
  const percent = (100 * part) / whole;
  return percent < 1 ? "<1%" : `${Math.round(percent)}%`;
}

function Libraries({ libraries }) {
  return html`<section class="card" aria-labelledby="sdks">
    <h2 id="sdks">SDKs seen</h2>
    ${libraries.length === 0 && html`<p class="muted">None has said its name yet.</p>`}
    <ul class="plain-list">
      ${libraries.map(
        ({ name, version, count: times }) => html`<li key=${`${name} ${version}`}>
          <a href=${link("live", null, { library: name })}><${Data} value=${name} max=${60} /> <span class="muted"><${Data} value=${version} max=${40} /></span></a><span>${count(times)}</span>
        </li>`,
      )}
    </ul>
  </section>`;
}
