// The state of the job, asked for gently: often while it works, seldom else, never unseen.

import { get, session } from "./api.js";

const WORKING = 5_000;
const IDLE = 30_000;

const listeners = new Set();
let timer = null;
let asking = null;

/** The last status, when it came, and the problem if the last call had one. */
export const known = { status: null, at: null, problem: null };

/** Calls back with every status; gives what ends that. */
export function listen(callback) {
  listeners.add(callback);
  if (known.status || known.problem) callback(known);
  return () => listeners.delete(callback);
}

/** Asks now, and goes on asking. */
export async function refresh() {
  clearTimeout(timer);
  asking ??= ask().finally(() => {
    asking = null;
  });
  await asking;
}

export function pause() {
  clearTimeout(timer);
}

export function forget() {
  pause();
  Object.assign(known, { status: null, at: null, problem: null });
}

export const isWorking = (status) => status?.state === "working";

async function ask() {
  const key = session.key;
  try {
    const status = await get("status");
    if (key !== session.key) return;
    Object.assign(known, { status, at: Date.now(), problem: null });
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    known.problem = problem;
  }
  for (const listener of listeners) listener(known);
  clearTimeout(timer);
  if (!document.hidden && known.problem?.status !== 401) {
    timer = setTimeout(refresh, isWorking(known.status) && !known.problem ? WORKING : IDLE);
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) pause();
  else if (known.status || known.problem) refresh();
});
addEventListener("offline", () => {
  if (known.status) refresh();
});
addEventListener("online", () => {
  if (known.problem) refresh();
});
