// What the Node servers share: they run as children of the test suite.
//
//   node <server>.mjs [port]        port 0, the default, takes a free one
//
// The bearer token is read from SCIM_SERVER_TOKEN. When ready, one JSON line {url, token} goes to
// stdout. A line "reset" on stdin starts again with an empty server, answered by {"reset": true}.
// The end of stdin ends the process, so no server outlives the suite that started it.
import { createServer } from "node:http";
import { createInterface } from "node:readline";

const HOST = "127.0.0.1";
// Longer than any client keeps an idle connection: the client closes first, and never writes a
// request into a connection that this side is closing.
const KEEP_ALIVE_MS = 120_000;

/** Serve what `build({origin, token})` returns: {path, handle(request, response)}. */
export async function serve(build) {
  const token = process.env.SCIM_SERVER_TOKEN;
  if (!token) throw new Error("SCIM_SERVER_TOKEN is not set");
  let service;
  const server = createServer((request, response) => service.handle(request, response));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(Number(process.argv[2] ?? 0), HOST, resolve);
  });
  const origin = `http://${HOST}:${server.address().port}`;
  service = await build({ origin, token });
  say({ url: origin + service.path, token });

  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() !== "reset") throw new Error(`unknown command: ${line}`);
    service = await build({ origin, token });
    say({ reset: true });
  }
  process.exit(0);
}

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
