// One held plan: its list, a selection, and the decision.

import { get, post } from "./api.js";
import { ask } from "./dialog.js";
import { h, prose, replace } from "./dom.js";
import { ago, counted, number } from "./format.js";
import { amounts } from "./held.js";
import { button, panelHead, table } from "./lists.js";
import { badge, empty, fill, toast } from "./notices.js";
import { to } from "./route.js";
import { refresh } from "./status.js";
import { action, change, plain } from "./words.js";

const NAMED = 5;
const TYPED = 20;
const KINDS = { user: "users", group: "groups" };

/** Fills the panel with one plan. */
export function showPlan(place, id) {
  const body = h("div", {});
  replace(place, h("p", {}, h("a", { href: to("held") }, "All held plans")), body);
  const again = () => fill(body, () => get(`held/${encodeURIComponent(id)}`), (plan) => whole(plan, again));
  again();
}

function whole(plan, again) {
  const open = plan.state === "pending";
  const listed = [];
  const chosen = new Set();
  const place = h("div", {});
  const bar = h("div", { class: "decide", role: "group", "aria-label": "Decision" });
  const filter = h("input", { id: "plan-filter", type: "search", autocomplete: "off", placeholder: "Part of a name", onInput: () => draw() });
  const standing = () => listed.filter((each) => !each.dropped);
  const fits = (each) => `${each.name} ${each.member?.name ?? ""}`.toLowerCase().includes(filter.value.trim().toLowerCase());
  let next = plan.next;

  function draw() {
    const seen = listed.filter(fits);
    const free = seen.filter((each) => !each.dropped);
    const every = h("input", { type: "checkbox", id: "every", checked: free.length > 0 && free.every((each) => chosen.has(each.change_id)), onChange: (event) => { for (const each of free) mark(each, event.target.checked); draw(); } });
    replace(place,
      open && free.length ? h("p", { class: "every" }, every, h("label", { for: "every" }, `Select ${filter.value.trim() ? "the" : "all"} ${counted(free.length, "change")} shown`)) : null,
      seen.length ? table("Changes of the plan", columns(open, chosen, mark, tell), seen, (each) => ({ class: each.dropped ? "dropped" : null })) : empty("No change fits the filter."),
      next ? h("p", { class: "pager" }, button(`Show more of the list (${number(listed.length)} shown)`, more)) : null);
    tell();
  }

  function mark(each, on) {
    if (on) chosen.add(each.change_id); else chosen.delete(each.change_id);
  }

  async function more() {
    const page = await get(`held/${encodeURIComponent(plan.id)}`, { after: next });
    listed.push(...page.changes);
    next = page.next;
    draw();
  }

  function tell() {
    if (!open) return;
    const all = !next && chosen.size === standing().length;
    replace(bar,
      h("span", { class: "decide-said", role: "status" }, chosen.size ? `${counted(chosen.size, "change")} selected: ${amounts(tally(standing().filter((each) => chosen.has(each.change_id))))}` : "Nothing selected"),
      button("Reject the plan", () => reject(plan, again), ""),
      chosen.size && !all
        ? button(`Approve ${counted(chosen.size, "change")}`, () => approve(plan, standing().filter((each) => chosen.has(each.change_id)), again), "primary")
        : button("Approve the whole plan", () => approve(plan, null, again), chosen.size ? "primary" : ""));
  }

  listed.push(...plan.changes);
  draw();
  return [
    panelHead(`${open ? "Would take away" : "Was about"} ${amounts(plan.counts)}`, null, badge(plan.state)),
    h("section", { class: "card" }, h("p", {}, prose(plan.cause)),
      h("p", { class: "faint" }, "Held ", ago(plan.created), open ? ["; expires ", ago(plan.expires)] : null,
        plan.decided ? ["; decided ", ago(plan.decided), plan.decided_by ? ` by ${plan.decided_by}` : ""] : null,
        plan.note ? `; ${plan.note}` : "", ". List ", h("code", { title: plan.checksum }, plan.checksum.slice(0, 12)), ".")),
    h("section", { class: "card", "aria-label": "Changes" },
      h("div", { class: "field narrow" }, h("label", { for: "plan-filter" }, "Show only"), filter), place),
    open ? bar : null,
  ];
}

function columns(open, chosen, mark, tell) {
  const box = (each) => h("input", { type: "checkbox", "aria-label": change(each), checked: chosen.has(each.change_id), disabled: Boolean(each.dropped), onChange: (event) => { mark(each, event.target.checked); tell(); } });
  return [
    ...(open ? [{ label: "Select", class: "tick", cell: box }] : []),
    { label: "Action", class: "word", cell: (each) => action(each.action) },
    { label: "Who", wide: true, cell: (each) => [h("a", { href: to("find", each.member?.source_id ?? each.source_id) }, each.member ? each.member.name ?? each.member.source_id : each.name), h("span", { class: "faint sub" }, each.member ? `member of ${each.name}` : plain(each.object_type))] },
    { label: "Why", wide: true, cell: (each) => [prose(each.reason), each.dropped ? h("span", { class: "faint sub" }, `Has dropped out: ${each.dropped}`) : null] },
    { label: "Since", cell: (each) => ago(each.since) },
  ];
}

function tally(changes) {
  const counts = { users: 0, groups: 0, memberships: 0 };
  for (const each of changes) counts[each.member ? "memberships" : KINDS[each.object_type]] += 1;
  return counts;
}

/** Asks once more, with the numbers, and for many with the number typed. */
async function approve(plan, changes, again) {
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
      h("p", { class: "faint" }, "Each is looked at once more before it is carried out: who has come back in Entra stays. It is done once, and cannot be taken back here."),
      count > TYPED ? h("div", { class: "field" }, h("label", { for: "number" }, `Type ${count} to go on`), h("input", { id: "number", name: "number", type: "text", inputmode: "numeric", autocomplete: "off" })) : null,
    ],
    act: async () => (await post(`held/${encodeURIComponent(plan.id)}/approve`, changes ? { change_ids: changes.map((each) => each.change_id) } : {})).document,
  });
  if (!done) return;
  toast(`Approved: ${amounts(counts)}. It is carried out now.`);
  refresh();
  again();
}

async function reject(plan, again) {
  const done = await ask({
    title: "Reject the plan?",
    label: `Keep ${amounts(plan.counts)}`,
    ready: (form) => form.elements.note.value.trim() !== "",
    body: [
      h("p", {}, "All of it stays: ", h("strong", {}, amounts(plan.counts)), ". It is not proposed again until something of those principals changes in Entra."),
      h("div", { class: "field" }, h("label", { for: "note" }, "Why the access is to stay"), h("textarea", { id: "note", name: "note", rows: "3", maxlength: "1000", required: true })),
    ],
    act: async (form) => (await post(`held/${encodeURIComponent(plan.id)}/reject`, { note: form.get("note") })).document,
  });
  if (!done) return;
  toast("Rejected. It stays as it is.");
  refresh();
  again();
}

function named(changes, count) {
  return h("ul", { class: "named" }, changes.slice(0, NAMED).map((each) => h("li", {}, change(each))),
    count > NAMED ? h("li", { class: "faint" }, `and ${number(count - Math.min(NAMED, changes.length))} more`) : null);
}
