// The page: who asks, the line of state, the panels, and what leads from one to another.

import { refusals, session } from "./api.js";
import { h, icon, prose, replace } from "./dom.js";
import { number, relative, since, zone } from "./format.js";
import { gate } from "./gate.js";
import { failure, loading } from "./notices.js";
import { here, to } from "./route.js";
import { forget, listen, pause, refresh } from "./status.js";
import { STATES, why } from "./words.js";

const PANELS = {
  now: { label: "Now", file: "./overview.js" },
  held: { label: "Held plans", file: "./held.js", count: (status) => status.held },
  log: { label: "Log", file: "./log.js" },
  find: { label: "Find", file: "./find.js" },
  escrow: { label: "Escrow", file: "./escrow.js", count: (status) => status.escrow },
  drift: { label: "Drift and orphans", file: "./drift.js" },
  subscriptions: { label: "Subscriptions", file: "./subscriptions.js" },
  connection: { label: "Test connection", file: "./connection.js" },
  settings: { label: "Settings", file: "./settings.js" },
};

const main = document.getElementById("main");
const line = document.getElementById("line");
const nav = document.getElementById("nav");
const leave = document.getElementById("leave");
const search = document.getElementById("search");
let leavePanel = () => {};
let inside = false;
let turn = 0;

/** Shows the panel of the address. `focus`: somebody went there, and goes on from its title. */
async function showPanel(focus) {
  leavePanel();
  leavePanel = () => {};
  const route = here();
  const panel = PANELS[route.panel] ? route.panel : "now";
  const mine = ++turn;
  for (const link of nav.querySelectorAll("a")) {
    if (link.dataset.panel === panel) {
      link.setAttribute("aria-current", "page");
      nav.scrollLeft = link.offsetLeft - (nav.clientWidth - link.offsetWidth) / 2;
    } else link.removeAttribute("aria-current");
  }
  document.body.dataset.panel = panel;
  if (panel !== "find") search.elements.who.value = "";
  document.title = `${PANELS[panel].label} · ZSCloud provisioning`;
  const place = h("div", { class: "panel" });
  replace(main, loading());
  try {
    const module = await import(PANELS[panel].file);
    if (mine !== turn) return;
    replace(main, place);
    leavePanel = module.show(place, route) ?? (() => {});
  } catch (error) {
    replace(
      main,
      failure(
        {
          status: 0,
          code: "NotLoaded",
          message: "A part of the page could not be loaded.",
          errors: [],
        },
        () => location.reload(),
      ),
    );
    throw error;
  }
  if (focus) place.querySelector("h1")?.focus();
  scrollTo(0, 0);
}

function showNav(status) {
  for (const link of nav.querySelectorAll("a")) {
    const count = PANELS[link.dataset.panel].count?.(status) ?? 0;
    const shown = link.querySelector(".count");
    shown.hidden = count === 0;
    const text = count ? number(count) : "";
    if (shown.textContent !== text) shown.textContent = text;
  }
}

/** The state in one line. It is rewritten only when it says something else, so that it is read out once. */
function showLine({ status, problem }) {
  if (!inside) return;
  const state = STATES[status?.state] ?? STATES.off;
  const said = JSON.stringify([status?.state, status?.why, status?.since, problem?.code]);
  if (line.dataset.said === said) return;
  line.dataset.said = said;
  const tone = status?.state === "healthy" && status.alarms.length ? "warn" : state.tone;
  line.className = `line ${problem ? "bad" : tone}`;
  replace(
    line,
    h(
      "span",
      { class: "line-state" },
      icon(problem ? "bang" : state.icon),
      problem ? "Not up to date" : state.label,
    ),
    h(
      "span",
      { class: "line-why" },
      problem ? problem.message || problem.code : prose(why(status)),
    ),
    !problem && status.since
      ? h("span", { class: "line-since", "aria-hidden": "true" }, since(status.since))
      : null,
  );
}

function enter() {
  inside = false;
  forget();
  replace(main, loading("Asking"));
  refresh();
}

function admit() {
  inside = true;
  nav.hidden = line.hidden = false;
  leave.hidden = !session.key;
  showPanel(false);
}

function shut(problem) {
  inside = false;
  turn += 1;
  pause();
  leavePanel();
  leavePanel = () => {};
  nav.hidden = line.hidden = leave.hidden = true;
  delete line.dataset.said;
  replace(main, gate(problem, enter));
  document.title = "ZSCloud provisioning";
  main.querySelector("input")?.focus();
}

listen((now) => {
  if (now.problem?.status === 401) return shut(now.problem);
  if (!inside && now.status) admit();
  else if (!inside && now.problem.status === 403) return shut(now.problem);
  else if (!inside) return replace(main, failure(now.problem, enter));
  showLine(now);
  if (now.status) showNav(now.status);
});
refusals.addEventListener("refused", () => {
  if (inside) shut({ status: 401, code: "", errors: [] });
});

for (const [name, panel] of Object.entries(PANELS)) {
  nav.append(
    h(
      "a",
      { href: to(name), "data-panel": name },
      h("span", {}, panel.label),
      h("span", { class: "count", hidden: true }),
    ),
  );
}
leave.addEventListener("click", () => {
  session.end();
  forget();
  shut(null);
});
document.getElementById("skip").addEventListener("click", () => main.focus());
search.addEventListener("submit", (event) => {
  event.preventDefault();
  const who = search.elements.who.value.trim();
  if (!who) return search.elements.who.focus();
  const address = to("find", who);
  if (location.hash === address) showPanel(true);
  else location.hash = address;
});
addEventListener("hashchange", () => {
  if (inside) showPanel(true);
});
document.getElementById("zone").textContent = zone();
setInterval(() => {
  for (const time of document.querySelectorAll("time[data-ago]"))
    time.textContent = relative(time.dateTime);
}, 30_000);
if (session.key || mayEnter()) enter();
else shut(null);

/** Whether a call without a key may be answered: with the platform's sign-in, and by `serve`. */
function mayEnter() {
  return (
    "signIn" in document.documentElement.dataset ||
    /^(localhost|127\..*|\[::1\])$/.test(location.hostname)
  );
}
