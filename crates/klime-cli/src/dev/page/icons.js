// Line icons of 16 × 16. They say nothing that is not said in words beside them, so they are hidden from screen readers.

import { html } from "./vendor/htm-preact.module.js";

const PATHS = {
  live: "M1.5 8h3l2-5 3 10 2-5h3",
  customers: "M2 14V5l4-2.5V14M6 14h8V7L6 5M9 9h2M9 11.5h2",
  overview: "M2.5 13.5v-4M6.2 13.5v-8M9.8 13.5V8M13.5 13.5v-11",
  batches: "M2 5l6-3 6 3-6 3zM2 8l6 3 6-3M2 11l6 3 6-3",
  checks: "M8 1.8l5.5 2V8c0 3.2-2.3 5.3-5.5 6.3C4.8 13.3 2.5 11.2 2.5 8V3.8zM5.5 8l1.8 1.8 3.3-3.6",
  faults: "M9 1.5L3.5 9H8l-1 5.5L12.5 7H8z",
  pause: "M5.5 3v10M10.5 3v10",
  play: "M4.5 2.5v11l9-5.5z",
  search: "M7 12A5 5 0 107 2a5 5 0 000 10zM10.7 10.7L14 14",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  up: "M8 13V3M3.5 7.5L8 3l4.5 4.5",
  down: "M8 3v10M3.5 8.5L8 13l4.5-4.5",
  back: "M13 8H3M7.5 3.5L3 8l4.5 4.5",
  export: "M8 2v8M4.5 6.5L8 10l3.5-3.5M2.5 13.5h11",
  sun: "M8 11a3 3 0 100-6 3 3 0 000 6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9L13 13M13 3l-1.1 1.1M4.1 11.9L3 13",
  moon: "M13.5 9.5A6 6 0 016.5 2.5a6 6 0 107 7z",
  system: "M2 3h12v8H2zM6 14h4M8 11v3",
  filter: "M2 4h12M4.5 8h7M6.5 12h3",
  help: "M8 14.5a6.5 6.5 0 100-13 6.5 6.5 0 000 13zM6 6.2a2 2 0 113 1.7c-.7.4-1 .8-1 1.6M8 11.6v.1",
  ok: "M3 8.5l3.2 3.2L13 4.8",
  error: "M8 14.5a6.5 6.5 0 100-13 6.5 6.5 0 000 13zM8 4.8v4M8 11v.1",
  warning: "M8 2l6.5 11.5h-13zM8 6.5v3M8 11.3v.1",
  waiting: "M8 14.5a6.5 6.5 0 100-13 6.5 6.5 0 000 13zM8 4.5V8l2.5 1.5",
};

export function Icon({ name, class: extra = "" }) {
  return html`<svg class=${`icon ${extra}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
    <path d=${PATHS[name]} />
  </svg>`;
}
