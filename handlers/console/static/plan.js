// One held plan: its list, a selection, and the decision.

import { get } from "./api.js";
import { approve, reject, tally } from "./decision.js";
import { h, prose, replace } from "./dom.js";
import { ago, amounts, counted, number } from "./format.js";
import { button, panelHead, table } from "./lists.js";
import { badge, empty, fill } from "./notices.js";
import { to } from "./route.js";
import { action, change, plain } from "./words.js";

/** Fills the panel with one plan. */
export function showPlan(place, id) {
  const body = h("div", {});
  replace(place, h("p", {}, h("a", { href: to("held") }, "All held plans")), body);
  const again = () =>
    fill(
      body,
      () => get(`held/${encodeURIComponent(id)}`),
      (plan) => whole(plan, again),
    );
  again();
}

function whole(plan, again) {
  const open = plan.state === "pending";
  const listed = [];
  const chosen = new Set();
  const place = h("div", {});
  const bar = h("div", { class: "decide", role: "group", "aria-label": "Decision" });
  const filter = h("input", {
    id: "plan-filter",
    type: "search",
    autocomplete: "off",
    placeholder: "Part of a name",
    onInput: () => draw(),
  });
  const standing = () => listed.filter((each) => !each.dropped);
  const fits = (each) =>
    `${each.name} ${each.member?.name ?? ""}`
      .toLowerCase()
      .includes(filter.value.trim().toLowerCase());
  let next = plan.next;

  function draw() {
    const seen = listed.filter(fits);
    const free = seen.filter((each) => !each.dropped);
    const every = h("input", {
      type: "checkbox",
      id: "every",
      checked: free.length > 0 && free.every((each) => chosen.has(each.change_id)),
      onChange: (event) => {
        for (const each of free) mark(each, event.target.checked);
        draw();
      },
    });
    replace(
      place,
      open && free.length
        ? h(
            "p",
            { class: "every" },
            every,
            h(
              "label",
              { for: "every" },
              `Select ${filter.value.trim() ? "the" : "all"} ${counted(free.length, "change")} shown`,
            ),
          )
        : null,
      seen.length
        ? table("Changes of the plan", columns(open, chosen, mark, tell), seen, (each) => ({
            class: each.dropped ? "dropped" : null,
          }))
        : empty("No change fits the filter."),
      next
        ? h(
            "p",
            { class: "pager" },
            button(`Show more of the list (${number(listed.length)} shown)`, more),
          )
        : null,
    );
    tell();
  }

  function mark(each, on) {
    if (on) chosen.add(each.change_id);
    else chosen.delete(each.change_id);
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
    replace(
      bar,
      h(
        "span",
        { class: "decide-said", role: "status" },
        chosen.size
          ? `${counted(chosen.size, "change")} selected: ${amounts(tally(standing().filter((each) => chosen.has(each.change_id))))}`
          : "Nothing selected",
      ),
      button("Reject the plan", () => reject(plan, again), ""),
      chosen.size && !all
        ? button(
            `Approve ${counted(chosen.size, "change")}`,
            () =>
              approve(
                plan,
                standing().filter((each) => chosen.has(each.change_id)),
                again,
              ),
            "primary",
          )
        : button(
            "Approve the whole plan",
            () => approve(plan, null, again),
            chosen.size ? "primary" : "",
          ),
    );
  }

  listed.push(...plan.changes);
  draw();
  return [
    panelHead(
      `${open ? "Would take away" : "Was about"} ${amounts(plan.counts)}`,
      null,
      badge(plan.state),
    ),
    h(
      "section",
      { class: "card" },
      h("p", {}, prose(plan.cause)),
      h(
        "p",
        { class: "faint" },
        "Held ",
        ago(plan.created),
        open ? ["; expires ", ago(plan.expires)] : null,
        plan.decided
          ? ["; decided ", ago(plan.decided), plan.decided_by ? ` by ${plan.decided_by}` : ""]
          : null,
        plan.note ? `; ${plan.note}` : "",
        ". List ",
        h("code", { title: plan.checksum }, plan.checksum.slice(0, 12)),
        ".",
      ),
    ),
    h(
      "section",
      { class: "card", "aria-label": "Changes" },
      h("div", { class: "field narrow" }, h("label", { for: "plan-filter" }, "Show only"), filter),
      place,
    ),
    open ? bar : null,
  ];
}

function columns(open, chosen, mark, tell) {
  const box = (each) =>
    h("input", {
      type: "checkbox",
      "aria-label": change(each),
      checked: chosen.has(each.change_id),
      disabled: Boolean(each.dropped),
      onChange: (event) => {
        mark(each, event.target.checked);
        tell();
      },
    });
  return [
    ...(open ? [{ label: "Select", class: "tick", cell: box }] : []),
    { label: "Action", class: "word", cell: (each) => action(each.action) },
    {
      label: "Who",
      wide: true,
      cell: (each) => [
        h(
          "a",
          { href: to("find", each.member?.source_id ?? each.source_id) },
          each.member ? (each.member.name ?? each.member.source_id) : each.name,
        ),
        h(
          "span",
          { class: "faint sub" },
          each.member ? `member of ${each.name}` : plain(each.object_type),
        ),
      ],
    },
    {
      label: "Why",
      wide: true,
      cell: (each) => [
        prose(each.reason),
        each.dropped ? h("span", { class: "faint sub" }, `Has dropped out: ${each.dropped}`) : null,
      ],
    },
    { label: "Since", cell: (each) => ago(each.since) },
  ];
}
