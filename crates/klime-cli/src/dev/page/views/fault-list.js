// The faults that are on, in words, wherever the page tells of them.

import { html } from "../vendor/htm-preact.module.js";
import { send } from "../api.js";
import { Icon } from "../icons.js";
import { link } from "../route.js";
import { count, millis, plural } from "../text.js";

/** One fault in words. */
export function sentence(fault) {
  return `${KINDS[fault.kind]?.(fault) ?? fault.kind}, ${scope(fault)}`;
}

const KINDS = {
  status: (fault) => `answers ${fault.status}${fault.retryAfter === undefined ? "" : ` with Retry-After: ${fault.retryAfter}`}`,
  partial: (fault) => `refuses ${Math.round(100 * (fault.share ?? 0.5))}% of each batch`,
  slow: (fault) => `waits ${millis(fault.delayMs)} before it answers`,
  hang: () => "never answers, and takes nothing",
  reset: () => "breaks the connection, and takes nothing",
  lost_answer: () => "takes the events, then breaks the connection",
};

function scope(fault) {
  const rate = fault.rate ?? 1;
  const which = rate < 1 ? `${Math.round(100 * rate)}% of the requests` : "every request";
  return fault.count === undefined ? which : `${which}, ${plural(fault.count, "more time")}`;
}

/** Stays on every view: whoever forgets a fault hunts it in the app. */
export function FaultBanner({ hub, faults }) {
  return html`<div role="status" class="announce">
    ${
      faults.length > 0 &&
      html`<p class="banner faulty">
        <${Icon} name="faults" />
        <span><b>${faults.length === 1 ? "A fault is on:" : `${count(faults.length)} faults are on:`}</b> klime dev ${faults.map(sentence).join("; ")}.</span>
        <a class="button small look" href=${link("faults")}>Look</a>
        <${ClearFaults} hub=${hub} label="Switch off" />
      </p>`
    }
  </div>`;
}

export function ClearFaults({ hub, label }) {
  const clear = async () => {
    await send("DELETE", "/dev/fault").catch(() => {});
    hub.beatSoon();
  };
  return html`<button type="button" class="button small" onClick=${clear}>${label}</button>`;
}
