// Events as an SDK would send them.

import { randomUUID } from "node:crypto";

const LIBRARY = { name: "rust-sdk", version: "1.0.0" };

export function track(event, userId, rest = {}) {
  return { ...base("track"), event, ...(userId === undefined ? {} : { userId }), ...rest };
}

export function identify(userId, traits, rest = {}) {
  return { ...base("identify"), userId, traits, ...rest };
}

export function group(groupId, userId, traits, rest = {}) {
  return { ...base("group"), groupId, ...(userId === undefined ? {} : { userId }), ...(traits ? { traits } : {}), ...rest };
}

/** The moment so many days ago, as a timestamp. */
export function daysAgo(days) {
  return new Date(Date.now() - days * 86_400_000).toISOString();
}

function base(type) {
  return { type, messageId: randomUUID(), timestamp: new Date().toISOString(), context: { library: LIBRARY } };
}
