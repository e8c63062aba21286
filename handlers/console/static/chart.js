// A drawing as wide as its place, with letters that stay readable.

import { h, replace, s } from "./dom.js";

const LEFT = 52;
const RIGHT = 8;

/** A chart that is drawn anew when its place becomes wider or narrower. `draw(width)` gives an SVG. */
export function chart(draw) {
  const place = h("div", { class: "chart" });
  let width = 0;
  new ResizeObserver(([entry]) => {
    const found = Math.floor(entry.contentRect.width);
    if (found === width || found === 0) return;
    width = found;
    replace(place, draw(width));
  }).observe(place);
  return place;
}

export function frame(width, height, label, ...children) {
  return s(
    "svg",
    { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    children,
  );
}

/** Where each of so many columns begins, and how wide it is. */
export function columns(width, count) {
  const step = (width - LEFT - RIGHT) / Math.max(count, 1);
  const wide = Math.max(2, Math.min(22, step - 3));
  return { at: (n) => LEFT + n * step + (step - wide) / 2, wide, left: LEFT, right: width - RIGHT };
}

/** A line at the foot of a row of columns, and one at its top with what it stands for. */
export function axis(x, top, bottom, most, name) {
  return [
    s("line", { class: "grid", x1: x.left, x2: x.right, y1: top, y2: top }),
    s("line", { class: "base", x1: x.left, x2: x.right, y1: bottom, y2: bottom }),
    s("text", { class: "axis", x: x.left - 8, y: top + 4, "text-anchor": "end" }, most),
    s("text", { class: "axis", x: x.left - 8, y: bottom + 1, "text-anchor": "end" }, "0"),
    s("text", { class: "axis strong", x: x.left, y: top - 7 }, name),
  ];
}

/** A number that an axis may end with: few digits and zeros. */
export function rounded(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10]
    .map((each) => each * power)
    .find((each) => each >= value - 1e-9);
}
