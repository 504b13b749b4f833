// Questions to `klime dev`, and a hook that asks again when something has arrived.

import { useEffect, useRef, useState } from "./vendor/htm-preact.module.js";
import { set } from "./route.js";

/** An answer that says no; the message is the server's. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Nobody answered; the frame of the page says so. */
export class Unreachable extends Error {
  constructor() {
    super("klime dev does not answer.");
  }
}

export function path(base, params = {}) {
  const query = new URLSearchParams(set(params)).toString();
  return query ? `${base}?${query}` : base;
}

export async function get(url, signal) {
  return JSON.parse(await getText(url, signal));
}

/** The answer as it was written: JSON.parse would round long numbers. */
export async function getText(url, signal) {
  const response = await answer(url, { signal });
  return reached(response.text(), signal);
}

export async function send(method, url, body) {
  const options = { method };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  const text = await (await answer(url, options)).text();
  return text === "" ? null : JSON.parse(text);
}

async function answer(url, options) {
  const response = await reached(fetch(url, options), options.signal);
  if (response.ok) return response;
  const said = await response.json().catch(() => null);
  throw new ApiError(response.status, said?.error ?? `klime dev answered ${response.status}`);
}

// What a browser says of a broken connection is not for the reader.
function reached(promise, signal) {
  return promise.catch((error) => {
    throw signal?.aborted ? error : new Unreachable();
  });
}

/**
 * `{ data, error, loading }` of a question. It is asked again when the url or `beat` changes; the last answer to the same url stays until the
 * next is there, so that nothing flickers.
 */
export function useQuery(url, beat = 0) {
  const [result, setResult] = useState({ url: null, data: null, error: null });
  const asker = useRef(null);
  useEffect(() => {
    if (url === null) return undefined;
    asker.current = new Asker(url, setResult);
    return () => asker.current.stop();
  }, [url]);
  useEffect(() => {
    if (url !== null) asker.current.ask();
  }, [url, beat]);
  const stale = result.url !== url;
  return { data: stale ? null : result.data, error: stale ? null : result.error, loading: stale && url !== null };
}

// One question at a time: however fast the beats come, an answer is waited for, and one more question follows it.
class Asker {
  constructor(url, setResult) {
    this.url = url;
    this.setResult = setResult;
    this.controller = new AbortController();
    this.running = false;
    this.again = false;
  }

  async ask() {
    this.again = true;
    if (this.running) return;
    this.running = true;
    while (this.again && !this.controller.signal.aborted) {
      this.again = false;
      await this.once();
    }
    this.running = false;
  }

  async once() {
    try {
      const data = await get(this.url, this.controller.signal);
      this.setResult({ url: this.url, data, error: null });
    } catch (error) {
      if (this.controller.signal.aborted) return;
      const told = error instanceof Unreachable ? null : error;
      this.setResult((last) => ({ url: this.url, data: last.url === this.url ? last.data : null, error: told }));
    }
  }

  stop() {
    this.controller.abort();
  }
}
