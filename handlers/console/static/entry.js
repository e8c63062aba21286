// One entry of the provisioning log, whole.

import { sheet } from "./dialog.js";
import { h, prose } from "./dom.js";
import { duration, moment, number } from "./format.js";
import { pairs } from "./lists.js";
import { badge, remedy } from "./notices.js";
import { to } from "./route.js";
import { properties, steps } from "./steps.js";
import { action, change, plain } from "./words.js";

/** Opens the details of an entry beside the page. */
export function openEntry(entry) {
  const failed = entry.error_code || entry.remedy;
  sheet(
    entry.action ? change(entry) : `${plain(entry.object_type)} ${entry.name}`,
    h("p", { class: "entry-head" }, badge(entry.status), h("span", {}, moment(entry.time))),
    failed || entry.reason
      ? h(
          "div",
          {
            class: `notice ${entry.status === "failure" ? "bad" : entry.status === "success" ? "plain" : "warn"}`,
          },
          h("p", {}, prose(entry.reason)),
          remedy(entry.remedy),
          h(
            "p",
            { class: "faint" },
            [...new Set([entry.error_code, entry.reason_code])].filter(Boolean).join(" · "),
          ),
        )
      : null,
    h(
      "p",
      { class: "buttons start" },
      h("a", { class: "button", href: to("find", entry.source_id) }, `Explain ${entry.name}`),
      h(
        "a",
        { class: "button", href: to("log", "", { principal: entry.source_id }) },
        "All of its log",
      ),
    ),
    h("h3", {}, "The five steps"),
    steps(entry.steps),
    entry.modified_properties.length
      ? [h("h3", {}, "Modified properties"), properties(entry.modified_properties)]
      : null,
    h("h3", {}, "Details"),
    pairs([
      ["Action", action(entry.action)],
      ["Cause", plain(entry.cause)],
      ["Cycle", h("a", { href: to("log", "", { cycle: entry.cycle_id }) }, entry.cycle_id)],
      ["Attempt", number(entry.attempt)],
      ["Request took", entry.duration_ms === null ? null : duration(entry.duration_ms / 1000)],
      [
        "From change to ZSCloud",
        entry.latency_ms === null ? null : duration(entry.latency_ms / 1000),
      ],
      ["Object in Entra", h("code", {}, entry.source_id)],
      ["Object in ZSCloud", entry.target_id ? h("code", {}, entry.target_id) : null],
      [
        "Member in Entra",
        entry.member?.source_id
          ? h("a", { href: to("find", entry.member.source_id) }, entry.member.source_id)
          : null,
      ],
      ["Member in ZSCloud", entry.member?.target_id ? h("code", {}, entry.member.target_id) : null],
      ["Change", entry.change_id ? h("code", {}, entry.change_id) : null],
      ["Request id", entry.request_id ? h("code", {}, entry.request_id) : null],
      ["Entry", h("code", {}, entry.id)],
    ]),
  );
}
