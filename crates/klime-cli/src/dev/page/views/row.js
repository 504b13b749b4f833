// One event as a line: when, what, who, and what became of it.

import { Component, html } from "../vendor/htm-preact.module.js";
import { link } from "../route.js";
import { Data, clock, day, moment, short, zone } from "../text.js";

const PREVIEWED = 4;

// An event that is so late shows when it happened.
const LATE_MS = 60_000;

/** The lines; the open one is marked, and one of them is in the tab order. */
export function Rows({ events, route, label }) {
  const open = route.params.open;
  const reachable = events.some((event) => String(event.seq) === open) ? open : String(events[0]?.seq);
  return html`${events.length > 0 && html`<${Heads} />`}<ol class="rows" aria-label=${label}>
    ${events.map((event) => {
      const seq = String(event.seq);
      const href = link(route.view, route.id, { ...route.params, open: seq });
      return html`<${Row} key=${seq} event=${event} href=${href} open=${seq === open} reachable=${seq === reachable} />`;
    })}
  </ol>`;
}

function Heads() {
  return html`<div class="heads" aria-hidden="true">
    <span title="When klime dev received it, on your clock">Received, ${zone()}</span><span>Type</span><span class="what">Event</span><span class="who">User and groups</span><span class="outcome">SDK or outcome</span>
  </div>`;
}

// An event never changes, so its line is drawn again only when it is opened, closed or filtered otherwise.
class Row extends Component {
  shouldComponentUpdate(next) {
    const { href, open, reachable } = this.props;
    return next.href !== href || next.open !== open || next.reachable !== reachable;
  }

  render({ event, href, open, reachable }) {
    return html`<li>
      <a
        class=${`row ${event.status}`}
        href=${href}
        data-row=${event.seq}
        data-seq=${event.seq}
        aria-current=${open ? "true" : undefined}
        tabindex=${reachable ? undefined : "-1"}
      >
        <time datetime=${event.receivedAt} title=${`Received ${moment(event.receivedAt)}`}>${clock(event.receivedAt)}</time>
        <${Kind} type=${event.type} />
        <span class="what"><${Title} event=${event} /><${Earlier} event=${event} /><span class="preview">${preview(event)}</span></span>
        <${Who} event=${event} />
        <${Outcome} event=${event} />
      </a>
    </li>`;
  }
}

export function Kind({ type }) {
  const known = ["track", "identify", "group"].includes(type);
  return html`<span class=${`kind ${known ? type : "unknown"}`}>${known ? type : html`<${Data} value=${type ?? "no type"} max=${20} />`}</span>`;
}

/** The name of a track; what the two others are about. */
export function Title({ event }) {
  if (event.event !== undefined) return html`<${Data} class="name" value=${event.event} />`;
  if (event.type === "identify") return html`<span class="name plain">User traits</span>`;
  if (event.type === "group") return html`<span class="name plain">${event.userId === undefined ? "Group traits" : "User in group"}</span>`;
  return html`<span class="name plain">No name</span>`;
}

// What is sent long after it happened, as by an import or after a night offline.
function Earlier({ event }) {
  const happened = Date.parse(event.timestamp);
  if (!(Math.abs(Date.parse(event.receivedAt) - happened) >= LATE_MS)) return null;
  return html`<time class="earlier" datetime=${event.timestamp} title=${`Happened ${moment(happened)}`}>${day(happened)}</time>`;
}

function Who({ event }) {
  return html`<span class="who">
    ${event.userId !== undefined && html`<span class="id"><span class="unseen">user </span><${Data} value=${event.userId} max=${80} /></span>`}
    ${groupsOf(event).map((group) => html`<span key=${group} class="id group"><span class="unseen">group </span><${Data} value=${group} max=${80} /></span>`)}
  </span>`;
}

function groupsOf(event) {
  if (event.groupId !== undefined) return [event.groupId];
  return (event.groups ?? []).slice(0, 2);
}

function Outcome({ event }) {
  if (event.status === "refused") return html`<span class="outcome refused">refused<span class="code">${visibleCode(event)}</span></span>`;
  if (event.status === "duplicate") return html`<span class="outcome duplicate">duplicate</span>`;
  if (!event.library) return html`<span class="outcome sdk">–</span>`;
  return html`<span class="outcome sdk"><${Data} value=${event.library.name} max=${40} /></span>`;
}

function visibleCode(event) {
  return event.error ? html`<${Data} value=${event.error.code} max=${40} />` : null;
}

// Some of the properties or traits, so that one sees which of many alike events it is.
function preview(event) {
  if (event.status === "refused" && event.error) return html`<${Data} value=${event.error.message} max=${200} />`;
  const fields = event.body?.properties ?? event.body?.traits;
  if (fields === null || typeof fields !== "object") return null;
  return Object.entries(fields)
    .slice(0, PREVIEWED)
    .map(([key, value]) => html`<span class="pair" key=${key}><${Data} class="key" value=${key} max=${40} /> <${Data} value=${brief(value)} max=${60} /></span>`);
}

function brief(value) {
  if (typeof value === "string") return short(value, 60);
  return value !== null && typeof value === "object" ? (Array.isArray(value) ? "[…]" : "{…}") : String(value);
}
