// The keyboard: one listener, and the dialog that tells what it does.

import { html, useEffect, useRef } from "./vendor/htm-preact.module.js";
import { VIEWS, go, link } from "./route.js";

const KEYS = [
  [["/"], "search"],
  [["j", "k", "or", "↓", "↑"], "next, previous row"],
  [["Enter"], "open the row"],
  [["Esc"], "clear the search, leave the field, close the event, leave the customer"],
  [["p"], "pause or resume the live events"],
  [["1", "…", "6"], "the six views"],
  [["t"], "dark or light"],
  [["?"], "this list"],
];

// So long a row is waited for.
const LEAVE_MS = 2000;

/** Listens as long as the component is there. */
export function useKeys(context) {
  const latest = useRef(context);
  latest.current = context;
  useEffect(() => {
    const listener = (event) => pressed(event, latest.current);
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
  }, []);
}

function pressed(event, context) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") {
    escape(event, context);
    return;
  }
  if (event.target.closest("input, textarea, select")) return;
  const action = ACTIONS[event.key] ?? (VIEWS[event.key - 1] && (() => go(link(VIEWS[event.key - 1]))));
  if (!action) return;
  // Where there is no row to go to, an arrow scrolls.
  if (event.key.startsWith("Arrow") && !document.querySelector("[data-row]")) return;
  event.preventDefault();
  action(context);
}

const ACTIONS = {
  "/": () => document.querySelector("[data-search]")?.focus(),
  "?": ({ setHelp }) => setHelp(true),
  j: (context) => move(1, context),
  k: (context) => move(-1, context),
  ArrowDown: (context) => move(1, context),
  ArrowUp: (context) => move(-1, context),
  p: ({ hub }) => (hub.tail.held ? hub.resume() : hub.pause()),
  t: () => klimeTheme.next(),
};

// The innermost thing goes first: the text of a search, its field, then the panel.
function escape(event, { route }) {
  const field = document.activeElement?.closest("input, textarea, select");
  if (field?.matches("[data-search]") && field.value !== "") {
    event.preventDefault();
    field.value = "";
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    return;
  }
  if (field) {
    field.blur();
    return;
  }
  const { open, ...rest } = route.params;
  if (open) leave(link(route.view, route.id, rest), open);
  else if (route.id) leave(link(route.view, null, { mode: rest.mode }), route.id);
}

// The row that was left has the focus again, once it is there.
function leave(to, row) {
  const there = () => document.querySelector(`[data-row="${CSS.escape(row)}"]`);
  go(to);
  const watch = new MutationObserver(() => focusThere());
  const focusThere = () => {
    if (!there()) return;
    watch.disconnect();
    there().focus();
  };
  watch.observe(document.getElementById("main"), { childList: true, subtree: true });
  addEventListener("hashchange", () => requestAnimationFrame(focusThere), { once: true });
  setTimeout(() => watch.disconnect(), LEAVE_MS);
}

function move(step, { route }) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (rows.length === 0) return;
  const current = document.activeElement?.closest("[data-row]") ?? document.querySelector(`[data-row="${CSS.escape(route.params.open ?? "")}"]`);
  const next = current ? rows[rows.indexOf(current) + step] : rows[0];
  if (!next) return;
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  // With the panel open the keys turn its pages.
  if (route.params.open && next.dataset.seq) go(link(route.view, route.id, { ...route.params, open: next.dataset.seq }), true);
}

export function Help({ onClose }) {
  return html`<${Dialog} title="Keys" onClose=${onClose}>
    <dl class="keys">
      ${KEYS.map(([keys, what]) => html`<div key=${what}><dt>${keys.map((key) => (["…", "or"].includes(key) ? ` ${key} ` : html`<kbd>${key}</kbd>`))}</dt><dd>${what}</dd></div>`)}
    </dl>
    <p class="muted">Made with Preact, htm and uPlot: <a href="/assets/vendor/LICENSES">their licences</a>.</p>
  <//>`;
}

/**
 * A modal dialog; the browser keeps the focus inside and gives it back. What does no harm has the focus first: the button that closes it, beside
 * which `action` stands.
 */
export function Dialog({ title, onClose, close = "Close", action, children }) {
  const dialog = useRef(null);
  useEffect(() => {
    dialog.current.showModal();
    dialog.current.querySelector("form button").focus();
  }, []);
  const outside = (event) => event.target === dialog.current && dialog.current.close();
  return html`<dialog ref=${dialog} aria-label=${title} onClose=${onClose} onClick=${outside}>
    <div class="dialog">
      <h2>${title}</h2>
      ${children}
      <form method="dialog" class="actions"><button class="button">${close}</button>${action}</form>
    </div>
  </dialog>`;
}
