// Elements. What is put into them is always text, never markup: names come from strangers.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. Attributes that begin with "on" are listeners; false and null are left out. */
export function h(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function s(tag, attributes, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** Puts children in place of what an element has. */
export function replace(element, ...children) {
  element.replaceChildren(...nodes(children));
}

/** The same for what is put up again and again: who is in it with the keyboard stays there. */
export function renew(element, ...children) {
  const made = element.cloneNode(false);
  replace(made, ...children);
  if (made.isEqualNode(element)) return;
  const place = focusable(element).indexOf(document.activeElement);
  element.replaceChildren(...made.childNodes);
  if (place >= 0) focusable(element)[place]?.focus({ preventScroll: true });
}

const focusable = (element) => [...element.querySelectorAll("a[href], button, input, summary")];

/** A sentence in which `backquotes` mark what is typed. */
export function prose(text) {
  return String(text ?? "")
    .split("`")
    .map((part, n) => (n % 2 ? h("code", {}, part) : part));
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2).toLowerCase(), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...nodes(children));
  return element;
}

function nodes(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false);
}

const PATHS = {
  check: "M3.5 8.5l3 3 6-7",
  cross: "M4 4l8 8M12 4l-8 8",
  bang: "M8 3v6M8 12.4v.2",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  skip: "M4 8h8",
  wait: "M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4zM8 4.8v3.5l2.2 1.3",
  turn: "M12.5 8a4.5 4.5 0 1 1-1.6-3.4M12.6 2.4v2.8H9.8",
  next: "M6 3.5L10.5 8 6 12.5",
};

/** A small drawing, which says nothing that is not written beside it. */
export function icon(name) {
  return s(
    "svg",
    { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" },
    s("path", { d: PATHS[name] ?? PATHS.skip }),
  );
}
