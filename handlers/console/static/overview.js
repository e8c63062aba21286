// Now: the state with its alarms, the cycle at work, numbers that lead on, and how it has been.

import { get } from "./api.js";
import { controls } from "./controls.js";
import { cycles } from "./cycles.js";
import { h, icon, prose, renew, replace } from "./dom.js";
import { ago, counted, duration, number, since } from "./format.js";
import { latency } from "./latency.js";
import { panelHead } from "./lists.js";
import { fill } from "./notices.js";
import { progress } from "./progress.js";
import { to } from "./route.js";
import { listen } from "./status.js";
import { STATES, why } from "./words.js";

const LANES = { 1: "leavers", 2: "on demand", 3: "live changes", 4: "initial and reconcile" };
const LEADS = {
  held: "held",
  held_expiring: "held",
  held_expired: "held",
  escrow_growing: "escrow",
  subscription: "subscriptions",
  token_refused: "connection",
  cycle_failed: "log",
};

/** Fills the panel. Gives what ends its updates. */
export function show(place) {
  const state = h("section", { class: "card hero", "aria-label": "State" });
  const work = h("section", { class: "card", "aria-label": "The cycle at work", hidden: true });
  const tiles = h("section", { class: "tiles", "aria-label": "Numbers" });
  const history = h("section", { class: "card", "aria-label": "Last cycles" });
  const pace = h("section", { class: "card", "aria-label": "Latency" });
  const buttons = controls();
  replace(
    place,
    panelHead("Now", null, buttons.element),
    state,
    work,
    tiles,
    h("div", { class: "two" }, history, pace),
  );
  let seen = null;
  return listen(({ status }) => {
    if (!status) return;
    renew(state, hero(status));
    buttons.update(status);
    progress(work, status.cycle, status);
    renew(tiles, numbers(status));
    const cycle = JSON.stringify([status.cycle?.cycle_id, status.cycle?.status]);
    if (cycle === seen) return;
    seen = cycle;
    fill(history, () => get("cycles", { limit: 30 }), cycles);
    fill(
      pace,
      () => get("latency"),
      (found) => latency(found, status.latency),
    );
  });
}

function hero(status) {
  const state = STATES[status.state] ?? STATES.off;
  const alarmed = status.state === "healthy" && status.alarms.length > 0;
  const tone = alarmed ? "warn" : state.tone;
  return [
    h(
      "div",
      { class: `hero-state ${tone}` },
      h("span", { class: "hero-icon" }, icon(alarmed ? "bang" : state.icon)),
      h(
        "div",
        {},
        h("p", { class: "hero-word" }, state.label, alarmed ? ", with alarms" : ""),
        h("p", { class: "hero-why" }, prose(why(status))),
        h(
          "p",
          { class: "faint" },
          status.since ? [since(status.since, "Since"), ". "] : null,
          "Last success ",
          ago(status.last_success),
          ".",
        ),
      ),
    ),
    status.stopped?.why
      ? h("p", { class: "note" }, h("strong", {}, "Note: "), status.stopped.why)
      : null,
    status.quarantine
      ? h(
          "p",
          { class: "note" },
          h("strong", {}, "To do: "),
          prose(status.quarantine.remedy),
          " Tried again ",
          ago(status.quarantine.next_probe),
          ".",
        )
      : null,
    status.cycle?.error && status.state !== "quarantined"
      ? h("p", { class: "note" }, h("strong", {}, "To do: "), prose(status.cycle.error.remedy))
      : null,
    status.token.warning ? h("p", { class: "note" }, prose(status.token.warning)) : null,
    status.alarms.length ? h("ul", { class: "alarms" }, status.alarms.map(alarm)) : null,
  ];
}

function alarm(each) {
  const lead = LEADS[each.code];
  return h(
    "li",
    {},
    icon("bang"),
    h("span", {}, prose(each.sentence), " ", h("span", { class: "faint" }, since(each.since))),
    lead
      ? h(
          "a",
          { href: lead === "log" ? to("log", "", { status: "failure" }) : to(lead) },
          "Look at it",
        )
      : null,
  );
}

function numbers(status) {
  const lanes = Object.entries(status.lanes).filter(([, count]) => count > 0);
  const waiting = lanes.reduce((sum, [, count]) => sum + count, 0);
  const { latency: pace } = status;
  return [
    tile(
      "To be decided",
      number(status.held),
      status.held ? "removals are held" : "nothing is held",
      to("held"),
      status.held ? "warn" : "",
    ),
    tile(
      "In escrow",
      number(status.escrow),
      status.escrow ? "failed, tried again by itself" : "nothing has failed",
      to("escrow"),
      status.escrow ? "warn" : "",
    ),
    tile(
      "Waiting work",
      number(waiting),
      lanes.map(([lane, count]) => `${number(count)} ${LANES[lane]}`).join(", ") || "all is done",
    ),
    tile(
      "Change to ZSCloud",
      pace.p50_seconds === null ? "–" : duration(pace.p50_seconds),
      pace.p50_seconds === null
        ? "no change in the last day"
        : `median; 99 % within ${duration(pace.p99_seconds)} (${counted(pace.changes, "change")} in a day)`,
    ),
    tile(
      "Entra read",
      status.watermark_age_seconds === null
        ? "never"
        : `${duration(status.watermark_age_seconds)} ago`,
      status.notifications.last
        ? ["last told ", ago(status.notifications.last)]
        : "Graph has told of nothing in the last day",
    ),
    tile(
      "Kept by decision",
      number(status.kept),
      `${number(status.due_deletions)} wait to be deleted`,
      to("held"),
    ),
  ];
}

function tile(name, value, detail, href = null, tone = "") {
  return h(
    href ? "a" : "div",
    { class: `tile ${tone}`, href },
    h("span", { class: "tile-name" }, name),
    h("span", { class: "tile-value" }, value),
    h("span", { class: "tile-detail" }, detail),
  );
}
