// Whom an accepted event counts for, and why.

import { html } from "../vendor/htm-preact.module.js";
import { path, useQuery } from "../api.js";
import { link, segment } from "../route.js";
import { Data, plural } from "../text.js";
import { Fact } from "./detail.js";

export function Attribution({ event, mode }) {
  if (event.type !== "track") return html`<${Fact} name="Means">${meaning(event)}<//>`;
  const groups = mode === "individuals" ? [] : (event.groups ?? []);
  const customers = mode === "individuals" ? [event.userId].filter((id) => id !== undefined) : groups;
  return html`<${Fact} name="Counts for">
    ${customers.map((id) => html`<${Name} key=${id} id=${id} mode=${mode} />`)}
    <span class="why">${why(event, mode, customers)}</span>
  <//>`;
}

function Name({ id, mode }) {
  const { data } = useQuery(path(`/dev/customers/${segment(id)}`, { mode }));
  return html`<a class="customer-link" href=${link("customers", id, { mode })}><${Data} value=${data?.name ?? id} max=${80} /></a>`;
}

function why(event, mode, customers) {
  if (mode === "individuals") return customers.length > 0 ? "the user it names" : "nobody: it names no user, and customers are users here";
  if (event.groupId !== undefined) return "because it names this group";
  if (customers.length === 0) return "no group yet: a group() call with this user links them, and then this event counts too";
  return customers.length === 1 ? "because the user is linked to it" : `because the user is linked to ${plural(customers.length, "group")}`;
}

function meaning(event) {
  if (event.type === "identify") return "sets traits of the user";
  return event.userId === undefined ? "sets traits of the group" : "links the user to the group, and sets the group's traits if it has any";
}
