// Who asks: a function key for this tab, or the platform's sign-in.

import { session } from "./api.js";
import { h } from "./dom.js";
import { failure } from "./notices.js";

const signsIn = () => "signIn" in document.documentElement.dataset;

/** The form for the key. `enter` is called when there is one. */
export function gate(problem, enter) {
  const key = h("input", {
    id: "key",
    type: "password",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
    "aria-describedby": "key-help",
  });
  const name = h("input", {
    id: "operator",
    type: "text",
    autocomplete: "name",
    "aria-describedby": "operator-help",
  });
  name.value = session.operator;
  const form = h(
    "form",
    { class: "gate-form" },
    h(
      "div",
      { class: "field" },
      h("label", { for: "key" }, "Function key"),
      key,
      h(
        "p",
        { id: "key-help", class: "help" },
        "In the Azure portal under App keys. It stays in this tab, and is gone when the tab is closed.",
      ),
    ),
    h(
      "div",
      { class: "field" },
      h("label", { for: "operator" }, "Your name (optional)"),
      name,
      h(
        "p",
        { id: "operator-help", class: "help" },
        "For the audit log, where it is marked as claimed.",
      ),
    ),
    h("button", { type: "submit", class: "button primary" }, "Open"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!key.value.trim()) return;
    session.begin(key.value.trim(), claimed(name.value));
    enter();
  });
  const refused = problem && (session.key || problem.status !== 401);
  return h(
    "section",
    { class: "gate card" },
    h("h1", { tabindex: "-1" }, "Who is asking?"),
    h("p", { class: "faint" }, "This page shows nothing without a key."),
    refused ? failure(problem) : null,
    signsIn() ? signIn() : null,
    form,
  );
}

function signIn() {
  const back = encodeURIComponent(location.pathname);
  return h(
    "p",
    {},
    h(
      "a",
      { class: "button primary", href: `/.auth/login/aad?post_login_redirect_uri=${back}` },
      "Sign in with Microsoft Entra",
    ),
  );
}

/** A header carries plain letters only. */
function claimed(name) {
  return name
    .normalize("NFKD")
    .replace(/[^\x20-\x7e]/g, "")
    .trim()
    .slice(0, 200);
}
