// The rows of the live view: the newest of what matches, bounded, without a hole, and held still while somebody reads. Knows no network and
// no DOM.

/** How many rows follow the stream. */
export const WINDOW = 200;
/** How many rows there can be after "load older". */
export const MOST = 3000;

export class Tail {
  constructor() {
    this.held = false;
    this.clear(null);
  }

  /** Forgets all rows, as for another filter; what is stored from before `older` on can be loaded. */
  clear(older) {
    this.rows = []; // newest first
    this.waiting = []; // newest first, what came while held
    this.unseen = 0; // how many came while held, the ones that no longer wait included
    this.skipped = 0;
    this.older = older; // where loading goes on; Infinity: at the last row; null: all is here
  }

  /** What the stream brought, oldest first. */
  push(events) {
    const newest = this.newest();
    const fresh = events.filter((event) => event.seq > newest).reverse();
    if (fresh.length === 0) return;
    if (this.held) {
      this.unseen += fresh.length;
      this.waiting = [...fresh, ...this.waiting].slice(0, WINDOW);
    } else {
      this.show(fresh);
    }
  }

  /** The stream jumped over some. Rows from before the jump go, because "load older" goes on from the last row. */
  skip(count) {
    this.skipped += count;
    if (this.held) {
      this.unseen += count;
      this.waiting = [];
    } else {
      this.cut(0);
    }
  }

  hold() {
    this.held = true;
  }

  release() {
    if (!this.held) return;
    this.held = false;
    const waiting = this.waiting;
    if (this.unseen > waiting.length) this.cut(0);
    this.waiting = [];
    this.unseen = 0;
    this.show(waiting);
  }

  /** The `before` of the next page to load; null when all is here. */
  cursor() {
    return this.older === null ? null : Math.min(this.older, this.oldest());
  }

  /** The page before `cursor`, newest first, and where it goes on. A page that was asked for before the rows changed is not taken. */
  append(cursor, events, older) {
    if (cursor !== this.cursor()) return;
    this.rows = [...this.rows, ...events];
    this.older = older;
  }

  /** Whether there is room, and need, to fill the window from the store. */
  hollow() {
    return this.rows.length < WINDOW / 2 && this.older !== null;
  }

  full() {
    return this.rows.length >= MOST;
  }

  show(fresh) {
    const all = [...fresh, ...this.rows];
    this.rows = all;
    if (all.length > WINDOW && fresh.length > 0) this.cut(WINDOW);
  }

  cut(length) {
    this.rows = this.rows.slice(0, length);
    this.older = Infinity;
  }

  newest() {
    return this.waiting[0]?.seq ?? this.rows[0]?.seq ?? 0;
  }

  oldest() {
    return this.rows.at(-1)?.seq ?? Infinity;
  }
}
