// The settings in effect. Of a secret is known whether it is set.

import { get } from "./api.js";
import { h, prose, replace } from "./dom.js";
import { counted } from "./format.js";
import { panelHead, table } from "./lists.js";
import { empty, fill } from "./notices.js";

/** Fills the panel. */
export function show(place) {
  const list = h("section", { class: "card", "aria-label": "Settings" });
  replace(
    place,
    panelHead("Settings", "In effect now. They are changed where the app is deployed, not here."),
    list,
  );
  fill(list, () => get("settings"), settings);
}

function settings({ items }) {
  const filter = h("input", {
    id: "settings-filter",
    type: "search",
    autocomplete: "off",
    placeholder: "Part of a name or meaning",
    onInput: () => draw(),
  });
  const only = h("input", { id: "settings-changed", type: "checkbox", onChange: () => draw() });
  const rows = h("div", {});
  const fits = (each) =>
    `${each.name} ${each.meaning}`.toLowerCase().includes(filter.value.trim().toLowerCase()) &&
    (!only.checked || each.changed || each.default === null);
  function draw() {
    const shown = items.filter(fits);
    replace(
      rows,
      shown.length
        ? table(
            `Settings: ${counted(shown.length, "setting")}`,
            [
              {
                label: "Name",
                wide: true,
                cell: (each) => [h("code", { class: "name" }, each.name)],
              },
              { label: "Value", class: "value wide", cell: value },
              {
                label: "Default",
                class: "value",
                cell: (each) =>
                  each.default === null ? h("span", { class: "faint" }, "none") : each.default,
              },
              { label: "Meaning", wide: true, cell: (each) => prose(each.meaning) },
            ],
            shown,
          )
        : empty("No setting fits."),
    );
  }
  draw();
  return [
    h(
      "div",
      { class: "filters" },
      h("div", { class: "field" }, h("label", { for: "settings-filter" }, "Show only"), filter),
      h(
        "p",
        { class: "every" },
        only,
        h("label", { for: "settings-changed" }, "Other than the default"),
      ),
    ),
    rows,
  ];
}

function value(each) {
  const changed = each.changed ? [" ", h("span", { class: "mark" }, "changed")] : null;
  if (each.secret) return h("span", { class: "faint" }, each.set ? "set, and secret" : "not set");
  return each.set
    ? [each.changed ? h("strong", {}, each.value) : each.value, changed]
    : h("span", { class: "faint" }, "not set");
}
