// The five steps, the properties that change, and what changes: the same wherever they are shown.

import { h, icon, prose } from "./dom.js";
import { attributeName, value } from "./format.js";
import { table } from "./lists.js";
import { remedy } from "./notices.js";
import { STATUSES, change, plain, sentence } from "./words.js";

const ALL = ["import", "scope", "match", "action", "export"];

/** The five steps; those that were not come to are shown as such. */
export function steps(list) {
  const found = new Map(list.map((each) => [each.name, each]));
  return h(
    "ol",
    { class: "steps" },
    ALL.map((name) => {
      const step = found.get(name);
      const known = STATUSES[step?.status] ?? {
        label: step ? plain(step.status) : "Not reached",
        tone: "mute",
        icon: "skip",
      };
      return h(
        "li",
        { class: `step ${known.tone}` },
        h("span", { class: "step-mark" }, icon(known.icon)),
        h(
          "div",
          {},
          h(
            "p",
            { class: "step-name" },
            plain(name),
            h("span", { class: `step-status ${known.tone}` }, known.label),
          ),
          step ? h("p", { class: "step-detail" }, prose(sentence(step.detail))) : null,
          remedy(step?.remedy),
        ),
      );
    }),
  );
}

/** Modified properties with their old and new values. */
export function properties(list) {
  if (!list.length) return null;
  return table(
    "Modified properties",
    [
      {
        label: "Property",
        cell: (each) => h("span", { title: each.name }, attributeName(each.name)),
      },
      { label: "Old", class: "value", cell: (each) => value(each.old) },
      { label: "New", class: "value", cell: (each) => h("strong", {}, value(each.new)) },
    ],
    list,
  );
}

/** Changes in words, each with its properties. */
export function changes(list) {
  return h(
    "ul",
    { class: "changes-list" },
    list.map((each) =>
      h(
        "li",
        {},
        h("p", {}, h("strong", {}, change(each))),
        h("p", { class: "faint" }, prose(each.reason)),
        properties(each.modified_properties),
      ),
    ),
  );
}
