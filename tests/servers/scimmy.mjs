// SCIMMY behind its Express routers, over two maps in memory.
//
// SCIMMY itself parses, validates, filters, pages and applies PATCH. What an application adds is
// here: ids, dates, uniqueness, and that a deleted user leaves its groups. Members are kept as
// SCIMMY hands them over, so a member that is added twice is there twice.
import { randomUUID } from "node:crypto";

import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

import { serve } from "./child.mjs";

const users = new Map();
const groups = new Map();
const { Error: ScimError } = SCIMMY.Types;

/** The stored resource that a request names, or 404 (RFC 7644 section 3.12). */
function found(store, id) {
  const stored = store.get(id);
  if (!stored) throw new ScimError(404, null, `Resource ${id} not found`);
  return stored;
}

/** Refuse a name that another resource has, whatever its case (RFC 7644 section 3.3). */
function refuseDuplicate(store, id, attribute, value) {
  const name = value.toLowerCase();
  for (const other of store.values()) {
    if (other.id !== id && other[attribute].toLowerCase() === name) {
      throw new ScimError(409, "uniqueness", `${attribute} '${value}' is taken`);
    }
  }
}

/** Store a whole resource: new without an id, else in the place of the one that has it. */
function ingress(store, attribute) {
  return (resource, data) => {
    const before = resource.id ? found(store, resource.id) : undefined;
    const id = before?.id ?? randomUUID();
    refuseDuplicate(store, id, attribute, data[attribute]);
    const now = new Date().toISOString();
    const meta = { created: before?.meta.created ?? now, lastModified: now };
    const stored = { ...JSON.parse(JSON.stringify(data)), id, meta };
    store.set(id, stored);
    return shown(stored);
  };
}

/** One resource by its id, else all that SCIMMY's own filter matches. */
function egress(store) {
  return (resource) => {
    if (resource.id) return shown(found(store, resource.id));
    const all = [...store.values()].map(shown);
    return resource.filter ? resource.filter.match(all) : all;
  };
}

/** A copy for SCIMMY to work on. A user shows its groups, which are read-only (RFC 7643 4.1.2). */
function shown(stored) {
  const copy = structuredClone(stored);
  if (!users.has(stored.id)) return copy;
  const memberOf = [...groups.values()].filter((group) => has(group, stored.id));
  return { ...copy, groups: memberOf.map(({ id, displayName }) => ({ value: id, display: displayName })) };
}

function has(group, id) {
  return group.members?.some((member) => member.value === id) ?? false;
}

function deleteUser({ id }) {
  users.delete(found(users, id).id);
  for (const group of groups.values()) {
    if (has(group, id)) group.members = group.members.filter((member) => member.value !== id);
  }
}

SCIMMY.Resources.declare(SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false))
  .ingress(ingress(users, "userName"))
  .egress(egress(users))
  .degress(deleteUser);
SCIMMY.Resources.declare(SCIMMY.Resources.Group)
  .ingress(ingress(groups, "displayName"))
  .egress(egress(groups))
  .degress(({ id }) => void groups.delete(found(groups, id).id));

await serve(({ origin, token }) => {
  users.clear();
  groups.clear();
  const app = express();
  const handler = (request) => {
    if (request.header("Authorization") !== `Bearer ${token}`) throw new Error("Wrong token");
    return "";
  };
  app.use("/scim/v2", new SCIMMYRouters({ type: "bearer", handler, baseUri: () => origin }));
  return { path: "/scim/v2", handle: app };
});
