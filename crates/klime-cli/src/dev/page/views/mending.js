// What was wrong with an event, and what to do about it.

import { html } from "../vendor/htm-preact.module.js";
import { Icon } from "../icons.js";
import { link } from "../route.js";
import { Data, count } from "../text.js";

const ADVICE = {
  invalid_type: "Set type to track, identify or group, in lower case. The SDKs do this by themselves; look at code that builds events by hand.",
  missing_field: "Send the field with a text that is not empty. If it comes from a variable, that variable was probably empty: a user who is not signed in, an id that is not loaded yet.",
  anonymous_event: "Klime counts events for customers, so a track needs a userId or a groupId. Track after sign-in, or give the groupId for what a whole company does, as a webhook or a nightly job.",
  invalid_field: "Send the JSON type that the message names. Ids are strings or integers; timestamps are UTC in ISO 8601, as 2026-11-23T15:20:00.123Z.",
  event_too_large: "An event may have 200 KB. Send the id or the size of a document, not the document.",
  fault_injected: "Nothing is wrong with the event: a fault that is switched on here refused it, to show how the app takes it.",
};

export function Mending({ event, route }) {
  if (event.status === "duplicate") return html`<${Duplicate} event=${event} route=${route} />`;
  if (event.status !== "refused") return null;
  const advice = ADVICE[event.error?.code];
  return html`<div class="mending refused" role="note">
    <p class="what-wrong"><${Icon} name="error" /><span><${Data} value=${event.error?.message ?? "refused"} max=${600} /></span></p>
    ${advice && html`<p>${advice}</p>`}
    <p class="muted"><code>${event.error?.code}</code> · the others of its batch are not touched by this</p>
  </div>`;
}

function Duplicate({ event, route }) {
  const first = event.duplicateOf;
  return html`<div class="mending duplicate" role="note">
    <p class="what-wrong"><${Icon} name="copy" /><span>The same <code>messageId</code> had been accepted before, so this one is not counted again.</span></p>
    ${first !== undefined && html`<p><a href=${link(route.view, route.id, { ...route.params, open: first })}>See the first one, event ${count(first)}</a></p>`}
    <p class="muted">After a retry this is as it should be. Without one, the same id is given to several events.</p>
  </div>`;
}
