// What failed and is tried again by itself, or at once when somebody says so.

import { get, post } from "./api.js";
import { ask } from "./dialog.js";
import { h, prose, replace } from "./dom.js";
import { ago, counted, number } from "./format.js";
import { button, pages, panelHead, rowButton, table } from "./lists.js";
import { empty, remedy, toast } from "./notices.js";
import { to } from "./route.js";
import { known, refresh } from "./status.js";
import { plain } from "./words.js";

/** Fills the panel. */
export function show(place) {
  const again = () => show(place);
  const poison = known.status?.poison ?? [];
  replace(
    place,
    panelHead(
      "Escrow",
      "Users and groups that failed. Each is tried again by itself, less and less often.",
      button("Retry all now", () => retryAll(again)),
    ),
    poison.length
      ? h(
          "section",
          { class: "card" },
          h("h2", {}, `Messages set aside: ${number(poison.length)}`),
          poison.map((each) =>
            h(
              "div",
              { class: "notice warn" },
              h("p", {}, prose(each.reason)),
              remedy(each.remedy),
              h("p", { class: "faint" }, each.queue, ", ", ago(each.since)),
            ),
          ),
        )
      : null,
    h(
      "section",
      { class: "card", "aria-label": "Entries" },
      pages(
        (after) => get("escrow", { after }),
        (page, n) => entries(page, n, again),
      ),
    ),
  );
}

function entries({ items }, page, again) {
  if (!items.length)
    return empty(
      page > 1 ? "That was all." : "Nothing is in escrow.",
      page > 1
        ? ""
        : "Whatever ZSCloud refuses comes here, with the reason and what to do about it.",
    );
  return table(
    "Escrow",
    [
      {
        label: "Who",
        wide: true,
        cell: (each) => [
          h("a", { href: to("find", each.source_id) }, each.name),
          h(
            "span",
            { class: "faint sub" },
            `${plain(each.object_type)}; ${plain(each.aspect).toLowerCase()}`,
          ),
        ],
      },
      {
        label: "Why",
        wide: true,
        cell: (each) => [
          prose(each.reason),
          remedy(each.remedy),
          h("span", { class: "faint sub" }, each.error_code),
        ],
      },
      { label: "Tries", number: true, cell: (each) => number(each.tries) },
      { label: "Since", cell: (each) => ago(each.since) },
      { label: "Next try", cell: (each) => ago(each.next_try) },
      {
        label: "Retry",
        unsaid: true,
        class: "act",
        cell: (each) =>
          rowButton("Retry now", each.name, (event) => retryOne(event.currentTarget, each, again)),
      },
    ],
    items,
  );
}

async function retryOne(pressed, entry, again) {
  pressed.disabled = true;
  try {
    await post("escrow/retry-now", { ids: [entry.source_id] });
    toast(`${entry.name} is tried at once.`);
    refresh();
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    toast(problem.message, "bad");
    if (problem.status === 400) again();
  } finally {
    pressed.disabled = false;
  }
}

async function retryAll(again) {
  const count = known.status?.escrow ?? 0;
  const done = await ask({
    title: `Retry ${counted(count, "object")} now?`,
    body: h(
      "p",
      {},
      "Everything in escrow is tried at once, as if for the first time. What is still wrong comes back.",
    ),
    label: `Retry ${number(count)}`,
    act: async () => (await post("escrow/retry-now", {})).document,
  });
  if (!done) return;
  toast(`${counted(done.items.length, "object")}: tried at once.`);
  refresh();
  again();
}
