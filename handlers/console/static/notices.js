// Loading, nothing there, something wrong, and what was done: each designed once.

import { h, icon, prose, replace } from "./dom.js";
import { STATUSES, plain, saidHere } from "./words.js";

const HEADLINES = {
  0: "The app does not answer",
  401: "The key was not accepted",
  403: "You may not do that",
  404: "Not found",
  409: "That is not possible as things stand",
  503: "Not just now",
};
const TOAST = 8000;
const TOASTS = 2;

/** A word with its drawing and its colour. */
export function badge(word) {
  const known = STATUSES[word] ?? { label: plain(word), tone: "mute", icon: "skip" };
  return h("span", { class: `badge ${known.tone}` }, icon(known.icon), known.label);
}

export function loading(what = "Loading") {
  return h(
    "div",
    { class: "loading", role: "status" },
    h("span", { class: "spinner", "aria-hidden": "true" }),
    `${what} …`,
  );
}

export function empty(title, ...text) {
  return h(
    "div",
    { class: "empty" },
    h("p", { class: "empty-title" }, title),
    text.length ? h("p", {}, text) : null,
  );
}

/** A problem with its code and remedies, and a way to try again. */
export function failure(problem, again = null) {
  const headline =
    HEADLINES[problem.status] ??
    (problem.status >= 500 ? "The app could not answer" : "That cannot be done");
  return h(
    "div",
    { class: "notice bad", role: "alert" },
    h("p", { class: "notice-title" }, icon("bang"), headline),
    said(problem),
    h(
      "p",
      { class: "faint" },
      [problem.code, problem.status ? `HTTP ${problem.status}` : null].filter(Boolean).join(" · "),
    ),
    again ? h("button", { type: "button", class: "button", onClick: again }, "Try again") : null,
  );
}

/** What the problem says, each remedy below what it is about. */
export function said(problem) {
  if (problem.status === 401)
    return h(
      "p",
      {},
      "If you were signed in, do so again. Else copy the key once more: in the Azure portal under App keys, or from ",
      h("code", {}, "az functionapp keys list"),
      ".",
    );
  if (!problem.errors.length)
    return h(
      "p",
      {},
      problem.message || "There is no more to say about it.",
      problem.status === 0 ? " Check the connection; it is tried again by itself." : "",
    );
  return h(
    "ul",
    { class: "problems" },
    problem.errors.map((each) =>
      h(
        "li",
        {},
        h("span", {}, each.field ? h("strong", {}, each.field, " ") : null, prose(each.message)),
        each.remedy ? h("span", { class: "remedy" }, prose(each.remedy)) : null,
      ),
    ),
  );
}

export function remedy(text) {
  return text ? h("p", { class: "remedy" }, prose(saidHere(text))) : null;
}

/** Says what was done, also to those who hear the page. */
export function toast(text, tone = "good") {
  const shown = h(
    "div",
    { class: `toast ${tone}` },
    icon(tone === "good" ? "check" : "bang"),
    h("span", {}, text),
  );
  const place = document.getElementById("toasts");
  while (place.children.length >= TOASTS) place.firstChild.remove();
  place.append(shown);
  setTimeout(() => shown.remove(), TOAST);
}

/** Fills an element by a call: loading, then what it gives, or the problem with a way to retry. */
export async function fill(element, load, show, what) {
  const run = async () => {
    element.setAttribute("aria-busy", "true");
    replace(element, loading(what));
    try {
      const found = await load();
      replace(element, await show(found, run));
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      replace(element, failure(problem, run));
    } finally {
      element.removeAttribute("aria-busy");
    }
  };
  await run();
}
