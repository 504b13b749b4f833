// One event in full: the JSON as it was sent, what became of it, whom it counts for, and what can be done with it.

import { html, useEffect, useState } from "../vendor/htm-preact.module.js";
import { getText } from "../api.js";
import { Copy, asAssertion, asCurl } from "../copy.js";
import { Icon } from "../icons.js";
import { member, pretty } from "../json.js";
import { go, link } from "../route.js";
import { Data, bytes, count, moment } from "../text.js";
import { Attribution } from "./attribution.js";
import { Json } from "./json-view.js";
import { Mending } from "./mending.js";
import { Kind, Title } from "./row.js";

export function Detail({ hub, route, stats, seq }) {
  const { event, body, error } = useEvent(seq, hub.restarts + hub.resets);
  const close = () => go(link(route.view, route.id, { ...route.params, open: undefined }));
  return html`<aside class="detail" aria-label=${`Event ${seq}`}>
    <div class="head">
      <h2>Event <span class="muted">${count(seq)}</span></h2>
      <${Turn} step=${-1} seq=${seq} route=${route} />
      <${Turn} step=${1} seq=${seq} route=${route} />
      <button type="button" class="button ghost icon-only" aria-label="Close" title="Close (Esc)" onClick=${close}><${Icon} name="close" /></button>
    </div>
    ${error && html`<p class="problem" role="alert">${error}</p>`}
    ${event && html`<${Facts} key=${event.seq} event=${event} body=${body} stats=${stats} route=${route} />`}
  </aside>`;
}

// The text is kept beside the parsed row: the body is shown as it was sent.
function useEvent(seq, generation) {
  const [found, setFound] = useState({});
  useEffect(() => {
    const controller = new AbortController();
    getText(`/dev/events/${seq}`, controller.signal)
      .then((text) => setFound({ event: JSON.parse(text), body: member(text, "body") ?? "" }))
      .catch((error) => {
        if (controller.signal.aborted) return;
        setFound({ error: error.status === 404 ? `Event ${seq} is not stored any more: it was reset, or older events made room.` : error.message });
      });
    return () => controller.abort();
  }, [seq, generation]);
  return found;
}

// To the neighbour in the list that is shown.
function Turn({ step, seq, route }) {
  const rows = [...document.querySelectorAll("[data-seq]")].map((row) => row.dataset.seq);
  const at = rows.indexOf(String(seq));
  const next = at < 0 ? undefined : rows[at + step];
  const turn = () => go(link(route.view, route.id, { ...route.params, open: next }), true);
  const label = step < 0 ? "Previous row (k)" : "Next row (j)";
  return html`<button type="button" class="button ghost icon-only" aria-label=${label} title=${label} disabled=${next === undefined} onClick=${turn}>
    <${Icon} name=${step < 0 ? "up" : "down"} />
  </button>`;
}

function Facts({ event, body, stats, route }) {
  return html`<div class="facts">
    <p class="title"><${Kind} type=${event.type} /><${Title} event=${event} /></p>
    <${Mending} event=${event} route=${route} />
    <dl>
      <${Fact} name="Status"><span class=${`state ${event.status}`}>${event.status}</span><//>
      <${Filtered} name="User" filter="userId" value=${event.userId} />
      <${Filtered} name="Group" filter="groupId" value=${event.groupId} />
      ${event.status === "accepted" && html`<${Attribution} event=${event} mode=${stats?.mode} />`}
      ${happened(event) !== undefined && html`<${Fact} name="Happened"><${When} time=${happened(event)} /><//>`}
      <${Fact} name="Received"><${When} time=${event.receivedAt} /><//>
      <${Fact} name="Batch"><a href=${link("live", null, { batch: event.batch })}>${count(event.batch)}</a>, event ${count(event.index + 1)} of it<//>
      ${event.library && html`<${Fact} name="SDK"><a href=${link("live", null, { library: event.library.name })}><${Data} value=${event.library.name} /></a> <${Data} value=${event.library.version} /><//>`}
      ${event.messageId !== undefined && html`<${Fact} name="Message id"><a class="mono" href=${link("live", null, { messageId: event.messageId })}><${Data} value=${event.messageId} /></a><//>`}
      <${Fact} name="Size">${bytes(event.bytes)}<//>
    </dl>
    <div class="actions">
      <${Copy} label="Copy JSON" text=${() => pretty(body)} />
      <${Copy} label="Copy as curl" title="Sends this event again; with the same messageId it is a duplicate" text=${() => asCurl(body, location.origin)} />
      <${Copy} label="Copy as assertion" title="A command that waits for an event like this one, for tests and CI" text=${() => asAssertion(event, location.origin)} />
    </div>
    <${Json} text=${body} />
  </div>`;
}

export function Fact({ name, children }) {
  return html`<div><dt>${name}</dt><dd>${children}</dd></div>`;
}

function Filtered({ name, filter, value }) {
  if (value === undefined) return null;
  return html`<${Fact} name=${name}><a class="mono" href=${link("live", null, { [filter]: value })} title="Only this one's events"><${Data} value=${value} /></a><//>`;
}

// A refused event has no time that klime dev vouches for, but it may say one.
function happened(event) {
  const said = event.timestamp ?? event.body?.timestamp;
  return typeof said === "string" && !Number.isNaN(Date.parse(said)) ? said : undefined;
}

function When({ time }) {
  return html`<time datetime=${time} title=${time}>${moment(time)}</time>`;
}
