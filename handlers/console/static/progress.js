// The cycle at work: done, left, requests left, time left.

import { h, renew, replace } from "./dom.js";
import { ago, duration, number } from "./format.js";
import { badge } from "./notices.js";
import { to } from "./route.js";
import { plain } from "./words.js";

const OPEN = new Set(["queued", "running"]);

/** Fills the section while a cycle is open, and hides it else. */
export function progress(section, cycle, status) {
  section.hidden =
    !cycle || !(OPEN.has(cycle.status) || (status.state === "working" && cycle.progress.left > 0));
  if (section.hidden) return replace(section);
  const { done, left, requests_left: requests, seconds_left: seconds } = cycle.progress;
  const all = done + left;
  const share = all ? Math.floor((done / all) * 100) : 0;
  renew(
    section,
    h(
      "div",
      { class: "card-head" },
      h("h2", {}, `${plain(cycle.kind)} cycle`),
      badge(cycle.status),
      h(
        "span",
        { class: "faint" },
        cycle.phase ? `${plain(cycle.phase)}; ` : "",
        "begun ",
        ago(cycle.started),
      ),
      h("a", { href: to("log", "", { cycle: cycle.cycle_id }) }, "Its log"),
    ),
    h("progress", {
      class: "bar",
      max: all || 1,
      value: all ? done : null,
      "aria-label": `Progress of the ${cycle.kind} cycle`,
    }),
    h(
      "dl",
      { class: "figures" },
      figure("Done", `${number(done)}${all ? ` (${share} %)` : ""}`),
      figure("Left", number(left)),
      figure("Requests left", number(requests)),
      figure(
        "Time left",
        seconds === null || seconds === undefined ? "not known yet" : duration(seconds),
      ),
    ),
  );
}

function figure(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}
