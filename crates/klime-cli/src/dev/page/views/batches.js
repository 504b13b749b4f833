// The requests: how big, how fast, from which SDK, and what went wrong with them.

import { html, useEffect, useState } from "../vendor/htm-preact.module.js";
import { Unreachable, get, path } from "../api.js";
import { link } from "../route.js";
import { Data, bytes, clock, count, millis, moment, plural, zone } from "../text.js";

const PAGE = 100;

export function Batches({ hub }) {
  const { batches, more, next, error } = useBatches(hub);
  return html`<section class="view batches">
    <div class="head"><h1>Batches</h1><p class="muted">each request to /v1/batch, newest first</p></div>
    ${error && html`<p class="problem" role="alert">${error.message}</p>`}
    <div class="list">
      ${batches.length > 0 && html`<${Table} batches=${batches} />`}
      ${batches.length === 0 && next === null && html`<div class="nothing"><p>No request yet.</p><p class="muted">Send the first event, and its batch shows up here.</p></div>`}
      ${batches.length > 0 && next !== null && html`<p class="end"><button type="button" class="button" onClick=${more}>Load older</button></p>`}
    </div>
  </section>`;
}

// The stored ones, and before them those that came over the live connection since.
function useBatches(hub) {
  const [stored, setStored] = useState({ batches: [], next: undefined, error: null });
  const load = async (before, kept) => {
    try {
      const page = await get(path("/dev/batches", { before, limit: PAGE }));
      setStored({ batches: [...kept, ...page.batches], next: page.next, error: null });
    } catch (error) {
      setStored({ batches: kept, next: before ?? null, error: error instanceof Unreachable ? null : error });
    }
  };
  useEffect(() => {
    load(undefined, []);
  }, [hub.restarts, hub.resets]);
  const newest = stored.batches[0]?.id ?? 0;
  const fresh = hub.batches.filter((batch) => batch.id > newest);
  // After a burst not all in between are at hand: ask again rather than show a hole.
  const hole = fresh.length > 0 && newest > 0 && fresh.at(-1).id > newest + 1;
  useEffect(() => {
    if (hole) load(undefined, []);
  }, [hole && hub.beat]);
  return { batches: [...(hole ? [] : fresh), ...stored.batches], next: stored.next, error: stored.error, more: () => load(stored.next, stored.batches) };
}

function Table({ batches }) {
  // A request that was not read has no more than a User-Agent: its SDK is that of others with the same.
  const known = new Map(batches.filter((batch) => batch.library).map((batch) => [batch.userAgent, batch.library]));
  return html`<table class="grid">
    <thead>
      <tr>
        <th scope="col">Batch, time in ${zone()}</th><th scope="col">Answer</th><th scope="col" class="num">Events</th><th scope="col" class="num size">Size</th><th scope="col" class="num took">Took</th>
        <th scope="col" class="sdk">SDK</th><th scope="col" class="key">Key</th><th scope="col" class="said">What happened</th>
      </tr>
    </thead>
    <tbody>${batches.map((batch) => html`<${Line} key=${batch.id} batch=${batch} library=${batch.library ?? known.get(batch.userAgent)} />`)}</tbody>
  </table>`;
}

function Line({ batch, library }) {
  return html`<tr>
    <th scope="row"><a href=${link("live", null, { batch: batch.id })} data-row=${batch.id}><span class="num">${count(batch.id)}</span><time class="muted" datetime=${batch.receivedAt} title=${moment(batch.receivedAt)}>${clock(batch.receivedAt)}</time></a></th>
    <td><${Answer} batch=${batch} /></td>
    <td class="num">${read(batch) ? count(batch.events) : html`<span class="muted" title="The request was not read: its events are not known">–</span>`}</td>
    <td class="num size">${bytes(batch.bytes)}${batch.gzip && html` <span class="tag">gzip</span>`}</td>
    <td class="num took">${batch.tookMs === undefined ? "–" : millis(batch.tookMs)}</td>
    <td class="sdk" title=${batch.userAgent}><${Sdk} library=${library} agent=${batch.userAgent} /></td>
    <td class="key mono">${batch.key ? html`<${Data} value=${batch.key} max=${20} />` : "–"}</td>
    <td class="said"><${Said} batch=${batch} /></td>
  </tr>`;
}

// A request that was answered by a fault, or refused as a whole, was not looked into.
function read(batch) {
  return batch.events > 0 || (batch.status >= 200 && batch.status < 300);
}

function Answer({ batch }) {
  const level = batch.fault ? "warning" : batch.status >= 400 || batch.status === 0 ? "error" : batch.refused > 0 ? "warning" : "ok";
  return html`<span class=${`answer ${level}`}>${batch.status || "none"}</span>`;
}

function Sdk({ library, agent }) {
  if (library) return html`<${Data} value=${library.name} max=${40} /> <span class="muted"><${Data} value=${library.version} max=${20} /></span>`;
  return agent ? html`<span class="muted"><${Data} value=${agent} max=${40} /></span>` : "–";
}

function Said({ batch }) {
  if (batch.error) return html`<${Data} value=${batch.error} max=${200} />`;
  const parts = [
    batch.fault && `fault: ${batch.fault}`,
    batch.refused > 0 && `${count(batch.refused)} refused`,
    batch.duplicates > 0 && plural(batch.duplicates, "duplicate"),
    batch.events === 0 && !batch.fault && "key check",
  ].filter(Boolean);
  return parts.length > 0 ? html`<${Data} value=${parts.join(" · ")} />` : html`<span class="muted">all accepted</span>`;
}
