// What the views share: the live rows, the latest batches, the counts, and the state of the connection. One of it for each page.

import { useEffect, useState } from "./vendor/htm-preact.module.js";
import { get, path } from "./api.js";
import { Feed } from "./feed.js";
import { Tail, WINDOW } from "./tail.js";

const PAGE = 100;
const BEAT_MS = 1000;
const IDLE_BEAT_MS = 5000;

/** The filters that `/dev/events` and `/dev/live` know. */
export const FILTERS = ["status", "type", "event", "userId", "groupId", "customer", "mode", "library", "batch", "messageId", "search"];

export class Hub {
  constructor() {
    this.listeners = new Set();
    this.tail = new Tail();
    this.batches = []; // newest first
    this.phase = "connecting";
    this.counts = null;
    this.beat = 0;
    this.restarts = 0;
    this.resets = 0;
    this.loading = false;
    this.problem = null;
    this.filter = null;
    this.feed = new Feed(this.handlers());
    addEventListener("visibilitychange", () => this.feed.lookedAt(!document.hidden));
    setInterval(() => !document.hidden && this.beatSoon(), IDLE_BEAT_MS);
  }

  /** Shows what matches this filter from here on. */
  follow(filter) {
    const wanted = JSON.stringify(filter);
    if (wanted === this.filter) return;
    this.filter = wanted;
    this.query = { status: "all", ...filter };
    this.problem = null;
    this.tail.clear(Infinity);
    this.feed.open(this.query);
    this.changed();
  }

  pause() {
    this.tail.hold();
    this.changed();
  }

  resume() {
    this.tail.release();
    this.changed();
    this.fillIfHollow();
  }

  /** Loads a further page, past rows that a search looked through in vain. */
  async loadOlder() {
    if (this.loading || this.tail.full()) return;
    this.loading = true;
    const { query } = this;
    const goal = this.tail.rows.length + PAGE;
    this.changed();
    try {
      while (this.query === query && this.tail.cursor() !== null && this.tail.rows.length < goal) await this.loadPage(query);
    } catch (error) {
      if (this.query === query) this.problem = error.status ? error.message : null;
    }
    this.loading = false;
    this.changed();
    if (this.query !== query) this.fillIfHollow();
  }

  async loadPage(query) {
    const before = this.tail.cursor();
    const page = await get(path("/dev/events", { ...query, limit: PAGE, before: Number.isFinite(before) ? before : undefined }));
    if (this.query !== query) return;
    this.tail.append(before, page.events, page.next);
    this.changed();
  }

  fillIfHollow() {
    if (this.tail.hollow() && this.phase === "live") this.loadOlder();
  }

  handlers() {
    return {
      phase: (phase) => this.set({ phase }),
      problem: (problem) => this.set({ problem }),
      begin: (stats, goesOn) => this.begin(stats, goesOn),
      events: (events, skipped) => this.took(events, skipped),
      batches: (batches) => this.set({ batches: [...batches.reverse(), ...this.batches].slice(0, WINDOW) }),
      counts: (counts) => this.counted(counts),
      reset: () => this.forget(),
    };
  }

  begin(stats, goesOn) {
    if (this.startedAt && this.startedAt !== stats.startedAt) this.restarts += 1;
    this.startedAt = stats.startedAt;
    this.phase = "live";
    if (!goesOn) {
      this.batches = [];
      this.tail.clear(stats.latestSeq + 1);
    }
    this.beatSoon();
    this.fillIfHollow();
  }

  took(events, skipped) {
    if (skipped > 0) {
      this.tail.skip(skipped);
      this.skippedAt = Date.now();
    }
    this.tail.push(events);
    this.changed();
    this.beatSoon();
  }

  counted(counts) {
    if (JSON.stringify(counts) !== JSON.stringify(this.counts)) this.beatSoon();
    this.counts = counts;
    this.changed();
    // While it pours there is nothing to fill: the next piece throws it away again.
    if (Date.now() - (this.skippedAt ?? 0) > BEAT_MS) this.fillIfHollow();
  }

  forget() {
    this.tail.clear(null);
    this.batches = [];
    this.resets += 1;
    this.changed();
    this.beatSoon();
  }

  // What views ask the server again by: at most once a second, and the last change is not missed.
  beatSoon() {
    this.beating ??= setTimeout(() => {
      this.beating = null;
      this.beat += 1;
      this.beatAt = Date.now();
      this.changed();
    }, Math.max(0, (this.beatAt ?? 0) + BEAT_MS - Date.now()));
  }

  set(fields) {
    Object.assign(this, fields);
    this.changed();
  }

  changed() {
    for (const listener of this.listeners) listener();
  }
}

/** Draws the component again whenever the hub has changed; many changes of one moment are one drawing. */
export function useHub(hub) {
  const [, draw] = useState(0);
  useEffect(() => {
    const listener = () => draw((n) => n + 1);
    hub.listeners.add(listener);
    return () => hub.listeners.delete(listener);
  }, [hub]);
}
