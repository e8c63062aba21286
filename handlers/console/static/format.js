// Numbers, times and values as people read them.

import { h } from "./dom.js";

const NUMBERS = new Intl.NumberFormat("en");
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "long" });
const MOMENT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const SECOND = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const SHORT = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const UNITS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

export const number = (value) => NUMBERS.format(value ?? 0);

/** 1 user, 2 users. */
export const counted = (value, one, many = `${one}s`) =>
  `${number(value)} ${value === 1 ? one : many}`;

/** How long ago, or how soon; the moment itself is shown on hovering. */
export function ago(text) {
  if (!text) return h("span", { class: "faint" }, "never");
  return h(
    "time",
    { datetime: text, title: MOMENT.format(new Date(text)), "data-ago": true },
    relative(text),
  );
}

/** Since when something is as it is: the moment, and how long that is. */
export function since(text, word = "since") {
  if (!text) return null;
  const today = new Date(text).toDateString() === new Date().toDateString();
  return [`${word} `, today ? clock(text) : shortMoment(text), " (", ago(text), ")"];
}

export function relative(text) {
  const seconds = (new Date(text) - Date.now()) / 1000;
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return RELATIVE.format(Math.round(seconds / size), unit);
  }
  return seconds > 5
    ? "in a moment"
    : seconds < -5
      ? `${Math.round(-seconds)} seconds ago`
      : "just now";
}

/** A moment of the log: to the second. */
export function moment(text) {
  if (!text) return "";
  const at = new Date(text);
  return h(
    "time",
    { datetime: text, title: text },
    (at.getFullYear() === new Date().getFullYear() ? SECOND : MOMENT).format(at),
  );
}

export const shortMoment = (text) => SHORT.format(new Date(text));
export const clock = (text) => CLOCK.format(new Date(text));

/** 0.4 s, 12 s, 3 min 20 s, 5 h 2 min. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 172800) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.round(whole / 86400)} days`;
}

/** A value of an attribute. */
export function value(of) {
  if (of === null || of === undefined || of === "") return h("span", { class: "faint" }, "none");
  if (of === true || of === false) return of ? "yes" : "no";
  return typeof of === "object" ? h("code", {}, JSON.stringify(of)) : String(of);
}

/** The name of an attribute without the URN before it. */
export const attributeName = (name) =>
  name.startsWith("urn:") ? name.slice(name.lastIndexOf(":") + 1) : name;

export function zone() {
  const part =
    new Intl.DateTimeFormat("en", { timeZoneName: "longOffset" })
      .formatToParts(new Date())
      .find((each) => each.type === "timeZoneName")?.value ?? "";
  return `Times are those of this device: ${Intl.DateTimeFormat().resolvedOptions().timeZone} (${part.replace("GMT", "UTC")}).`;
}

/** 2 users, 1 group and 14 memberships. */
export function amounts(counts) {
  const parts = [
    ["users", "user"],
    ["groups", "group"],
    ["memberships", "membership"],
  ]
    .filter(([kind]) => counts[kind] > 0)
    .map(([kind, one]) => counted(counts[kind], one));
  return parts.length > 1
    ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`
    : (parts[0] ?? "nothing");
}
