// How data is written. Whatever an event holds is hostile: it only ever becomes text, and text that cannot reorder or break its line.

import { html } from "./vendor/htm-preact.module.js";

const SHOWN = 240;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/** The text with control characters and direction overrides made visible. */
export function visible(value) {
  return String(value)
    .replace(CONTROL, (c) => (c < "\u0020" ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : "\u2421"))
    .replace(BIDI, (c) => `\u27e8U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}\u27e9`);
}

/** At most `max` characters of it, cut between characters, never within a pair of surrogates. */
export function short(value, max = SHOWN) {
  const text = String(value);
  if (text.length <= max) return text;
  const end = /[\ud800-\udbff]/.test(text[max - 1]) ? max - 1 : max;
  return `${text.slice(0, end)}\u2026`;
}

/** A value as an element of its own direction; the whole of it in the title. */
export function Data({ value, class: name = "", max = SHOWN }) {
  const text = visible(short(value, max));
  return html`<bdi class=${`data ${name}`} title=${visible(short(value, 600))}>${text}</bdi>`;
}

const numbers = new Intl.NumberFormat("en-US");
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

/** `12,345`. */
export function count(n) {
  return numbers.format(n ?? 0);
}

/** `12.3K`, where room is short. */
export function rough(n) {
  return n < 10_000 ? count(n) : compact.format(n);
}

/** `1 event`, `2 events`. */
export function plural(n, noun, many = `${noun}s`) {
  return `${count(n)} ${n === 1 ? noun : many}`;
}

export function bytes(n) {
  if (n < 1024) return `${n} B`;
  const units = ["KB", "MB", "GB"];
  let value = n / 1024;
  let unit = 0;
  while (value >= 1024 && unit < 2) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function millis(ms) {
  return ms < 10 ? `${Number(ms).toFixed(1)} ms` : ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** `15:04:05.678` on the reader's clock. */
export function clock(time) {
  const at = new Date(time);
  const two = (n) => String(n).padStart(2, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

const MOMENT = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", year: "numeric",
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, timeZoneName: "short",
});

/** The date, the time and the zone in full, on the reader's clock. */
export function moment(time) {
  return MOMENT.format(new Date(time));
}

/** `12 Nov 15:04`, on the reader's clock. */
export function day(time) {
  const at = new Date(time);
  return `${at.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${clock(at).slice(0, 5)}`;
}

/** The reader's zone, as `UTC+2`: a summer's moment may be in another one than a winter's. */
export function zone(time = Date.now()) {
  const minutes = -new Date(time).getTimezoneOffset();
  const size = Math.abs(minutes);
  const rest = size % 60 === 0 ? "" : `:${String(size % 60).padStart(2, "0")}`;
  return minutes === 0 ? "UTC" : `UTC${minutes < 0 ? "−" : "+"}${Math.floor(size / 60)}${rest}`;
}

const STEPS = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [86_400, 3600, "h"],
  [Infinity, 86_400, "d"],
];

/** `3 min ago`. */
export function ago(time, now = Date.now()) {
  const seconds = Math.round((now - new Date(time).getTime()) / 1000);
  if (seconds < -60) return "in the future";
  if (seconds < 5) return "just now";
  const [, size, unit] = STEPS.find(([end]) => seconds < end);
  return `${Math.floor(seconds / size)} ${unit} ago`;
}
