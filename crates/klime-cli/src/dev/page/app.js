// The frame around the views: navigation, banners, keys, dialogs.

import { html, render, useEffect, useRef, useState } from "./vendor/htm-preact.module.js";
import { useQuery } from "./api.js";
import { FaultBanner } from "./views/fault-list.js";
import { Hub, FILTERS, useHub } from "./hub.js";
import { Help, useKeys } from "./keys.js";
import { Navigation } from "./navigation.js";
import { useRoute } from "./route.js";
import { Batches } from "./views/batches.js";
import { Checks } from "./views/checks.js";
import { Customer } from "./views/customer.js";
import { Customers } from "./views/customers.js";
import { Detail } from "./views/detail.js";
import { Faults } from "./views/faults.js";
import { Live } from "./views/live.js";
import { Overview } from "./views/overview.js";

const TITLES = {
  live: "Live",
  customers: "Customers",
  overview: "Overview",
  batches: "Batches",
  checks: "Checks",
  faults: "Faults",
};

const hub = new Hub();

function App() {
  useHub(hub);
  const route = useRoute();
  const [help, setHelp] = useState(false);
  const stats = useQuery("/dev/stats", hub.beat);
  const checks = useQuery("/dev/checks", hub.beat);
  useEffect(() => follow(route), [route]);
  useEffect(() => {
    document.title = `${TITLES[route.view]} · klime dev`;
  }, [route.view]);
  useKeys({ hub, route, setHelp });
  const shared = { hub, route, stats: stats.data, checks };
  return html`
    <a class="skip" href="#main" onClick=${toMain}>To the content</a>
    <div class="frame">
      <${Navigation} ...${shared} onHelp=${() => setHelp(true)} />
      <div class="page">
        <${Lost} phase=${hub.phase} />
        <${Restarted} restarts=${hub.restarts} />
        <${FaultBanner} hub=${hub} faults=${stats.data?.faults ?? []} />
        <div class="stage">
          <main id="main" tabindex="-1" aria-label=${TITLES[route.view]}><${View} ...${shared} /></main>
          ${route.params.open && html`<${Detail} key="detail" ...${shared} seq=${Number(route.params.open)} />`}
        </div>
      </div>
    </div>
    ${help && html`<${Help} onClose=${() => setHelp(false)} />`}
  `;
}

// The live rows go on while another view is looked at, so they are there when one comes back.
function follow(route) {
  if (route.view !== "live") {
    if (hub.filter === null) hub.follow({});
    return;
  }
  hub.follow(Object.fromEntries(FILTERS.filter((name) => route.params[name]).map((name) => [name, route.params[name]])));
}

function View({ hub, route, stats, checks }) {
  const props = { hub, route, stats, checks };
  switch (route.view) {
    case "customers":
      return route.id ? html`<${Customer} key=${route.id} ...${props} />` : html`<${Customers} ...${props} />`;
    case "overview":
      return html`<${Overview} ...${props} />`;
    case "batches":
      return html`<${Batches} ...${props} />`;
    case "checks":
      return html`<${Checks} ...${props} />`;
    case "faults":
      return html`<${Faults} ...${props} />`;
    default:
      return html`<${Live} ...${props} />`;
  }
}

function Lost({ phase }) {
  return html`<div role="status" class="announce">
    ${
      phase === "lost" &&
      html`<p class="banner lost">
        <span class="dot pulse"></span>
        <span><b>klime dev does not answer.</b> It may have been stopped. This page connects again as soon as it is back.</span>
      </p>`
    }
  </div>`;
}

function Restarted({ restarts }) {
  const [shown, show] = useState(false);
  const before = useRef(restarts);
  useEffect(() => {
    if (restarts === before.current) return undefined;
    before.current = restarts;
    show(true);
    const timer = setTimeout(() => show(false), 8000);
    return () => clearTimeout(timer);
  }, [restarts]);
  return html`<div role="status" class="announce">
    ${
      shown &&
      html`<p class="banner told">
        <span><b>klime dev was restarted.</b> This is what it holds now.</span>
        <button type="button" class="button small" onClick=${() => show(false)}>Close</button>
      </p>`
    }
  </div>`;
}

function toMain(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

render(html`<${App} />`, document.getElementById("app"));
