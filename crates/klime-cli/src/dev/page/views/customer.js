// One customer: how it has been lately, who belongs to it, what is known of it, what it does.

import { html } from "../vendor/htm-preact.module.js";
import { path, useQuery } from "../api.js";
import { Icon } from "../icons.js";
import { link, segment } from "../route.js";
import { Data, ago, count, plural } from "../text.js";
import { Bars } from "./charts.js";
import { CustomerName, Seen, State } from "./customers.js";
import { Rows } from "./row.js";

const RECENT = 30;
const DAY = 86_400;

export function Customer({ hub, route }) {
  const { id } = route;
  const { mode } = route.params;
  const { data, error } = useQuery(path(`/dev/customers/${segment(id)}`, { mode }), hub.beat);
  const shown = mode ?? data?.mode;
  const recent = useQuery(data ? path("/dev/events", { customer: id, mode: shown, limit: RECENT }) : null, hub.beat);
  return html`<section class="view scroll customer">
    <div class="head">
      <a class="button ghost icon-only" href=${link("customers", null, { mode })} aria-label="All customers" title="All customers"><${Icon} name="back" /></a>
      <h1><${Data} value=${data?.name ?? id} max=${120} /></h1>
      ${data && html`<${State} state=${data.state} />`}
    </div>
    ${error && html`<p class="problem" role="alert">${error.status === 404 ? "No event of this customer has come." : error.message}</p>`}
    ${data && html`<${Body} ...${{ customer: data, mode: shown, recent: recent.data, route }} />`}
  </section>`;
}

function Body({ customer, mode, recent, route }) {
  return html`
    <div class="cards">
      <${Figure} label="Last 7 days" value=${count(customer.events7)} sub=${change(customer)} />
      <${Figure} label="Last 30 days" value=${count(customer.events30)} sub=${plural(customer.eventsTotal, "event") + " in all"} />
      <${Figure} label="Last seen" value=${html`<${Seen} time=${customer.lastSeen} />`} sub=${customer.firstSeen ? `first ${ago(customer.firstSeen)}` : "no track yet"} />
      ${mode === "companies" && html`<${Figure} label="Members" value=${count(customer.members)} sub=${plural(activeOf(customer), "member") + " active in 30 days"} />`}
    </div>
    <section class="card" aria-labelledby="trend">
      <h2 id="trend">Events per day <span class="muted">30 days, UTC</span></h2>
      <${Bars} height=${160} whole="30 days" at=${day} times=${days(customer.trend.length)} label=${`${plural(customer.events30, "event")} in 30 days`}
        series=${[{ label: "Events", colour: "--accent", values: customer.trend }]} />
    </section>
    <div class="columns">
      <div>
        ${mode === "companies" ? html`<${Members} customer=${customer} />` : html`<${Groups} customer=${customer} />`}
        <${Names} names=${customer.names} id=${customer.id} mode=${mode} />
      </div>
      <${Traits} traits=${customer.traits} id=${customer.id} mode=${mode} />
    </div>
    <section class="card flush" aria-labelledby="recent">
      <h2 id="recent">Latest events <a class="more" href=${link("live", null, { customer: customer.id, mode })}>All of them</a></h2>
      ${recent && html`<${Rows} events=${recent.events} route=${route} label="Latest events" />`}
      ${recent?.events.length === 0 && html`<p class="muted">None is stored.</p>`}
    </section>`;
}

function Figure({ label, value, sub }) {
  return html`<div class="card figure"><span class="label">${label}</span><b>${value}</b><span class="sub">${sub}</span></div>`;
}

// Two counts side by side, and no judgement.
function change(customer) {
  const before = customer.trend.slice(-14, -7).reduce((total, day) => total + day, 0);
  return `${count(before)} in the 7 days before`;
}

function activeOf(customer) {
  return (customer.memberList ?? []).filter((member) => member.events30 > 0).length;
}

function day(seconds) {
  return new Date(seconds * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
}

function days(length) {
  const today = Math.floor(Date.now() / 1000 / DAY) * DAY;
  return Array.from({ length }, (_, i) => today - (length - 1 - i) * DAY);
}

function Members({ customer }) {
  const members = customer.memberList ?? [];
  return html`<section class="card" aria-labelledby="members">
    <h2 id="members">Members <span class="muted">${count(customer.members)}</span></h2>
    ${members.length === 0 && html`<p class="muted">None: no <code>group()</code> has linked a user to it.</p>`}
    <ul class="plain-list people">
      ${members.map(
        (member) => html`<li key=${member.id}>
          <a href=${link("customers", member.id, { mode: "individuals" })}><${CustomerName} customer=${member} /></a>
          <span class="num">${plural(member.events30, "event")}</span><${Seen} time=${member.lastSeen} />
        </li>`,
      )}
    </ul>
  </section>`;
}

function Groups({ customer }) {
  const groups = customer.groups ?? [];
  return html`<section class="card" aria-labelledby="groups">
    <h2 id="groups">Groups</h2>
    ${groups.length === 0 && html`<p class="muted">Linked to none.</p>`}
    <ul class="plain-list">
      ${groups.map((group) => html`<li key=${group.id}><a href=${link("customers", group.id, { mode: "companies" })}><${CustomerName} customer=${group} /></a></li>`)}
    </ul>
  </section>`;
}

function Names({ names, id, mode }) {
  const most = Math.max(1, ...names.map((name) => name.count));
  return html`<section class="card" aria-labelledby="does">
    <h2 id="does">Event names</h2>
    ${names.length === 0 && html`<p class="muted">No track yet.</p>`}
    <ol class="bars">
      ${names.map(
        ({ event, count: times }) => html`<li key=${event}>
          <a href=${link("live", null, { customer: id, mode, event })}>
            <span class="bar-label"><${Data} value=${event} max=${120} /></span><span class="bar-value">${count(times)}</span>
            <span class="bar" style=${{ width: `${(100 * times) / most}%` }}></span>
          </a>
        </li>`,
      )}
    </ol>
  </section>`;
}

function Traits({ traits, id, mode }) {
  const entries = Object.entries(traits ?? {});
  const call = mode === "companies" ? "group()" : "identify()";
  return html`<section class="card" aria-labelledby="traits">
    <h2 id="traits">Traits</h2>
    <dl class="traits">
      <div><dt>id</dt><dd class="mono"><${Data} value=${id} /></dd></div>
      ${entries.map(([key, value]) => html`<div key=${key}><dt><${Data} value=${key} max=${80} /></dt><dd><${Data} value=${typeof value === "string" ? value : JSON.stringify(value)} /></dd></div>`)}
    </dl>
    ${entries.length === 0 && html`<p class="muted">None: <code>${call}</code> sets them.</p>`}
  </section>`;
}
