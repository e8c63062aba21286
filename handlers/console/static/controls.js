// Stop, start, and a cycle at once.

import { post } from "./api.js";
import { ask } from "./dialog.js";
import { h, replace } from "./dom.js";
import { counted } from "./format.js";
import { button } from "./lists.js";
import { toast } from "./notices.js";
import { refresh } from "./status.js";
import { plain } from "./words.js";

/** The buttons, and what brings them up to date: {element, update(status)}. */
export function controls() {
  const element = h("div", { class: "buttons" });
  let shown = null;
  return {
    element,
    update(status) {
      const state = JSON.stringify([status.stopped !== null, status.state === "off"]);
      if (state === shown) return;
      shown = state;
      const rest = status.stopped
        ? [button("Start again", () => start(), "primary")]
        : [
            status.state === "off" ? null : button("Run a cycle", () => run()),
            button("Stop sending", () => stop(status), "danger-quiet"),
          ];
      replace(element, rest);
    },
  };
}

async function run() {
  const done = await ask({
    title: "Run a cycle now?",
    body: [
      h(
        "fieldset",
        { class: "choices" },
        h("legend", {}, "Kind"),
        choice("incremental", "Incremental", "what has changed in Entra since the last one", true),
        choice("reconcile", "Reconcile", "reads ZSCloud too, and finds edits by hand"),
        choice("initial", "Initial", "reads all of Entra anew"),
      ),
      h("p", { class: "faint" }, "If a cycle is open already, that one goes on instead."),
    ],
    label: "Run it",
    act: async (form) =>
      (await post("cycles", { kind: form.get("kind"), dry_run: false })).document,
  });
  if (done) toast(`${plain(done.kind)} cycle: ${plain(done.status).toLowerCase()}.`);
  if (done) refresh();
}

function choice(value, label, help, checked = false) {
  return h(
    "label",
    { class: "choice" },
    h("input", { type: "radio", name: "kind", value, checked }),
    h("span", {}, h("strong", {}, label), h("span", { class: "faint" }, ` ${help}`)),
  );
}

async function stop(status) {
  const waiting = Object.values(status.lanes).reduce((sum, each) => sum + each, 0);
  const done = await ask({
    title: "Stop sending to ZSCloud?",
    danger: true,
    body: [
      h(
        "p",
        {},
        "Nothing is sent from a quarter of a second later on, until somebody starts it again: no joiner, no change, and no leaver either. Nothing is lost.",
      ),
      waiting ? h("p", {}, `${counted(waiting, "item")} of work will wait.`) : null,
      h(
        "div",
        { class: "field" },
        h("label", { for: "note" }, "Why (others see it)"),
        h("input", {
          id: "note",
          name: "note",
          type: "text",
          maxlength: "1000",
          autocomplete: "off",
        }),
      ),
    ],
    label: "Stop",
    act: async (form) => (await post("stop", { note: form.get("note") })).document,
  });
  if (done) toast(done.changed ? "Stopped. Nothing is sent any more." : "It was stopped already.");
  if (done) refresh();
}

async function start() {
  const done = await ask({
    title: "Start again?",
    body: h(
      "p",
      {},
      "The open cycle goes on where it was, or an incremental one begins, which finds all that happened meanwhile.",
    ),
    label: "Start",
    act: async () => (await post("start")).document,
  });
  if (done) toast("Started. Work goes on.");
  if (done) refresh();
}
