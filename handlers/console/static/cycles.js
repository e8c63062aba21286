// The last cycles: changes with failures above, duration below.

import { axis, chart, columns, frame, rounded } from "./chart.js";
import { h, s } from "./dom.js";
import { counted, duration, moment, number, shortMoment } from "./format.js";
import { table } from "./lists.js";
import { badge, empty } from "./notices.js";
import { to } from "./route.js";
import { plain } from "./words.js";

const CHANGES = [
  "created",
  "updated",
  "disabled",
  "enabled",
  "deleted",
  "memberships_added",
  "memberships_removed",
];
const HEIGHT = 190;

const changes = (cycle) => CHANGES.reduce((sum, name) => sum + cycle.counts[name], 0);

/** The chart of a page of cycles, and the same as a table. */
export function cycles({ items }) {
  if (!items.length) {
    return [
      h("h2", {}, "Last cycles"),
      empty("No cycle has run yet.", "It begins by itself on its schedule, or with Run a cycle."),
    ];
  }
  const shown = [...items].reverse();
  return [
    h("div", { class: "card-head" }, h("h2", {}, "Last cycles"), legend()),
    chart((width) => draw(width, shown)),
    h(
      "details",
      {},
      h("summary", {}, `As a table: ${counted(items.length, "cycle")}`),
      cycleTable(items),
    ),
  ];
}

function legend() {
  return h(
    "p",
    { class: "legend" },
    h("span", { class: "key changes" }, "changes"),
    h("span", { class: "key failures" }, "failures"),
    h("span", { class: "key time" }, "duration"),
  );
}

function draw(width, shown) {
  const x = columns(width, shown.length);
  const most = rounded(Math.max(...shown.map((each) => changes(each) + each.counts.failed), 1));
  const longest = rounded(Math.max(...shown.map((each) => each.duration_seconds ?? 0), 1));
  const failed = shown.filter((each) => each.counts.failed || each.error).length;
  const label = `${counted(shown.length, "cycle")}, ${number(shown.reduce((sum, each) => sum + changes(each), 0))} changes, ${failed ? `${failed} with failures` : "none with failures"}. The table below has each of them.`;
  return frame(
    width,
    HEIGHT,
    label,
    axis(x, 22, 104, number(most), "Changes"),
    axis(x, 136, 170, duration(longest), "Duration"),
    s("text", { class: "axis", x: x.left, y: HEIGHT - 4 }, shortMoment(shown[0].started)),
    s(
      "text",
      { class: "axis", x: x.right, y: HEIGHT - 4, "text-anchor": "end" },
      shown.length > 1 ? shortMoment(shown.at(-1).started) : "",
    ),
    shown.map((cycle, n) => column(cycle, x.at(n), x.wide, most, longest)),
  );
}

function column(cycle, x, width, most, longest) {
  const made = bar(x, width, 104, 82, changes(cycle) / most);
  const lost = cycle.counts.failed || (cycle.error ? 0.02 * most : 0);
  const fell = bar(x, width, 104 - made.height, 82, lost / most);
  const took = bar(x, width, 170, 34, (cycle.duration_seconds ?? 0) / longest);
  return s(
    "g",
    {
      class: "column",
      onClick: () => {
        location.hash = to("log", "", { cycle: cycle.cycle_id });
      },
    },
    s("title", {}, told(cycle)),
    s("rect", { class: "hit", x: x - 1.5, width: width + 3, y: 16, height: 158 }),
    s("rect", {
      class: changes(cycle) ? "changes" : "nothing",
      ...made,
      y: changes(cycle) ? made.y : 102,
      height: changes(cycle) ? made.height : 2,
    }),
    lost ? s("rect", { class: "failures", ...fell }) : null,
    s("rect", { class: "time", ...took }),
  );
}

function bar(x, width, foot, height, share) {
  const tall = share > 0 ? Math.max(2, share * height) : 0;
  return { x, width, y: foot - tall, height: tall, rx: 1.5 };
}

function told(cycle) {
  return `${plain(cycle.kind)}, ${shortMoment(cycle.started)}: ${plain(cycle.status).toLowerCase()}; ${counted(changes(cycle), "change")}, ${number(cycle.counts.failed)} failed, ${duration(cycle.duration_seconds) || "not finished"}`;
}

function cycleTable(items) {
  return table(
    "Last cycles",
    [
      {
        label: "Begun",
        cell: (each) =>
          h(
            "a",
            { href: to("log", "", { cycle: each.cycle_id }) },
            moment(each.started) || "not yet",
          ),
      },
      { label: "Kind", cell: (each) => plain(each.kind) },
      { label: "Status", cell: (each) => badge(each.status) },
      { label: "Changes", number: true, cell: (each) => number(changes(each)) },
      { label: "Failed", number: true, cell: (each) => number(each.counts.failed) },
      { label: "Held", number: true, cell: (each) => number(each.counts.held) },
      { label: "Duration", number: true, cell: (each) => duration(each.duration_seconds) },
    ],
    items,
  );
}
