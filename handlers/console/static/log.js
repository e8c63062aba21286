// The provisioning log: filters that are in the address, pages, and the details of an entry.

import { get } from "./api.js";
import { downloadButton } from "./download.js";
import { h, prose, replace } from "./dom.js";
import { moment, number } from "./format.js";
import { openEntry } from "./entry.js";
import { pages, panelHead, rowButton, table } from "./lists.js";
import { badge, empty } from "./notices.js";
import { to } from "./route.js";
import { ACTIONS, STATUSES, action, plain } from "./words.js";

const SIZE = 50;
const LOOKS = 5;
const TIMES = {
  "": "All that is kept",
  "1h": "The last hour",
  "24h": "The last 24 hours",
  "7d": "The last 7 days",
  "30d": "The last 30 days",
};
const FIELDS = [
  ...["since", "until", "status", "action", "principal", "target"],
  ...["error_code", "cause", "cycle"],
];

/** Fills the panel. */
export function show(place, route) {
  const asked = Object.fromEntries(FIELDS.map((name) => [name, route.query.get(name) ?? ""]));
  replace(
    place,
    panelHead("Log", "One entry for each attempt, newest first: what was done, and why."),
    filters(asked),
    h(
      "section",
      { class: "card", "aria-label": "Entries" },
      pages(
        (after) => look(asked, after),
        (page, n) => entries(page, n, asked),
        { back: "Newer", on: "Older" },
      ),
    ),
  );
}

function filters(asked) {
  const form = h(
    "form",
    { class: "filters card", "aria-label": "Filters" },
    select("since", "Since", TIMES, asked.since),
    field("until", "Until", asked.until, "2h, or 2026-01-31T08:00Z"),
    select(
      "status",
      "Status",
      {
        "": "Any",
        ...named(["success", "failure", "held", "skipped"], (word) => STATUSES[word].label),
      },
      asked.status,
    ),
    select("action", "Action", { "": "Any", ...ACTIONS }, asked.action),
    field("principal", "User or group", asked.principal, "name@example.com"),
    field("target", "Object in ZSCloud", asked.target, "its id or name"),
    field("error_code", "Error or reason code", asked.error_code, "Rejected"),
    field("cause", "Cause", asked.cause, "on_demand"),
    field("cycle", "Cycle", asked.cycle, "its id"),
    h(
      "div",
      { class: "buttons" },
      h("button", { type: "submit", class: "button primary" }, "Filter"),
      h("a", { class: "button", href: to("log") }, "Clear"),
      downloadButton(asked),
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = Object.fromEntries(
      [...new FormData(form)].map(([name, value]) => [name, value.trim()]),
    );
    const address = to("log", "", given);
    if (address === location.hash) dispatchEvent(new HashChangeEvent("hashchange"));
    else location.hash = address;
  });
  return form;
}

const named = (words, label) => Object.fromEntries(words.map((word) => [word, label(word)]));

function select(name, label, options, chosen) {
  const known = chosen in options ? options : { ...options, [chosen]: `Since ${chosen}` };
  return h(
    "div",
    { class: "field" },
    h("label", { for: `log-${name}` }, label),
    h(
      "select",
      { id: `log-${name}`, name },
      Object.entries(known).map(([value, text]) =>
        h("option", { value, selected: value === chosen }, text),
      ),
    ),
  );
}

function field(name, label, value, placeholder) {
  return h(
    "div",
    { class: "field" },
    h("label", { for: `log-${name}` }, label),
    h("input", {
      id: `log-${name}`,
      name,
      value,
      placeholder,
      type: "text",
      autocomplete: "off",
      spellcheck: "false",
    }),
  );
}

/** A page. The app looks at 2,000 entries a call: where none fits, a few calls more are made. */
async function look(asked, after) {
  let page = await get("logs", { ...asked, limit: SIZE, after });
  for (let more = 1; more < LOOKS && !page.items.length && page.next; more += 1) {
    page = await get("logs", { ...asked, limit: SIZE, after: page.next });
  }
  return page;
}

function entries({ items, next }, page, asked) {
  const filtered = Object.values(asked).some(Boolean);
  if (!items.length && next)
    return empty(
      "Nothing fits so far.",
      "There are many entries that do not fit. Older looks further back; a time or a user makes it quicker.",
    );
  if (!items.length)
    return page > 1
      ? empty("That was all.")
      : filtered
        ? empty("No entry fits.", "Take a filter away, or look further back.")
        : empty("The log is empty.", "The first cycle writes to it.");
  return table(
    `Entries, page ${page}`,
    [
      { label: "Time", class: "when", cell: (each) => moment(each.time) },
      { label: "Status", cell: (each) => badge(each.status) },
      { label: "Action", class: "word", cell: (each) => action(each.action) },
      { label: "Object", wide: true, cell: object },
      { label: "Why", wide: true, cell: why },
      {
        label: "Details",
        unsaid: true,
        class: "act",
        cell: (each) =>
          rowButton("Details", `${action(each.action)} ${each.name}`, () => openEntry(each)),
      },
    ],
    items,
  );
}

function object(each) {
  const member = each.member?.name ?? each.member?.source_id;
  return [
    h("span", { class: "name" }, each.name),
    h(
      "span",
      { class: "faint sub" },
      member ? `${plain(each.object_type)}; member ${member}` : plain(each.object_type),
    ),
  ];
}

function why(each) {
  return [
    h("span", {}, prose(each.reason)),
    each.error_code
      ? h(
          "span",
          { class: "faint sub" },
          `${each.error_code}${each.attempt > 1 ? `, attempt ${number(each.attempt)}` : ""}`,
        )
      : null,
  ];
}
