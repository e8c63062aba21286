// Both connections, tried out: each check with what it found, and its remedy.

import { post } from "./api.js";
import { h, icon, prose, replace } from "./dom.js";
import { button, panelHead } from "./lists.js";
import { badge, empty, fill, remedy } from "./notices.js";

/** Fills the panel. */
export function show(place) {
  const found = h("section", { class: "card", "aria-label": "Checks", "aria-live": "polite" }, empty("Not tried yet.", "Reads a little from Entra and from ZSCloud, and writes nothing. It takes a few seconds."));
  const run = () => fill(found, async () => (await post("test-connection")).document, checks, "Asking Entra and ZSCloud");
  replace(place, panelHead("Test connection", "Whether Entra and ZSCloud can be reached, and let us do what we have to.", button("Run the checks", run, "primary")), found);
}

function checks({ ok, checks: list }) {
  const wrong = list.filter((each) => each.status !== "ok").length;
  return [
    h("p", { class: `verdict-said ${ok ? "good" : "bad"}` }, icon(ok ? "check" : "cross"), h("strong", {}, ok ? "All is well." : `${wrong} of ${list.length} checks failed.`)),
    h("ul", { class: "checks" }, list.map((each) => h("li", {},
      h("p", { class: "check-head" }, badge(each.status), h("strong", {}, each.name)),
      h("p", {}, prose(each.detail)), remedy(each.remedy), each.code ? h("p", { class: "faint" }, each.code) : null))),
  ];
}
