// Tables that are lists of cards on a phone, and pages of them.

import { h, replace } from "./dom.js";
import { fill } from "./notices.js";

/** A table. Columns are {label, cell(item), wide?, number?, unsaid?}; `caption` is for those who hear it. */
export function table(caption, columns, items, row = () => ({})) {
  const head = columns.map((each) =>
    h(
      "th",
      { role: "columnheader", scope: "col", class: each.number ? "number" : null },
      each.unsaid ? h("span", { class: "visually-hidden" }, each.label) : each.label,
    ),
  );
  const body = items.map((item, n) =>
    h(
      "tr",
      { role: "row", ...row(item, n) },
      columns.map((each) =>
        h(
          "td",
          {
            role: "cell",
            class:
              [each.number ? "number" : "", each.wide ? "wide" : "", each.class ?? ""]
                .join(" ")
                .trim() || null,
            "data-label": each.unsaid ? null : each.label,
          },
          each.cell(item, n),
        ),
      ),
    ),
  );
  return h(
    "table",
    { class: "table", role: "table" },
    h("caption", { class: "visually-hidden" }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head)),
    h("tbody", { role: "rowgroup" }, body),
  );
}

/**
 * Pages of a list that the app gives by cursor: one at a time, with a way back.
 * `load(after)` gives {items, next}; `show(page, number)` gives the elements of one.
 */
export function pages(load, show, words = { back: "Back", on: "More" }) {
  const place = h("div", { class: "pages" });
  const behind = [];
  const turn = (after) =>
    fill(
      place,
      () => load(after),
      (page) => [
        show(page, behind.length + 1),
        behind.length || page.next
          ? h(
              "nav",
              { class: "pager", "aria-label": "Pages" },
              h(
                "button",
                {
                  type: "button",
                  class: "button",
                  disabled: behind.length === 0,
                  onClick: () => turn(behind.pop()),
                },
                words.back,
              ),
              h("span", {}, `Page ${behind.length + 1}`),
              h(
                "button",
                {
                  type: "button",
                  class: "button",
                  disabled: !page.next,
                  onClick: () => {
                    behind.push(after);
                    turn(page.next);
                  },
                },
                words.on,
              ),
            )
          : null,
      ],
    );
  turn("");
  return place;
}

/** Definitions: pairs of a word and what it is. Pairs without a value are left out. */
export function pairs(rows) {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h(
    "dl",
    { class: "pairs" },
    shown.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );
}

/** The head of a panel: its title, a sentence, and buttons. */
export function panelHead(title, sentence, ...buttons) {
  return h(
    "div",
    { class: "panel-head" },
    h(
      "div",
      {},
      h("h1", { tabindex: "-1" }, title),
      sentence ? h("p", { class: "faint" }, sentence) : null,
    ),
    buttons.length ? h("div", { class: "buttons" }, buttons) : null,
  );
}

export function button(label, onClick, kind = "") {
  return h("button", { type: "button", class: `button ${kind}`.trim(), onClick }, label);
}

/** A small button in a row of a table; `about` is whose row it is, for who does not see it. */
export function rowButton(label, about, onClick) {
  return h(
    "button",
    { type: "button", class: "button small", "aria-label": `${label}: ${about}`, onClick },
    label,
  );
}
