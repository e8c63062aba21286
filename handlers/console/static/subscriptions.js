// The subscriptions to Graph's change notifications, with their end.

import { get, post } from "./api.js";
import { h, prose, replace } from "./dom.js";
import { ago } from "./format.js";
import { button, panelHead, table } from "./lists.js";
import { badge, empty, failure, fill, remedy, toast } from "./notices.js";
import { known, refresh } from "./status.js";
import { plain } from "./words.js";

/** Fills the panel. */
export function show(place) {
  const ours = h("section", { class: "card" });
  const all = h("section", { class: "card" });
  const report = h("div", { "aria-live": "polite" });
  const again = () => {
    standing(ours);
    fill(all, () => get("subscriptions"), listed, "Asking Graph");
  };
  replace(
    place,
    panelHead(
      "Subscriptions",
      "Graph tells of changed users and groups as long as these last. They are renewed by themselves.",
      button("Bring them up", (event) => ensure(event.currentTarget, report, again)),
    ),
    report,
    ours,
    all,
  );
  again();
}

function standing(section) {
  const list = known.status?.subscriptions ?? [];
  replace(
    section,
    h("h2", {}, "How they stand"),
    list.length
      ? table(
          "Our subscriptions",
          [
            { label: "About", cell: (each) => plain(each.resource) },
            { label: "State", cell: (each) => badge(each.state) },
            { label: "Ends", cell: (each) => (each.expires ? ago(each.expires) : "") },
            { label: "Why", wide: true, cell: (each) => prose(each.why ?? "") },
          ],
          list,
        )
      : empty(
          "Graph is not asked to call.",
          "Without NOTIFICATION_URL changes are found by the cycles alone.",
        ),
  );
}

function listed({ items }) {
  return [
    h("h2", {}, "What Graph has"),
    items.length
      ? table(
          "Subscriptions in Graph",
          [
            { label: "About", cell: (each) => plain(each.resource) },
            { label: "Whose", cell: (each) => (each.ours ? "ours" : "another deployment's") },
            { label: "Ends", cell: (each) => ago(each.expires) },
            { label: "Told of", cell: (each) => each.change_types.join(", ") },
            { label: "Host", class: "value", cell: (each) => each.host ?? "" },
            { label: "Id", class: "value", cell: (each) => h("code", {}, each.id) },
          ],
          items,
        )
      : empty("Graph has no subscription of this application."),
  ];
}

async function ensure(pressed, place, again) {
  pressed.disabled = true;
  try {
    const { document } = await post("subscriptions/ensure");
    replace(
      place,
      document.items.map((each) =>
        h(
          "div",
          { class: `notice ${each.error ? "bad" : "plain"}` },
          h(
            "p",
            {},
            h("strong", {}, plain(each.resource)),
            `: ${plain(each.action).toLowerCase()}`,
            each.why ? `; ${each.why}` : "",
          ),
          each.error ? [h("p", {}, prose(each.error.message)), remedy(each.error.remedy)] : null,
        ),
      ),
    );
    toast("The subscriptions were looked after.");
    await refresh();
    again();
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    replace(place, failure(problem));
  } finally {
    pressed.disabled = false;
  }
}
