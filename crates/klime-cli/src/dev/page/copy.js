// Copying, and what can be copied of an event.

import { html, useEffect, useState } from "./vendor/htm-preact.module.js";
import { path } from "./api.js";
import { Icon } from "./icons.js";

/** A button that copies what `text()` returns, and says for a moment that it did. */
export function Copy({ text, label, title }) {
  const [said, say] = useState(null);
  useEffect(() => {
    if (said === null) return undefined;
    const timer = setTimeout(() => say(null), 1600);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => say((await copied(text())) ? "Copied" : "The browser did not allow it");
  return html`<button type="button" class="button small" title=${title} onClick=${copy}>
    <${Icon} name=${said === "Copied" ? "ok" : "copy"} /><span aria-live="polite">${said ?? label}</span>
  </button>`;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text);
  }
}

// Over plain http from another machine (`--allow-host`) browsers offer no clipboard.
function copiedBySelection(text) {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

/** One word for a POSIX shell. */
export function quoted(text) {
  return `'${String(text).replaceAll("'", "'\\''")}'`;
}

/** The command that sends this event again, as it was sent. */
export function asCurl(body, origin) {
  return [
    `curl ${quoted(`${origin}/v1/batch`)} \\`,
    `  -H "Authorization: Bearer \${KLIME_WRITE_KEY:-any-key}" \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  --data-binary ${quoted(`{"batch":[${body}]}`)}`,
  ].join("\n");
}

/** The command that fails unless an event like this one arrives. */
export function asAssertion(event, origin) {
  const wanted = { status: event.status === "refused" ? "refused" : undefined, type: event.type, event: event.event };
  const query = path("/dev/wait", { ...wanted, userId: event.userId, groupId: event.groupId, timeout: 10 }).replaceAll("+", "%20");
  return `curl --fail-with-body ${quoted(origin + query)}`;
}
