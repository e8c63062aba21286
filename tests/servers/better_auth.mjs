// @better-auth/scim on its in-memory adapter, with one connection and a static bearer token.
import { scim } from "@better-auth/scim";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";

import { serve } from "./child.mjs";

const TABLES = [
  "user", "session", "account", "verification", "rateLimit",
  "scimConnectionBinding", "scimIdentityTombstone", "scimSubject", "scimUser",
  "scimProjectionGrant", "scimGroup", "scimGroupMember",
];

await serve(({ origin, token }) => {
  const auth = betterAuth({
    baseURL: origin,
    secret: "a secret that signs sessions nobody opens here",
    database: memoryAdapter(Object.fromEntries(TABLES.map((table) => [table, []]))),
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    plugins: [
      scim({
        connections: [{ id: "entra", credentials: [{ type: "bearer", id: "tests", token }] }],
      }),
    ],
  });
  return { path: "/api/auth/scim/v2", handle: toNodeHandler(auth) };
});
