// JSON with colours, made of text nodes. Long texts are cut until somebody asks for the rest.

import { html, useMemo, useState } from "../vendor/htm-preact.module.js";
import { lines } from "../json.js";
import { count, short, visible } from "../text.js";

const LINES = 400;
const LETTERS = 1000;

export function Json({ text }) {
  const [whole, setWhole] = useState(false);
  const all = useMemo(() => lines(text), [text]);
  const shown = whole ? all : all.slice(0, LINES);
  const cut = all.length > LINES || all.some((line) => line.parts.some((part) => part.text.length > LETTERS));
  return html`<div class="json-box">
    <pre class="json" tabindex="0" aria-label="The event's JSON"><code>${shown.map((line, i) => html`<${Line} key=${i} line=${line} whole=${whole} />`)}</code></pre>
    ${cut && html`<button type="button" class="button small" onClick=${() => setWhole(!whole)}>${whole ? "Shorten" : `Show all ${count(all.length)} lines and ${count(text.length)} characters`}</button>`}
  </div>`;
}

function Line({ line, whole }) {
  return html`<span class=${`line in-${Math.min(line.indent, 8)}`}>${line.parts.map((part, i) => html`<${Part} key=${i} part=${part} whole=${whole} />`)}${"\n"}</span>`;
}

function Part({ part, whole }) {
  const text = visible(whole ? part.text : short(part.text, LETTERS));
  return part.kind === "mark" ? html`<span class="mark">${text}</span>` : html`<bdi class=${part.kind}>${text}</bdi>`;
}
