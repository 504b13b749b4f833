// The page's address is its state: which view, of what, filtered how. A link that is copied or reloaded shows the same.

import { useEffect, useState } from "./vendor/htm-preact.module.js";

export const VIEWS = ["live", "customers", "overview", "batches", "checks", "faults"];

/** Reads `#/customers/acme?mode=companies`. What is not a view is the live one. */
export function parse(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [view, ...rest] = path.split("/");
  return {
    view: VIEWS.includes(view) ? view : "live",
    id: decoded(rest.join("/")),
    params: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** Writes what `parse` reads; empty parameters are left out. */
export function link(view, id, params = {}) {
  const query = new URLSearchParams(set(params)).toString();
  const path = id ? `#/${view}/${segment(id)}` : `#/${view}`;
  return query ? `${path}?${query}` : path;
}

/** A text as one part of a path. Half a surrogate pair, of which `encodeURIComponent` makes an exception, is shown as what it is: broken. */
export function segment(text) {
  return encodeURIComponent(String(text).replace(/\p{Surrogate}/gu, "\ufffd"));
}

/** Goes there; `replace` leaves no step for the back button, as while typing. */
export function go(hash, replace = false) {
  if (hash === location.hash) return;
  if (!replace) {
    location.hash = hash;
    return;
  }
  history.replaceState(null, "", hash);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** The route of the address bar, followed. */
export function useRoute() {
  const [route, setRoute] = useState(() => parse(location.hash));
  useEffect(() => {
    const follow = () => setRoute(parse(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}

/** The parameters that have a value. */
export function set(params) {
  return Object.entries(params).filter(([, value]) => value !== undefined && value !== null && value !== "");
}

// A hand-typed `%` is no reason to show nothing.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
