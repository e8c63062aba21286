// One user or group: why it is, or is not, in ZSCloud as it is; and provisioning it on demand.

import { get } from "./api.js";
import { demand } from "./demand.js";
import { h, icon, prose, replace } from "./dom.js";
import { attributeName, counted, value } from "./format.js";
import { panelHead, table } from "./lists.js";
import { badge, empty, fill, remedy } from "./notices.js";
import { to } from "./route.js";
import { changes, steps } from "./steps.js";
import { plain } from "./words.js";

const QUIET = new Set(["equal", "empty"]);

/** Fills the panel. */
export function show(place, route) {
  const who = document.getElementById("who");
  const found = h("div", {});
  const title = panelHead(
    "Find",
    "Why a user or a group is, or is not, in ZSCloud as it is. Entra and ZSCloud are looked at anew; nothing is written.",
  );
  replace(place, title, found);
  if (!route.argument) {
    replace(
      found,
      h(
        "div",
        { class: "card" },
        empty(
          "Whom do you look for?",
          "Type a user principal name, the name of a group, or an object id into the field at the top.",
        ),
      ),
    );
    return;
  }
  who.value = route.argument;
  const load = () => get("explain", { principal: route.argument });
  fill(
    found,
    load,
    (document, again) => explained(document, again),
    "Looking at Entra and ZSCloud",
  );
}

function explained(found, again) {
  const { principal } = found;
  const trouble =
    found.steps.find((each) => each.status === "failure") ??
    found.steps.find((each) => each.status === "waiting") ??
    found.steps.find((each) => each.status === "skipped" && each.remedy);
  const tone = trouble
    ? { failure: "bad", waiting: "warn", skipped: "mute" }[trouble.status]
    : "good";
  return [
    h(
      "section",
      { class: `card verdict ${tone}` },
      h(
        "div",
        { class: "card-head" },
        h("h2", {}, principal.name),
        h("span", { class: "faint" }, `${plain(principal.type)} `, h("code", {}, principal.id)),
      ),
      h(
        "p",
        { class: "verdict-said" },
        icon({ good: "check", bad: "cross", warn: "wait", mute: "bang" }[tone]),
        h("span", {}, prose(found.verdict)),
      ),
      trouble?.remedy ? remedy(trouble.remedy) : null,
      h(
        "p",
        { class: "buttons start" },
        h("a", { class: "button", href: to("log", "", { principal: principal.id }) }, "Its log"),
        leads(found),
      ),
    ),
    demand(principal, again),
    h(
      "div",
      { class: "two uneven" },
      h("section", { class: "card" }, h("h2", {}, "The five steps"), steps(found.steps)),
      h("div", {}, paths(found.paths), filter(found.filter), members(found.members)),
    ),
    found.changes.length
      ? h(
          "section",
          { class: "card" },
          h("h2", {}, `To be done: ${counted(found.changes.length, "change")}`),
          changes(found.changes),
        )
      : null,
    attributes(found.attributes),
    requests(found.would_send),
  ];
}

/** Where what it waits for is decided. */
function leads(found) {
  const waits = found.steps.find((each) => each.name === "export")?.facts ?? {};
  return [
    waits.held ? h("a", { class: "button", href: to("held") }, "Held plans") : null,
    waits.escrow?.length ? h("a", { class: "button", href: to("escrow") }, "Escrow") : null,
  ];
}

function paths(list) {
  return h(
    "section",
    { class: "card" },
    h("h2", {}, "Ways into scope"),
    list.length
      ? h(
          "ul",
          { class: "ways" },
          list.map((each) =>
            h(
              "li",
              { class: each.counts ? "good" : "mute" },
              icon(each.counts ? "check" : "cross"),
              h("span", {}, prose(each.sentence)),
            ),
          ),
        )
      : empty(
          "Nothing assigns it.",
          "Assign it, or a group that it is a direct member of, to the enterprise application in Entra.",
        ),
  );
}

function filter(groups) {
  if (!groups.length) return null;
  return h(
    "section",
    { class: "card" },
    h("h2", {}, "Scoping filter"),
    h("p", { class: "faint" }, "One group is enough, with all of its clauses."),
    groups.map((group) =>
      h(
        "div",
        {},
        h("p", {}, badge(group.outcome), " ", group.name || "Without a name"),
        h(
          "ul",
          { class: "ways" },
          group.clauses.map((each) =>
            h(
              "li",
              { class: each.outcome === "true" ? "good" : "mute" },
              icon(each.outcome === "true" ? "check" : "cross"),
              h(
                "span",
                {},
                prose(each.sentence),
                each.because_null ? " That alone makes it false." : "",
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

function members(found) {
  if (!found) return null;
  const list = (name, of) =>
    h(
      "li",
      {},
      h("strong", {}, `${of.count} ${name}`),
      of.count ? `: ${of.names.join(", ")}${of.count > of.names.length ? " and others" : ""}` : "",
    );
  return h(
    "section",
    { class: "card" },
    h("h2", {}, `Members: ${found.recorded} in ZSCloud`),
    h(
      "ul",
      {},
      list("to be added", found.add),
      list("to be taken out", found.remove),
      list("without an account yet", found.without_account),
    ),
  );
}

function attributes(list) {
  const told = list.filter((each) => !QUIET.has(each.outcome));
  return h(
    "section",
    { class: "card" },
    h(
      "details",
      { open: told.length > 0 },
      h(
        "summary",
        {},
        h("h2", {}, "Attributes"),
        h(
          "span",
          { class: "faint" },
          told.length
            ? `${counted(told.length, "attribute")} of ${list.length} to be looked at`
            : `all ${list.length} equal or empty`,
        ),
      ),
      table(
        "Attributes",
        [
          {
            label: "Attribute",
            cell: (each) => h("span", { title: each.name }, attributeName(each.name)),
          },
          {
            label: "In Entra",
            class: "value",
            cell: (each) => [
              Object.entries(each.source).map(([name, of]) =>
                h("span", { class: "sub" }, `${name}: `, value(of)),
              ),
              each.expression ? h("code", { class: "sub" }, each.expression) : null,
            ],
          },
          { label: "Becomes", class: "value", cell: (each) => value(each.value) },
          {
            label: "In ZSCloud",
            class: "value",
            cell: (each) => value(each.live ?? each.recorded),
          },
          {
            label: "Outcome",
            cell: (each) => [
              plain(each.outcome),
              each.problem ? h("span", { class: "sub" }, each.problem) : null,
              remedy(each.remedy),
            ],
          },
        ],
        [...told, ...list.filter((each) => QUIET.has(each.outcome))],
      ),
    ),
  );
}

function requests(list) {
  if (!list.length) return null;
  return h(
    "section",
    { class: "card" },
    h(
      "details",
      {},
      h(
        "summary",
        {},
        h("h2", {}, "What would be sent"),
        h("span", { class: "faint" }, counted(list.length, "request")),
      ),
      list.map((each) =>
        h(
          "div",
          { class: "request" },
          h("p", {}, h("code", {}, `${each.method} ${each.path}`)),
          each.body === null
            ? null
            : h(
                "pre",
                {
                  tabindex: "0",
                  role: "region",
                  "aria-label": `Body of ${each.method} ${each.path}`,
                },
                JSON.stringify(each.body, null, 2),
              ),
        ),
      ),
    ),
  );
}
