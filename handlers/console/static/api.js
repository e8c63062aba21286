// The calls of the app: JSON in and out, and what went wrong as a Problem.

const ROOT = new URL("../", import.meta.url);
const KEY = "provisioning.key";
const OPERATOR = "provisioning.operator";
const PATIENCE = 120_000;

/** What a call found wrong: RFC 9457, or that there was no answer (status 0). */
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail ?? "");
    this.status = status;
    this.code = document.code ?? "";
    this.errors = document.errors ?? [];
    this.retryAfter = document.retryAfter ?? null;
  }
}

/** Tells of calls that were answered 401. */
export const refusals = new EventTarget();

export const session = {
  get key() {
    return sessionStorage.getItem(KEY) ?? "";
  },
  get operator() {
    return sessionStorage.getItem(OPERATOR) ?? "";
  },
  begin(key, operator) {
    sessionStorage.setItem(KEY, key);
    sessionStorage.setItem(OPERATOR, operator);
  },
  end() {
    sessionStorage.removeItem(KEY);
    sessionStorage.removeItem(OPERATOR);
  },
};

/** The document of a GET. Parameters without a value are left out. */
export async function get(path, parameters = {}, signal = null) {
  return (await call("GET", path, parameters, undefined, signal)).document;
}

/** What a POST answers: {status, document, location}. */
export async function post(path, body = {}) {
  return call("POST", path, {}, body, null);
}

/** What a GET gives that is no JSON: {text, next}, `next` the cursor that its header Link names. */
export async function getText(path, parameters = {}) {
  return call("GET", path, parameters, undefined, null, written);
}

async function call(method, path, parameters, body, signal, read = understood) {
  const url = new URL(path, ROOT);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE);
  const abort = () => patience.abort();
  signal?.addEventListener("abort", abort);
  try {
    const answer = await fetch(url, {
      method,
      headers: headers(body !== undefined),
      signal: patience.signal,
      cache: "no-store",
      credentials: "same-origin",
      redirect: "manual",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return await read(answer);
  } catch (error) {
    if (error instanceof Problem || signal?.aborted) throw error;
    throw new Problem(0, unanswered(patience.signal.aborted));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

function headers(withBody) {
  const sent = { accept: "application/json, application/problem+json" };
  if (withBody) sent["content-type"] = "application/json";
  if (session.key) sent["x-functions-key"] = session.key;
  if (session.operator) sent["x-operator"] = session.operator;
  return sent;
}

async function understood(answer) {
  // The platform leads whoever has been signed out to its sign-in.
  if (answer.type === "opaqueredirect") {
    refusals.dispatchEvent(new Event("refused"));
    throw new Problem(401, {});
  }
  const text = await answer.text();
  let document = null;
  try {
    document = JSON.parse(text);
  } catch {
    document = null;
  }
  if (answer.ok && document !== null) {
    return { status: answer.status, document, location: answer.headers.get("location") };
  }
  const retryAfter = Number(answer.headers.get("retry-after")) || null;
  const problem = new Problem(answer.status, { ...(document ?? {}), retryAfter });
  if (answer.status === 401) refusals.dispatchEvent(new Event("refused"));
  throw problem;
}

async function written(answer) {
  if (!answer.ok || answer.type === "opaqueredirect") return understood(answer);
  const [, following] = /<\?([^>]*)>; rel="next"/.exec(answer.headers.get("link") ?? "") ?? [];
  const next = following ? new URLSearchParams(following).get("after") : null;
  return { text: await answer.text(), next };
}

function unanswered(late) {
  return late
    ? { code: "NoAnswer", detail: `There was no answer within ${PATIENCE / 1000} seconds.` }
    : { code: "Offline", detail: "The app cannot be reached." };
}
