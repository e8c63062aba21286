// Both connections, tried out: each check with what it found, and its remedy.

import { post } from "./api.js";
import { h, icon, prose, replace } from "./dom.js";
import { counted } from "./format.js";
import { button, panelHead } from "./lists.js";
import { badge, empty, fill, remedy } from "./notices.js";
import { sentence } from "./words.js";

/** Fills the panel. */
export function show(place) {
  const found = h(
    "section",
    { class: "card", "aria-label": "Checks", "aria-live": "polite" },
    empty(
      "Not tried yet.",
      "Reads a little from Entra and from ZSCloud, and writes nothing. Examine everything also looks at permissions, storage, webhook and clocks.",
    ),
  );
  const run = (path) =>
    fill(found, async () => (await post(path)).document, checks, "Asking Entra and ZSCloud");
  replace(
    place,
    panelHead(
      "Test connection",
      "Whether Entra and ZSCloud can be reached, and let us do what we have to.",
      button("Examine everything", () => run("doctor")),
      button("Run the checks", () => run("test-connection"), "primary"),
    ),
    found,
  );
}

function checks({ ok, checks: list }) {
  const count = (status) => list.filter((each) => each.status === status).length;
  const warned = count("warning") ? ` ${counted(count("warning"), "warning")}.` : "";
  const said = ok
    ? warned
      ? "Nothing failed."
      : "All is well."
    : `${count("failed")} of ${list.length} checks failed.`;
  return [
    h(
      "p",
      { class: `verdict-said ${ok ? (warned ? "warn" : "good") : "bad"}` },
      icon(ok ? "check" : "cross"),
      h("strong", {}, said, warned),
    ),
    h(
      "ul",
      { class: "checks" },
      list.map((each) =>
        h(
          "li",
          {},
          h("p", { class: "check-head" }, badge(each.status), h("strong", {}, each.name)),
          h("p", {}, prose(sentence(each.detail))),
          remedy(each.remedy),
          each.code ? h("p", { class: "faint" }, each.code) : null,
        ),
      ),
    ),
  ];
}
