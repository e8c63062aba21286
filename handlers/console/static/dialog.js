// Dialogs: a question with its answer, and a sheet of details.

import { h, replace } from "./dom.js";
import { failure } from "./notices.js";

/**
 * Asks before something is done. `body` are elements; `act` is called with the form's values and may
 * fail: the problem is shown, and the dialog stays. Resolves to what `act` gave, or to null.
 */
export function ask({ title, body, label, danger = false, act, ready = null }) {
  return new Promise((resolve) => {
    const trouble = h("div", {});
    const go = h(
      "button",
      { type: "submit", class: `button ${danger ? "danger" : "primary"}` },
      label,
    );
    const stay = h(
      "button",
      { type: "button", class: "button", onClick: () => box.close() },
      "Cancel",
    );
    const form = h(
      "form",
      { class: "dialog-form", method: "dialog" },
      h("h2", { id: "dialog-title" }, title),
      body,
      trouble,
      h("div", { class: "buttons" }, stay, go),
    );
    const box = h("dialog", { class: "dialog", "aria-labelledby": "dialog-title" }, form);
    let given = null;
    const judge = () => {
      if (ready) go.disabled = !ready(form);
    };
    form.addEventListener("input", judge);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      go.disabled = stay.disabled = true;
      replace(trouble);
      try {
        given = { answer: await act(new FormData(form)) };
        box.close();
      } catch (problem) {
        if (problem.status === undefined) throw problem;
        replace(trouble, failure(problem));
        stay.disabled = false;
        go.disabled = false;
      }
    });
    open(box, () => resolve(given === null ? null : given.answer));
    judge();
  });
}

/** Shows details beside the page. */
export function sheet(title, ...body) {
  const close = h(
    "button",
    { type: "button", class: "button", onClick: () => box.close() },
    "Close",
  );
  const box = h(
    "dialog",
    { class: "sheet", "aria-labelledby": "sheet-title" },
    h("div", { class: "sheet-head" }, h("h2", { id: "sheet-title", tabindex: "-1" }, title), close),
    h("div", { class: "sheet-body" }, body),
  );
  box.addEventListener("click", (event) => {
    if (event.target === box) box.close();
  });
  open(box, () => {});
  addEventListener("hashchange", () => box.close(), { once: true });
}

function open(box, closed) {
  const before = document.activeElement;
  box.addEventListener("close", () => {
    box.remove();
    before?.focus?.();
    closed();
  });
  document.body.append(box);
  box.showModal();
}
