// What the last reconcile found in ZSCloud: edits by hand, and who is nobody's.

import { get } from "./api.js";
import { h, replace } from "./dom.js";
import { ago, attributeName, number, value } from "./format.js";
import { pages, panelHead, table } from "./lists.js";
import { empty } from "./notices.js";
import { to } from "./route.js";
import { plain } from "./words.js";

const OUTCOMES = { repaired: "Put right", reported: "Told of", left: "Left as it is" };

/** Fills the panel. */
export function show(place) {
  replace(
    place,
    panelHead(
      "Drift and orphans",
      "What the last reconcile found in ZSCloud that is not our doing.",
    ),
    h(
      "section",
      { class: "card" },
      h("h2", {}, "Edits by hand"),
      pages((after) => get("drift", { after }), findings),
    ),
    h(
      "section",
      { class: "card" },
      h("h2", {}, "Orphans: nobody's in ZSCloud"),
      h(
        "p",
        { class: "faint" },
        "Users and groups that no assignment explains. They are never touched.",
      ),
      pages((after) => get("orphans", { after }), orphans),
    ),
  );
}

function findings({ items, report }, page) {
  if (!report)
    return empty(
      "No reconcile has run yet.",
      "The first one runs on its schedule, or with Run a cycle.",
    );
  const sums = h(
    "p",
    { class: "faint" },
    `${number(report.found)} found: ${number(report.repaired)} put right, ${number(report.reported)} told of, ${number(report.left)} left as they are. Looked at `,
    ago(report.at),
    ".",
  );
  if (!items.length)
    return [sums, empty(page > 1 ? "That was all." : "Nobody has edited anything by hand.")];
  return [
    sums,
    table(
      "Edits by hand",
      [
        {
          label: "Object",
          wide: true,
          cell: (each) => [
            h("a", { href: to("find", each.source_id) }, each.name),
            h("span", { class: "faint sub" }, plain(each.object_type)),
          ],
        },
        {
          label: "What",
          cell: (each) =>
            each.what === "attribute"
              ? attributeName(each.attribute)
              : [
                  plain(each.what),
                  each.member
                    ? h(
                        "span",
                        { class: "faint sub" },
                        each.member.name ?? each.member.source_id ?? each.member.target_id,
                      )
                    : null,
                ],
        },
        { label: "Expected", class: "value", cell: (each) => value(each.expected) },
        { label: "Found", class: "value", cell: (each) => h("strong", {}, value(each.found)) },
        { label: "Outcome", cell: (each) => OUTCOMES[each.treatment] ?? plain(each.treatment) },
      ],
      items,
    ),
  ];
}

function orphans({ items, report }, page) {
  if (!report) return empty("No reconcile has run yet.");
  if (!items.length)
    return empty(page > 1 ? "That was all." : "Everybody in ZSCloud is somebody's.");
  return table(
    "Orphans",
    [
      { label: "Name", wide: true, cell: (each) => h("span", { class: "name" }, each.name) },
      { label: "Type", cell: (each) => plain(each.type) },
      {
        label: "Active",
        cell: (each) =>
          each.active === null
            ? h("span", { class: "faint" }, "not told")
            : each.active
              ? "yes"
              : "no",
      },
      {
        label: "External id",
        class: "value",
        cell: (each) => (each.external_id ? h("code", {}, each.external_id) : value(null)),
      },
      { label: "Id in ZSCloud", class: "value", cell: (each) => h("code", {}, each.target_id) },
      { label: "Protected", cell: (each) => (each.protected ? "protected" : "") },
    ],
    items,
  );
}
