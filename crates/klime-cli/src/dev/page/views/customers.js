// The customers: who is active, who went quiet. No score, only what was counted.

import { html } from "../vendor/htm-preact.module.js";
import { path, useQuery } from "../api.js";
import { Icon } from "../icons.js";
import { go, link } from "../route.js";
import { Data, ago, count, moment, plural } from "../text.js";
import { Spark } from "./charts.js";
import { Choice, Search } from "./filters.js";

const PAGE = 50;
const MODES = [
  ["companies", "Companies & Teams"],
  ["individuals", "Individual Customers"],
];
const STATES = [
  ["", "All"],
  ["active", "Active"],
  ["quiet", "Quiet"],
  ["idle", "Idle"],
];
const MEANINGS = {
  active: "events in the last 7 days",
  quiet: "had events in the last 30 days, but none in the last 7",
  idle: "no events in the last 30 days",
};
const COLUMNS = [
  ["name", "Customer"],
  ["events7", "7 days"],
  ["events30", "30 days"],
  [null, "30-day trend, each to its own scale"],
  ["members", "Members"],
  ["lastSeen", "Last seen"],
];

export function Customers({ hub, route }) {
  const { mode, search, state, sort = "lastSeen", offset = "0" } = route.params;
  const { data, error } = useQuery(path("/dev/customers", { mode, search, state, sort, offset, limit: PAGE }), hub.beat);
  const change = (fields, replace = false) => go(link("customers", null, { ...route.params, offset: undefined, ...fields }), replace);
  const shown = data?.mode ?? mode;
  return html`<section class="view customers">
    <div class="head">
      <h1>Customers</h1>
      <${Choice} name="Analytics mode" options=${MODES} value=${shown} onChange=${(value) => change({ mode: value, sort: undefined })} />
    </div>
    <div class="filters" role="search" aria-label="Filter the customers">
      <${Search} value=${search ?? ""} label="Search by id, name or e-mail" onChange=${(text) => change({ search: text }, true)} />
      <${Choice} name="State" options=${STATES} value=${state ?? ""} onChange=${(value) => change({ state: value })} />
    </div>
    ${error && html`<p class="problem" role="alert">${error.message}</p>`}
    ${data?.eventsMissing > 0 && html`<p class="muted">${plural(data.eventsMissing, "older event")} had to go before the last restart and ${data.eventsMissing === 1 ? "is" : "are"} not counted here.</p>`}
    <div class="list">
      ${data && (data.customers.length > 0 ? html`<${Table} ...${{ data, sort, route, change }} />` : html`<${None} mode=${shown} filtered=${Boolean(search || state)} />`)}
      ${data && html`<${Pages} total=${data.total} offset=${Number(offset)} onChange=${(value) => change({ offset: value })} />`}
    </div>
  </section>`;
}

function Table({ data, sort, route, change }) {
  const columns = COLUMNS.filter(([key]) => data.mode === "companies" || key !== "members");
  return html`<table class=${`grid ${data.mode}`}>
    <thead>
      <tr>
        ${columns.map(
          ([key, label]) => html`<th key=${label} scope="col" class=${key ?? "trend"} aria-sort=${key === sort ? (key === "name" ? "ascending" : "descending") : undefined}>
            ${key ? html`<button type="button" onClick=${() => change({ sort: key === "lastSeen" ? undefined : key })}>${label}${key === sort && html`<${Icon} name="down" />`}</button>` : label}
          </th>`,
        )}
      </tr>
    </thead>
    <tbody>${data.customers.map((customer) => html`<${Line} key=${customer.id} ...${{ customer, data, route }} />`)}</tbody>
  </table>`;
}

function Line({ customer, data, route }) {
  const href = link("customers", customer.id, { mode: route.params.mode ?? (data.modeIsGiven ? undefined : data.mode) });
  return html`<tr>
    <th scope="row" class="name">
      <a href=${href} data-row=${customer.id}><${State} state=${customer.state} /><${CustomerName} customer=${customer} /></a>
    </th>
    <td class="events7 num">${count(customer.events7)}</td>
    <td class="events30 num">${count(customer.events30)}</td>
    <td class="trend"><${Spark} values=${customer.trend} label=${trendLabel(customer)} /></td>
    ${data.mode === "companies" && html`<td class="members num">${count(customer.members)}</td>`}
    <td class="lastSeen"><${Seen} time=${customer.lastSeen} /></td>
  </tr>`;
}

export function CustomerName({ customer }) {
  const email = typeof customer.traits?.email === "string" ? customer.traits.email : undefined;
  const beside = [customer.id, email].filter((text) => text !== undefined && text !== customer.name);
  return html`<span class="names">
    <${Data} class="name" value=${customer.name ?? customer.id} max=${120} />
    ${customer.name !== undefined && html`<span class="sub">${beside.map((text) => html`<${Data} key=${text} value=${text} max=${80} />`)}</span>`}
  </span>`;
}

/** A word, a shape and a colour for it: no one of them is needed to understand the others. */
export function State({ state }) {
  return html`<span class=${`presence ${state}`} title=${MEANINGS[state]}><i aria-hidden="true"></i><span>${state}</span></span>`;
}

export function Seen({ time }) {
  if (time === undefined) return html`<span class="muted">never</span>`;
  return html`<time datetime=${time} title=${moment(time)}>${ago(time)}</time>`;
}

export function trendLabel(customer) {
  return `${plural(customer.events30, "event")} in 30 days, ${count(customer.events7)} in the last 7`;
}

function None({ mode, filtered }) {
  if (filtered) return html`<div class="nothing"><p>No customer matches.</p></div>`;
  if (mode === "individuals") {
    return html`<div class="nothing"><p>No user yet.</p><p class="muted">Every user that an event names shows up here; <code>identify()</code> gives a name and an e-mail address.</p></div>`;
  }
  return html`<div class="nothing">
    <p>No company yet.</p>
    <p class="muted"><code>group()</code> links a user to a company. If your customers are single people, switch to Individual Customers above.</p>
  </div>`;
}

function Pages({ total, offset, onChange }) {
  const end = Math.min(offset + PAGE, total);
  if (total === 0) return null;
  return html`<nav class="end pages" aria-label="Pages">
    <button type="button" class="button small" disabled=${offset === 0} onClick=${() => onChange(Math.max(0, offset - PAGE) || undefined)}>Back</button>
    <span>${count(offset + 1)} to ${count(end)} of ${count(total)}</span>
    <button type="button" class="button small" disabled=${end >= total} onClick=${() => onChange(end)}>Next</button>
  </nav>`;
}
