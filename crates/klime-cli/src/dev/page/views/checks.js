// What is wrong with the integration, why it matters, and how to mend it.

import { html, useState } from "../vendor/htm-preact.module.js";
import { path, useQuery } from "../api.js";
import { Icon } from "../icons.js";
import { go, link } from "../route.js";
import { Data, count, plural } from "../text.js";
import { Choice } from "./filters.js";

const ORDER = ["error", "warning", "ok", "waiting"];
const HEADINGS = { error: "To be mended", warning: "Worth a look", ok: "In order", waiting: "Nothing to judge by yet" };
const MODES = [
  ["companies", "Companies & Teams"],
  ["individuals", "Individual Customers"],
];

const NAME = ["all of this name", ({ event }) => event !== undefined && link("live", null, { event, type: "track" })];
const USER = ["the user", ({ userId }) => userId !== undefined && link("customers", userId, { mode: "individuals" })];
const ABOUT = { event_names: NAME, event_spellings: NAME, event_name_data: NAME, identified_users: USER, user_traits: USER };

export function Checks({ hub, route, checks: ofDefault }) {
  const { mode } = route.params;
  const ofMode = useQuery(mode ? path("/dev/checks", { mode }) : null, hub.beat);
  const { data, error } = mode ? ofMode : ofDefault;
  return html`<section class="view scroll checks">
    <div class="head">
      <h1>Checks</h1>
      <${Choice} name="Analytics mode" options=${MODES} value=${data?.mode ?? mode} onChange=${(value) => go(link("checks", null, { ...route.params, mode: value }))} />
    </div>
    ${error && html`<p class="problem" role="alert">${error.message}</p>`}
    ${data && html`<${Verdict} checks=${data.checks} />`}
    ${data && ORDER.map((level) => html`<${Level} key=${level} level=${level} checks=${data.checks.filter((check) => check.level === level)} route=${route} />`)}
  </section>`;
}

function Verdict({ checks }) {
  const found = checks.filter((check) => check.level === "error" || check.level === "warning").length;
  const judged = checks.filter((check) => check.level !== "waiting").length;
  if (judged === 0) return html`<p class="lead">Nothing has arrived to be judged. The rules below are looked at with every event.</p>`;
  if (found === 0) return html`<p class="lead"><${Icon} name="ok" class="ok" /> ${plural(judged, "rule")} looked at, nothing found.</p>`;
  return html`<p class="lead">${plural(found, "finding")} in ${plural(judged, "rule")} that could be judged.</p>`;
}

function Level({ level, checks, route }) {
  if (checks.length === 0) return null;
  const found = level === "error" || level === "warning";
  return html`<section class="level" aria-labelledby=${`level-${level}`}>
    <h2 id=${`level-${level}`}>${HEADINGS[level]} <span class="muted">${count(checks.length)}</span></h2>
    ${checks.map((check) => html`<${Check} key=${check.id} check=${check} route=${route} opened=${found} />`)}
  </section>`;
}

function Check({ check, route, opened }) {
  const [open, setOpen] = useState(opened);
  return html`<details class=${`card check ${check.level}`} open=${open} onToggle=${(event) => setOpen(event.target.open)} id=${`check-${check.id}`}>
    <summary>
      <${Icon} name=${check.level} class=${check.level} />
      <span class="unseen">${check.level}: </span>
      <span class="check-title">${check.title}</span>
      ${check.count > 0 && html`<span class="tally">${plural(check.count, "case")}</span>`}
    </summary>
    <div class="check-body">
      <p class="found"><${Data} value=${check.found} max=${600} /></p>
      ${check.examples.length > 0 && html`<${Examples} check=${check} route=${route} />`}
      <dl>
        <div><dt>Why</dt><dd>${check.why}</dd></div>
        <div><dt>Fix</dt><dd>${check.fix}</dd></div>
      </dl>
    </div>
  </details>`;
}

function Examples({ check, route }) {
  return html`<ul class="examples">
    ${check.examples.map((example) => html`<li key=${example.seq}>
      <a href=${link("checks", null, { ...route.params, open: example.seq })} data-row=${example.seq} data-seq=${example.seq}><${Data} value=${example.text} /></a>
      ${ABOUT[check.id] && html`<${About} seq=${example.seq} what=${ABOUT[check.id]} />`}
    </li>`)}
  </ul>`;
}

// From one event that shows it to all that it is about.
function About({ seq, what: [words, address] }) {
  const { data } = useQuery(`/dev/events/${seq}`);
  const href = data && address(data);
  return href ? html`<a class="about" href=${href}>${words}</a>` : null;
}
