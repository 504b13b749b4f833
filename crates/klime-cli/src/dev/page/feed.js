// The connection to `/dev/live`: opened with a filter, read at the pace of the screen, opened again when it breaks.

import { frames } from "./sse.js";
import { get, path } from "./api.js";
import { WINDOW } from "./tail.js";

// The least and the most between two paintings, and how much of what a painting takes.
const PAINT_MS = 100;
const PAINT_MOST_MS = 1000;
const REST_PER_PAINTING = 4;
const RETRY_MS = [250, 500, 1000, 2000];

/**
 * `on` is told: `phase(name)` (`live`, `lost`), `begin(stats, goesOn)` at each connection, `events(list, skipped)`, `batches(list)`,
 * `counts(stats)`, `reset()` and `problem(message)` when the filter is refused.
 */
export class Feed {
  constructor(on) {
    this.on = on;
    this.startedAt = null;
    this.resets = null;
    this.filter = null;
    this.generation = null;
    this.shownAt = 0;
    this.rest = PAINT_MS;
  }

  /** Follows what matches the filter; the connection for the filter before is closed. */
  open(filter) {
    this.filter = filter;
    this.last = null;
    this.lookedAt(!document.hidden);
  }

  /**
   * Closes the connection while nobody looks, and goes on where it was. A browser has six connections to a host for all its tabs, and each of
   * them would hold one.
   */
  lookedAt(isLookedAt) {
    this.generation?.abort();
    if (!isLookedAt || !this.filter) return;
    this.generation = new AbortController();
    this.run(this.generation.signal);
  }

  async run(signal) {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        await this.connection(signal, () => {
          attempt = 0;
        });
      } catch (error) {
        if (signal.aborted) return;
        if (error.status === 400) {
          // Asking again would be answered the same.
          this.on.phase("live");
          this.on.problem(error.message);
          return;
        }
      }
      if (signal.aborted) return;
      this.on.phase("lost");
      await pause(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)], signal);
    }
  }

  async connection(signal, connected) {
    const stats = await get("/dev/stats", signal);
    const goesOn = this.startedAt === stats.startedAt && this.resets === stats.resets && this.last !== null;
    this.startedAt = stats.startedAt;
    this.resets = stats.resets;
    if (!goesOn) this.last = stats.latestSeq;
    const url = path("/dev/live", { ...this.filter, from: this.last, resets: this.resets, tail: WINDOW, stats: 1, batches: 1 });
    const response = await fetch(url, { signal, headers: { Accept: "text/event-stream" } });
    if (!response.ok) throw Object.assign(new Error((await response.json()).error), { status: response.status });
    connected();
    this.on.begin(stats, goesOn);
    this.on.phase("live");
    await this.read(response.body, signal);
  }

  async read(body, signal) {
    const pending = new Pending();
    let painting = null;
    const shown = async () => {
      await this.turn();
      painting = null;
      if (signal.aborted) return;
      const began = performance.now();
      this.hand(pending.take());
      painted(() => {
        this.shownAt = performance.now();
        this.rest = Math.min(PAINT_MOST_MS, Math.max(PAINT_MS, REST_PER_PAINTING * (this.shownAt - began)));
      });
    };
    for await (const list of frames(body, signal)) {
      for (const frame of list) pending.add(frame);
      if (list.length > 0) painting ??= shown();
      // With a screenful waiting the next piece is read after it was shown: the server then skips instead of queueing.
      if (pending.enough()) await painting;
    }
    await painting;
  }

  // The first event after a silence is shown at once; in a stream the page has most of the time for its reader.
  async turn() {
    const wait = this.shownAt + this.rest - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }

  hand({ events, skipped, batches, counts, reset }) {
    if (reset) {
      this.resets += 1;
      this.on.reset();
    }
    if (events.length > 0) this.last = events.at(-1).seq;
    if (events.length > 0 || skipped > 0) this.on.events(events, skipped);
    if (batches.length > 0) this.on.batches(batches);
    if (counts) this.on.counts(counts);
  }
}

// What came since the last painting. Of events only the last screenful is parsed.
class Pending {
  constructor() {
    this.clear();
  }

  clear() {
    this.frames = [];
    this.batches = [];
    this.skipped = 0;
    this.counts = null;
    this.reset = false;
  }

  add(frame) {
    if (frame.event === "event") this.frames.push(frame);
    else if (frame.event === "skipped") this.skip(JSON.parse(frame.data).count);
    else if (frame.event === "batch") this.batches.push(frame);
    else if (frame.event === "stats") this.counts = frame;
    else if (frame.event === "reset") {
      this.clear();
      this.reset = true;
    }
  }

  // Those before the jump would leave a hole.
  skip(count) {
    this.skipped += count + this.frames.length;
    this.frames = [];
  }

  enough() {
    return this.frames.length >= WINDOW || this.batches.length >= WINDOW;
  }

  take() {
    const shown = this.frames.slice(-WINDOW);
    const taken = {
      events: shown.map((frame) => JSON.parse(frame.data)),
      skipped: this.skipped + this.frames.length - shown.length,
      batches: this.batches.slice(-WINDOW).map((frame) => JSON.parse(frame.data)),
      counts: this.counts && JSON.parse(this.counts.data),
      reset: this.reset,
    };
    this.clear();
    return taken;
  }
}

// After the next frame, when what has been handed out was drawn.
function painted(then) {
  requestAnimationFrame(() => setTimeout(then));
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
    signal.addEventListener("abort", resolve);
  });
}
