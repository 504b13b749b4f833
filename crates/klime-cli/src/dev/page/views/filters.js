// What is shown of the live events. The address bar holds it, so a filtered view can be sent to a colleague.

import { html, useEffect, useRef, useState } from "../vendor/htm-preact.module.js";
import { Icon } from "../icons.js";
import { go, link } from "../route.js";
import { Data, rough } from "../text.js";

const TYPING_MS = 250;
const STATUSES = [
  ["", "All"],
  ["accepted", "Accepted"],
  ["refused", "Refused"],
  ["duplicate", "Duplicates"],
];
const TYPES = [
  ["", "All types"],
  ["track", "track"],
  ["identify", "identify"],
  ["group", "group"],
];
const FIELDS = [
  ["event", "Event", "its whole name"],
  ["userId", "User", "the whole id"],
  ["groupId", "Group", "the whole id"],
  ["library", "SDK", "its whole name"],
];
const CHIPS = { customer: "Customer", batch: "Batch", messageId: "Message id", event: "Event", userId: "User", groupId: "Group", library: "SDK" };

export function Filters({ route, stats }) {
  const [more, setMore] = useState(false);
  const change = (fields, replace = false) => go(link("live", null, { ...route.params, ...fields }), replace);
  return html`<div class="filters" role="search" aria-label="Filter the events">
    <${Search} value=${route.params.search ?? ""} label="Search in events" onChange=${(search) => change({ search }, true)} />
    <${Choice} name="Status" options=${STATUSES} counts=${stats?.events} value=${route.params.status ?? ""} onChange=${(status) => change({ status })} />
    <label class="select"><span class="unseen">Type</span>
      <select value=${route.params.type ?? ""} onChange=${(event) => change({ type: event.target.value })}>
        ${TYPES.map(([value, label]) => html`<option key=${value} value=${value} selected=${value === (route.params.type ?? "")}>${label}</option>`)}
      </select>
    </label>
    <button type="button" class="button ghost" aria-expanded=${String(more)} onClick=${() => setMore(!more)}><${Icon} name="filter" /><span>More</span></button>
    ${more && html`<${Fields} params=${route.params} stats=${stats} onChange=${(fields) => change(fields, true)} />`}
    <${Chips} params=${route.params} onChange=${change} />
  </div>`;
}

/** A search field that tells what was typed once the typing pauses. */
export function Search({ value, label, onChange }) {
  const [text, typed] = useTyped(value, onChange);
  const field = useRef(null);
  const clear = () => {
    field.current.value = "";
    typed({ target: field.current });
    field.current.focus();
  };
  return html`<div class="search">
    <label><span class="unseen">${label}</span><${Icon} name="search" />
      <input ref=${field} type="search" data-search placeholder="Search" value=${text} onInput=${typed} autocomplete="off" spellcheck="false" maxlength="200" />
    </label>
    <kbd aria-hidden="true">/</kbd>
    ${text !== "" && html`<button type="button" class="clear" aria-label="Clear the search" title="Clear (Esc)" onClick=${clear}><${Icon} name="close" /></button>`}
  </div>`;
}

function useTyped(value, onChange) {
  const [text, setText] = useState(value);
  const timer = useRef(null);
  const told = useRef(value);
  const latest = useRef(onChange);
  latest.current = onChange;
  useEffect(() => {
    // From outside, as by the back button; not the echo of what was typed here.
    if (value !== told.current) setText(value);
    told.current = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const typed = (event) => {
    const { value: now } = event.target;
    setText(now);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      told.current = now;
      latest.current(now);
    }, TYPING_MS);
  };
  return [text, typed];
}

/** One of a few, as a row of buttons. */
export function Choice({ name, options, value, counts, onChange }) {
  return html`<div class="choice" role="group" aria-label=${name}>
    ${options.map(
      ([option, label]) => html`<button key=${option} type="button" aria-pressed=${String(option === value)} onClick=${() => onChange(option)}>
        ${label}${counts?.[option] > 0 && html`<span class=${`tally ${option}`}>${rough(counts[option])}</span>`}
      </button>`,
    )}
  </div>`;
}

function Fields({ params, stats, onChange }) {
  return html`<div class="fields">
    ${FIELDS.map(([name, label, hint]) => html`<${Field} key=${name} ...${{ name, label, hint }} value=${params[name] ?? ""} onChange=${(text) => onChange({ [name]: text })} />`)}
    <datalist id="known-event">${(stats?.names ?? []).map(({ event }) => html`<option key=${event} value=${event} />`)}</datalist>
    <datalist id="known-library">${[...new Set((stats?.libraries ?? []).map(({ name }) => name))].map((name) => html`<option key=${name} value=${name} />`)}</datalist>
  </div>`;
}

function Field({ name, label, hint, value, onChange }) {
  const [text, typed] = useTyped(value, onChange);
  return html`<label>
    <span>${label}</span>
    <input name=${name} value=${text} onInput=${typed} list=${`known-${name}`} placeholder=${hint} autocomplete="off" spellcheck="false" maxlength="300" />
  </label>`;
}

function Chips({ params, onChange }) {
  const set = Object.keys(CHIPS).filter((name) => params[name]);
  if (set.length === 0) return null;
  return html`<ul class="chips" aria-label="Active filters">
    ${set.map(
      (name) => html`<li key=${name}>
        <span>${CHIPS[name]} <${Data} value=${params[name]} max=${60} /></span>
        <button type="button" aria-label=${`Remove the filter ${CHIPS[name]}`} onClick=${() => onChange({ [name]: undefined, ...(name === "customer" ? { mode: undefined } : {}) })}>
          <${Icon} name="close" />
        </button>
      </li>`,
    )}
  </ul>`;
}
