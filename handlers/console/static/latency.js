// From a change in Entra to its acceptance by ZSCloud, hour by hour.

import { axis, chart, columns, frame, rounded } from "./chart.js";
import { h, s } from "./dom.js";
import { clock, counted, duration, number, shortMoment } from "./format.js";
import { table } from "./lists.js";
import { empty } from "./notices.js";

const HEIGHT = 190;
const HOUR = 3_600_000;
const HOURS = 24;

/** The chart of the last day, and the same as a table. */
export function latency({ items }, day) {
  if (!items.length) {
    return [
      h("h2", {}, "Latency"),
      empty(
        "No change in the last day.",
        "Loads and reconciles are not counted: only changes that somebody made.",
      ),
    ];
  }
  return [
    h(
      "div",
      { class: "card-head" },
      h("h2", {}, "Latency"),
      h(
        "p",
        { class: "legend" },
        h("span", { class: "key changes" }, "median"),
        h("span", { class: "key time" }, "99 %"),
      ),
    ),
    chart((width) => draw(width, items, day)),
    h(
      "details",
      {},
      h("summary", {}, `As a table: ${counted(items.length, "hour")}`),
      table(
        "Latency by hour",
        [
          { label: "Hour", cell: (each) => shortMoment(each.hour) },
          { label: "Changes", number: true, cell: (each) => number(each.changes) },
          { label: "Half within", number: true, cell: (each) => duration(each.p50_seconds) },
          { label: "99 % within", number: true, cell: (each) => duration(each.p99_seconds) },
        ],
        [...items].reverse(),
      ),
    ),
  ];
}

function draw(width, items, day) {
  const first = Math.floor(Date.now() / HOUR) - HOURS + 1;
  const x = columns(width, HOURS);
  const most = rounded(Math.max(...items.map((each) => each.p99_seconds)));
  const label = `${counted(day.changes, "change")} in the last day: half within ${duration(day.p50_seconds)}, 99 % within ${duration(day.p99_seconds)}. The table below has each hour.`;
  const tall = (seconds) => Math.max(2, (seconds / most) * 148);
  return frame(
    width,
    HEIGHT,
    label,
    axis(x, 22, 170, duration(most), "From change to ZSCloud"),
    s("text", { class: "axis", x: x.left, y: HEIGHT - 4 }, clock(first * HOUR)),
    s("text", { class: "axis", x: x.right, y: HEIGHT - 4, "text-anchor": "end" }, "now"),
    items.map((each) => {
      const n = Math.floor(new Date(each.hour) / HOUR) - first;
      if (n < 0 || n >= HOURS) return null;
      return s(
        "g",
        { class: "column" },
        s(
          "title",
          {},
          `${clock(each.hour)}: ${counted(each.changes, "change")}, half within ${duration(each.p50_seconds)}, 99 % within ${duration(each.p99_seconds)}`,
        ),
        s("rect", {
          class: "time",
          x: x.at(n),
          width: x.wide,
          y: 170 - tall(each.p99_seconds),
          height: tall(each.p99_seconds),
          rx: 1.5,
        }),
        s("rect", {
          class: "changes",
          x: x.at(n),
          width: x.wide,
          y: 170 - tall(each.p50_seconds),
          height: tall(each.p50_seconds),
          rx: 1.5,
        }),
      );
    }),
  );
}
