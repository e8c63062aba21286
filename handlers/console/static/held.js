// What the brake holds: the plans, and what was decided to stay.

import { get } from "./api.js";
import { h, prose, replace } from "./dom.js";
import { ago, amounts, counted, moment } from "./format.js";
import { panelHead, table } from "./lists.js";
import { badge, empty, fill } from "./notices.js";
import { showPlan } from "./plan.js";
import { to } from "./route.js";
import { listen } from "./status.js";
import { action } from "./words.js";

/** Fills the panel: one plan if the address names it, else all. */
export function show(place, route) {
  if (route.argument) return showPlan(place, route.argument);
  const plans = h("section", { "aria-label": "Plans" });
  replace(
    place,
    panelHead(
      "Held plans",
      "Removals above the limit wait here until somebody decides. Everything else goes on.",
    ),
    plans,
  );
  let seen = null;
  return listen(({ status }) => {
    const now = JSON.stringify([
      status?.held_plans.map((each) => [each.id, each.state]),
      status?.kept,
    ]);
    if (now === seen) return;
    seen = now;
    fill(plans, () => get("held"), all);
  });
}

function all({ items, kept }) {
  const open = items.filter((each) => each.state === "pending");
  const past = items.filter((each) => each.state !== "pending");
  return [
    open.length
      ? open.map(card)
      : h(
          "div",
          { class: "card" },
          empty(
            "Nothing waits for a decision.",
            "When many would be taken away at once, they are held and listed here, by name.",
          ),
        ),
    kept.length
      ? h(
          "section",
          { class: "card" },
          h("h2", {}, `Kept by decision: ${counted(kept.length, "change")}`),
          table(
            "Kept by decision",
            [
              {
                label: "Who",
                wide: true,
                cell: (each) => h("a", { href: to("find", each.source_id) }, each.name),
              },
              { label: "Instead of", cell: (each) => action(each.action) },
              { label: "Note", wide: true, cell: (each) => each.note },
              {
                label: "Decided",
                cell: (each) => [ago(each.at), h("span", { class: "faint sub" }, each.by)],
              },
            ],
            kept,
          ),
        )
      : null,
    past.length
      ? h(
          "section",
          { class: "card" },
          h("h2", {}, "Decided before"),
          table(
            "Decided plans",
            [
              {
                label: "Plan",
                cell: (each) => h("a", { href: to("held", each.id) }, moment(each.created)),
              },
              { label: "State", cell: (each) => badge(each.state) },
              { label: "About", wide: true, cell: (each) => amounts(each.counts) },
              {
                label: "By",
                cell: (each) => each.decided_by ?? h("span", { class: "faint" }, "nobody"),
              },
              { label: "Note", wide: true, cell: (each) => each.note ?? "" },
            ],
            past,
          ),
        )
      : null,
  ];
}

function card(plan) {
  return h(
    "article",
    { class: "card plan" },
    h(
      "div",
      { class: "card-head" },
      h("h2", {}, `Would take away ${amounts(plan.counts)}`),
      badge(plan.state),
    ),
    h("p", {}, prose(plan.cause)),
    h(
      "p",
      { class: "faint" },
      "Held ",
      ago(plan.created),
      "; expires ",
      ago(plan.expires),
      ", and is then held anew.",
    ),
    h(
      "p",
      { class: "buttons start" },
      h("a", { class: "button primary", href: to("held", plan.id) }, "Review and decide"),
    ),
  );
}
