// The live events: newest on top, filtered, searched, and held still while somebody reads.

import { html, useEffect, useRef } from "../vendor/htm-preact.module.js";
import { path } from "../api.js";
import { FILTERS } from "../hub.js";
import { Icon } from "../icons.js";
import { count, plural, rough } from "../text.js";
import { Filters } from "./filters.js";
import { Rows } from "./row.js";
import { Welcome } from "./welcome.js";

export function Live({ hub, route, stats }) {
  const { tail } = hub;
  const list = useRef(null);
  const filtered = FILTERS.some((name) => route.params[name]);
  useFollowScroll(hub, list);
  if (!filtered && stats?.latestSeq === 0 && tail.rows.length === 0) return html`<${Welcome} />`;
  return html`<section class="view live">
    <div class="head">
      <h1>Live</h1>
      <${Pause} hub=${hub} list=${list} />
      <a class="button ghost" href=${path("/dev/export.ndjson", exported(route.params))} download="events.ndjson" title=${`The ${route.params.status ?? "accepted"} events of this filter, one JSON a line`}>
        <${Icon} name="export" /><span class="wide">Export</span>
      </a>
    </div>
    <${Filters} route=${route} stats=${stats} />
    <div class="list" ref=${list} data-list>
      <${Notices} hub=${hub} list=${list} />
      ${hub.problem && html`<p class="problem" role="alert">${hub.problem}</p>`}
      <${Rows} events=${tail.rows} route=${route} label="Events, newest first" />
      <${End} hub=${hub} filtered=${filtered} />
    </div>
  </section>`;
}

function exported({ open, ...filter }) {
  return filter;
}

// Whoever has scrolled down is reading: the rows stay where they are. A pause by the button is another matter and stays.
function useFollowScroll(hub, list) {
  useEffect(() => {
    const element = list.current;
    if (!element) return undefined;
    const scrolled = () => {
      const reading = element.scrollTop > 8;
      if (reading && !hub.tail.held) {
        hub.byScroll = true;
        hub.pause();
      } else if (!reading && hub.byScroll) {
        hub.byScroll = false;
        hub.resume();
      }
    };
    element.addEventListener("scroll", scrolled, { passive: true });
    return () => element.removeEventListener("scroll", scrolled);
  }, [list.current]);
}

function Pause({ hub, list }) {
  const { held } = hub.tail;
  const press = () => {
    hub.byScroll = false;
    if (!held) hub.pause();
    else {
      list.current.scrollTop = 0;
      hub.resume();
    }
  };
  return html`<button type="button" class=${`button ${held ? "primary" : ""}`} aria-pressed=${String(held)} onClick=${press} title="Pause or resume (p)">
    <${Icon} name=${held ? "play" : "pause"} /><span>${held ? "Resume" : "Pause"}</span>
  </button>`;
}

function Notices({ hub, list }) {
  const { tail } = hub;
  const up = () => {
    hub.byScroll = false;
    list.current.scrollTop = 0;
    hub.resume();
  };
  return html`<div class="notices" aria-live="polite">
    ${tail.held && tail.unseen > 0 && html`<button type="button" class="button primary pill" onClick=${up}><${Icon} name="up" />${plural(tail.unseen, "new event")}</button>`}
    ${tail.held && tail.unseen === 0 && !hub.byScroll && html`<p class="note">Paused. What comes meanwhile is kept and counted here.</p>`}
    ${tail.skipped > 0 && html`<p class="note"><b>${count(tail.skipped)}</b> skipped in the tail: they came faster than a screen can show. All are stored.</p>`}
  </div>`;
}

function End({ hub, filtered }) {
  const { tail } = hub;
  const cursor = tail.cursor();
  if (hub.loading) return html`<p class="end" role="status"><span class="spinner"></span>${progress(tail, cursor)}</p>`;
  if (tail.full()) return html`<p class="end">${rough(tail.rows.length)} rows are shown. Narrow the filter to see older ones.</p>`;
  if (cursor !== null && tail.rows.length > 0) {
    return html`<p class="end"><button type="button" class="button" onClick=${() => hub.loadOlder()}><${Icon} name="down" />Load older</button></p>`;
  }
  if (tail.rows.length > 0) return html`<p class="end">That is all.</p>`;
  if (!filtered || hub.phase !== "live") return null;
  return html`<div class="nothing"><p>No event matches.</p><p class="muted">New ones that match will show up here.</p></div>`;
}

function progress(tail, cursor) {
  return Number.isFinite(cursor) && tail.rows.length === 0 ? `Looking through older events, down to number ${count(cursor)}…` : "Loading…";
}
