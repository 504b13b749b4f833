// What is shown before the first event: how to send it, in the reader's language, ready to be pasted.

import { html, useMemo, useState } from "../vendor/htm-preact.module.js";
import { Copy } from "../copy.js";

const SNIPPETS = [
  [
    "curl",
    (origin) => `curl ${origin}/v1/batch \\
  -H 'Authorization: Bearer any-key' \\
  -H 'Content-Type: application/json' \\
  -d '{"batch":[{
    "type":"track", "event":"Button Clicked", "userId":"user_123",
    "messageId":"${uuid()}",
    "timestamp":"${new Date().toISOString()}"
  }]}'`,
  ],
  [
    "Rust",
    (origin) => `use klime::Client;

let klime = Client::builder("any-key").endpoint("${origin}").build()?;

klime.track("Button Clicked").user("user_123").enqueue();`,
  ],
  [
    "Python",
    (origin) => `from klime import KlimeClient

client = KlimeClient(write_key="any-key", endpoint="${origin}")

client.track("Button Clicked", {"plan": "pro"}, user_id="user_123")
client.shutdown()`,
  ],
  [
    "Browser",
    (origin) => `import { KlimeClient } from "@klime/browser";

const client = new KlimeClient({ writeKey: "any-key", endpoint: "${origin}" });

client.track("Button Clicked", { plan: "pro" }, { userId: "user_123" });`,
  ],
  [
    "Elixir",
    (origin) => `{:ok, client} = Klime.Client.start_link(write_key: "any-key", endpoint: "${origin}")

Klime.track(client, "Button Clicked", %{plan: "pro"}, user_id: "user_123")
Klime.shutdown(client)`,
  ],
  [
    "Any command",
    () => `# Sets KLIME_ENDPOINT and KLIME_WRITE_KEY for the command, and fails if the event does not arrive.
klime dev --exec 'npm test' --expect 'track:Button Clicked'`,
  ],
];

export function Welcome() {
  const [chosen, choose] = useState("curl");
  // Made once: the id in it must not change under the reader's eyes.
  const text = useMemo(() => SNIPPETS.find(([name]) => name === chosen)[1](location.origin), [chosen]);
  return html`<section class="view welcome">
    <div class="card">
      <h1>Waiting for the first event</h1>
      <p class="lead">Point an SDK here, and see what Klime would make of each event the moment it arrives.</p>
      <dl class="settings">
        <div><dt>Endpoint</dt><dd><code>${location.origin}</code> <${Copy} label="Copy" text=${() => location.origin} /></dd></div>
        <div><dt>Write key</dt><dd>any, unless <code>klime dev</code> was given one: <code>--key-file</code>, <code>--key</code> or <code>KLIME_DEV_KEY</code></dd></div>
      </dl>
      <div class="tabs" role="tablist" aria-label="Language" onKeyDown=${(event) => arrows(event, chosen, choose)}>
        ${SNIPPETS.map(
          ([name]) => html`<button key=${name} type="button" role="tab" id=${tabId(name)} aria-controls="snippet" aria-selected=${String(name === chosen)} tabindex=${name === chosen ? undefined : "-1"} onClick=${() => choose(name)}>${name}</button>`,
        )}
      </div>
      <div class="snippet" role="tabpanel" id="snippet" aria-labelledby=${tabId(chosen)}>
        <pre tabindex="0"><code>${text}</code></pre>
        <${Copy} label="Copy" text=${() => text} />
      </div>
      <p class="listening" role="status"><span class="dot pulse live"></span>Listening at <code>${location.host}</code></p>
    </div>
  </section>`;
}

function tabId(name) {
  return `tab-${name.replace(" ", "-")}`;
}

function arrows(event, chosen, choose) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const names = SNIPPETS.map(([name]) => name);
  const next = names[(names.indexOf(chosen) + step + names.length) % names.length];
  choose(next);
  document.getElementById(tabId(next)).focus();
}

// `crypto.randomUUID` is only there on loopback and https.
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
