// What is kept, taking it along, and starting over.

import { html, useState } from "../vendor/htm-preact.module.js";
import { send } from "../api.js";
import { Icon } from "../icons.js";
import { Dialog } from "../keys.js";
import { Data, bytes, count, plural } from "../text.js";

export function Kept({ hub, stats }) {
  const { storage, events } = stats;
  return html`<section class="card" aria-labelledby="kept">
    <h2 id="kept">Data</h2>
    <ul class="plain-list">
      <li><span>Kept</span><span>${storage.path ? html`<${Data} value=${storage.path} max=${80} />` : "in memory, until it stops"}</span></li>
      <li><span>Stored</span><span>${count(events.stored)} of at most ${count(storage.maxEvents)}</span></li>
      <li><span>Size</span><span>${bytes(storage.bytes)} of at most ${bytes(storage.maxBytes)}</span></li>
      <li><span>Dropped, oldest first</span><span>${count(events.pruned)}</span></li>
    </ul>
    <${StartOver} hub=${hub} stats=${stats} />
  </section>`;
}

function StartOver({ hub, stats }) {
  const [asking, ask] = useState(false);
  const [error, setError] = useState(null);
  const reset = async () => {
    try {
      await send("POST", "/dev/reset");
      setError(null);
    } catch (failure) {
      setError(failure.message);
    }
    ask(false);
    hub.beatSoon();
  };
  return html`
    ${error && html`<p class="problem" role="alert">${error}</p>`}
    <div class="actions">
      <a class="button" href="/dev/export.ndjson" download="events.ndjson"><${Icon} name="export" />Export accepted events</a>
      <button type="button" class="button danger" onClick=${() => ask(true)}>Forget all…</button>
    </div>
    ${
      asking &&
      html`<${Dialog} title="Forget everything?" close="Cancel" onClose=${() => ask(false)} action=${html`<button type="button" class="button danger" onClick=${reset}>Forget everything</button>`}>
        <p>Events, batches, customers, findings and faults: ${plural(stats.events.stored, "stored event")} will be gone${stats.storage.path ? ", from the file too" : ""}. This cannot be undone.</p>
      <//>`
    }`;
}
