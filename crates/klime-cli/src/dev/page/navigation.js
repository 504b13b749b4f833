// The way between the views, with what needs a look counted beside its name.

import { html, useEffect, useState } from "./vendor/htm-preact.module.js";
import { Icon } from "./icons.js";
import { link } from "./route.js";
import { bytes, count, rough } from "./text.js";

const ITEMS = [
  ["live", "Live"],
  ["customers", "Customers"],
  ["overview", "Overview"],
  ["batches", "Batches"],
  ["checks", "Checks"],
  ["faults", "Faults"],
];

const PHASES = { live: "Connected", connecting: "Connecting", lost: "No connection" };

export function Navigation({ hub, route, stats, checks, onHelp }) {
  return html`<header class="side">
    <a class="brand" href="#/live" aria-label="klime dev, live events">
      <img src="/assets/icon.svg" alt="" width="24" height="24" />
      <span><b>klime</b> dev</span>
    </a>
    <nav aria-label="Views">
      ${ITEMS.map(([view, label], i) => html`<${Item} key=${view} ...${{ view, label, route }} number=${i + 1} badge=${badge(view, stats, checks.data)} />`)}
    </nav>
    <div class="foot">
      <p class="phase" data-phase=${hub.phase}><span class=${`dot ${hub.phase}`}></span>${PHASES[hub.phase]}</p>
      <p class="where" title="Set the SDK's endpoint to this address">${location.host}</p>
      ${stats && html`<${Storage} storage=${stats.storage} stored=${stats.events.stored} version=${stats.version} />`}
      <div class="tools">
        <${Theme} />
        <button type="button" class="button small ghost" onClick=${onHelp} title="Keys (?)">
          <${Icon} name="help" /><span>Keys</span>
        </button>
      </div>
    </div>
  </header>`;
}

function Item({ view, label, number, route, badge: shown }) {
  const current = route.view === view;
  return html`<a class="item" href=${link(view)} aria-current=${current ? "page" : undefined} title=${`${label} (${number})`}>
    <${Icon} name=${view} /><span class="label">${label}</span>
    ${shown && html`<span class=${`badge ${shown.level}`} title=${shown.title}><span aria-hidden="true">${shown.text}</span><span class="unseen">${shown.title}</span></span>`}
  </a>`;
}

function badge(view, stats, checks) {
  if (view === "live" && stats?.latestSeq > 0) {
    const all = stats.events.accepted + stats.events.refused + stats.events.duplicate;
    return { level: "plain", text: rough(all), title: `${count(all)} events` };
  }
  if (view === "faults" && stats?.faults.length > 0) {
    return { level: "warning", text: count(stats.faults.length), title: `${count(stats.faults.length)} faults are on` };
  }
  if (view === "checks" && checks) return checksBadge(checks.checks);
  return null;
}

function checksBadge(checks) {
  const errors = checks.filter((check) => check.level === "error").length;
  const warnings = checks.filter((check) => check.level === "warning").length;
  if (errors + warnings === 0) return null;
  const level = errors > 0 ? "error" : "warning";
  return { level, text: count(errors + warnings), title: `${errors} errors, ${warnings} warnings` };
}

function Storage({ storage, stored, version }) {
  const where = storage.path ? `kept in ${storage.path}` : "in memory";
  return html`<p class="storage" title=${`${count(stored)} events, ${bytes(storage.bytes)}, ${where}; at most ${count(storage.maxEvents)} events`}>
    ${rough(stored)} stored · ${bytes(storage.bytes)}
  </p>
  <p class="storage">klime ${version}</p>`;
}

const THEMES = { system: ["system", "System"], dark: ["moon", "Dark"], light: ["sun", "Light"] };

function Theme() {
  const [theme, setTheme] = useState(klimeTheme.get());
  useEffect(() => {
    const follow = () => setTheme(klimeTheme.get());
    addEventListener("klime-theme", follow);
    return () => removeEventListener("klime-theme", follow);
  }, []);
  const [icon, label] = THEMES[theme];
  return html`<button type="button" class="button small ghost" onClick=${() => klimeTheme.next()} title="Dark or light (t)" aria-label=${`Colours: ${label}. Change`}>
    <${Icon} name=${icon} /><span>${label}</span>
  </button>`;
}
