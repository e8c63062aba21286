// Provision on demand: a dry run, or at once.

import { get, post } from "./api.js";
import { ask } from "./dialog.js";
import { h, prose, replace } from "./dom.js";
import { button } from "./lists.js";
import { badge, failure, loading, toast } from "./notices.js";
import { refresh } from "./status.js";
import { changes, steps } from "./steps.js";
import { ACTIONS, plain } from "./words.js";

const EVERY = 2_000;
const TRIES = 60;

/** The section for one principal. `changed` is called after something was sent. */
export function demand(principal, changed) {
  const outcome = h("div", { class: "outcome", "aria-live": "polite" });
  const body = { [principal.type]: principal.id };
  const run = async (dryRun) => {
    replace(outcome, loading(dryRun ? "Trying it out" : "Provisioning"));
    try {
      const found = await results(body, dryRun);
      replace(outcome, shown(found, dryRun, changed));
      if (!dryRun) {
        toast(`Provisioned on demand: ${principal.name}.`);
        refresh();
      }
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      replace(
        outcome,
        failure(problem, () => run(dryRun)),
      );
    }
  };
  return h(
    "section",
    { class: "card" },
    h(
      "div",
      { class: "card-head" },
      h("h2", {}, "Provision on demand"),
      h(
        "div",
        { class: "buttons" },
        button("Dry run", () => run(true)),
        button("Provision now", () => sure(principal, () => run(false)), "primary"),
      ),
    ),
    h(
      "p",
      { class: "faint" },
      "Does now what a cycle would do, for this one alone. The dry run shows it and sends nothing.",
    ),
    outcome,
  );
}

async function sure(principal, run) {
  const yes = await ask({
    title: `Provision ${principal.name} now?`,
    body: [
      h(
        "p",
        {},
        "What Entra says of ",
        h("strong", {}, principal.name),
        " is written to ZSCloud at once, before other work. That may also take access away: a call for up to five users passes the brake.",
      ),
      h("p", { class: "faint" }, "A dry run shows beforehand what it would be."),
    ],
    label: "Provision 1 principal",
    act: async () => true,
  });
  if (yes) await run();
}

/** The results. A call that others carry out is asked after until it is done. */
async function results(body, dryRun) {
  const answer = await post("provision-on-demand", { ...body, dry_run: dryRun });
  if (answer.status !== 202) return answer.document;
  for (let tries = 0; tries < TRIES; tries += 1) {
    await new Promise((done) => {
      setTimeout(done, EVERY);
    });
    const found = await get(`provision-on-demand/${encodeURIComponent(answer.document.id)}`);
    if (found.results.length || found.error) return found;
  }
  return { results: [], waiting: true };
}

/** A step of a dry run, which goes by an object that is only imagined. */
function imagined(step) {
  if (step.name === "export")
    return { ...step, status: "skipped", detail: "Not sent: this was a dry run." };
  return step.detail.includes("planned:") ? { ...step, detail: "No account yet." } : step;
}

function shown(found, dryRun, changed) {
  const words = {
    ...ACTIONS,
    unchanged: "Nothing to do",
    failure: "Failure",
    held: "Held",
    skipped: "Skipped",
  };
  return [
    found.waiting
      ? h(
          "p",
          { class: "notice warn" },
          "It is stored and will be done by whoever writes next. The log will tell.",
        )
      : null,
    found.error
      ? h(
          "div",
          { class: "notice bad" },
          h("p", {}, prose(found.error.message)),
          h("p", { class: "remedy" }, prose(found.error.remedy)),
          h("p", { class: "faint" }, found.error.code),
        )
      : null,
    found.results.map((each) =>
      h(
        "div",
        { class: "result" },
        h(
          "h3",
          {},
          dryRun ? "A dry run: nothing was sent. It would be: " : "Done: ",
          ["failure", "held", "skipped"].includes(each.outcome)
            ? badge(each.outcome)
            : (words[each.outcome] ?? plain(each.outcome)),
        ),
        steps(dryRun ? each.steps.map(imagined) : each.steps),
        each.changes.length ? changes(each.changes) : h("p", { class: "faint" }, "No change."),
      ),
    ),
    dryRun || found.waiting ? null : button("Explain anew", changed),
  ];
}
