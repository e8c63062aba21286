// The decision about a held plan: asked once more with its numbers, and for many with the number typed.

import { post } from "./api.js";
import { ask } from "./dialog.js";
import { h } from "./dom.js";
import { amounts, counted, number } from "./format.js";
import { toast } from "./notices.js";
import { refresh } from "./status.js";
import { change } from "./words.js";

const NAMED = 5;
const TYPED = 20;
const KINDS = { user: "users", group: "groups" };

/** How many users, groups and memberships some changes are of. */
export function tally(changes) {
  const counts = { users: 0, groups: 0, memberships: 0 };
  for (const each of changes) counts[each.member ? "memberships" : KINDS[each.object_type]] += 1;
  return counts;
}

/** Asks once more, with the numbers, and for many with the number typed. */
export async function approve(plan, changes, again) {
  const counts = changes ? tally(changes) : plan.counts;
  const count = counts.users + counts.groups + counts.memberships;
  const done = await ask({
    title: changes ? `Approve ${counted(count, "change")}?` : "Approve the whole plan?",
    danger: true,
    label: `Take away ${amounts(counts)}`,
    ready: (form) => count <= TYPED || form.elements.number.value.trim() === String(count),
    body: [
      h("p", {}, "This takes away ", h("strong", {}, amounts(counts)), "."),
      named(changes ?? plan.changes.filter((each) => !each.dropped), count),
      changes ? h("p", {}, "The rest of the plan waits on under a new id.") : null,
      h(
        "p",
        { class: "faint" },
        "Each is looked at once more before it is carried out: who has come back in Entra stays. It is done once, and cannot be taken back here.",
      ),
      count > TYPED
        ? h(
            "div",
            { class: "field" },
            h("label", { for: "number" }, `Type ${count} to go on`),
            h("input", {
              id: "number",
              name: "number",
              type: "text",
              inputmode: "numeric",
              autocomplete: "off",
            }),
          )
        : null,
    ],
    act: async () =>
      (
        await post(
          `held/${encodeURIComponent(plan.id)}/approve`,
          changes ? { change_ids: changes.map((each) => each.change_id) } : {},
        )
      ).document,
  });
  if (!done) return;
  toast(`Approved: ${amounts(counts)}. It is carried out now.`);
  refresh();
  again();
}

/** Asks for the reason, and keeps all of it. */
export async function reject(plan, again) {
  const done = await ask({
    title: "Reject the plan?",
    label: `Keep ${amounts(plan.counts)}`,
    ready: (form) => form.elements.note.value.trim() !== "",
    body: [
      h(
        "p",
        {},
        "All of it stays: ",
        h("strong", {}, amounts(plan.counts)),
        ". It is not proposed again until something of those principals changes in Entra.",
      ),
      h(
        "div",
        { class: "field" },
        h("label", { for: "note" }, "Why the access is to stay"),
        h("textarea", { id: "note", name: "note", rows: "3", maxlength: "1000", required: true }),
      ),
    ],
    act: async (form) =>
      (await post(`held/${encodeURIComponent(plan.id)}/reject`, { note: form.get("note") }))
        .document,
  });
  if (!done) return;
  toast("Rejected. It stays as it is.");
  refresh();
  again();
}

function named(changes, count) {
  return h(
    "ul",
    { class: "named" },
    changes.slice(0, NAMED).map((each) => h("li", {}, change(each))),
    count > NAMED
      ? h("li", { class: "faint" }, `and ${number(count - Math.min(NAMED, changes.length))} more`)
      : null,
  );
}
