// The log as a file of CSV, as the filters of its panel say.

import { getText } from "./api.js";
import { h } from "./dom.js";
import { counted, number } from "./format.js";
import { toast } from "./notices.js";

const PAGE = 1000;
const MOST = 100_000;
// A spreadsheet takes the file for UTF-8 by it.
const MARK = "\ufeff";

/** A button that puts all that fits into a file, page after page. */
export function downloadButton(asked) {
  const label = h("span", { "aria-live": "polite" }, "Download CSV");
  const button = h("button", { type: "button", class: "button" }, label);
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const { parts, entries, left } = await all(asked, (n) => {
        label.textContent = `${number(n)} entries …`;
      });
      save(parts);
      const rest = left ? " There are more: take a shorter time, or `logs --format csv`." : "";
      toast(`Downloaded ${counted(entries, "entry", "entries")}.${rest}`);
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      toast(problem.message || "The app does not answer.", "bad");
    } finally {
      label.textContent = "Download CSV";
      button.disabled = false;
    }
  });
  return button;
}

async function all(asked, tell) {
  const parts = [MARK];
  let entries = 0;
  let after = "";
  do {
    const page = await getText("logs", { ...asked, format: "csv", limit: PAGE, after });
    const head = page.text.indexOf("\r\n") + 2;
    parts.push(after ? page.text.slice(head) : page.text);
    entries += rows(page.text) - 1;
    after = page.next;
    tell(entries);
  } while (after && entries < MOST);
  return { parts, entries, left: Boolean(after) };
}

/** Rows of CSV: line ends outside of quotes. */
const rows = (text) => (text.replace(/"[^"]*"/g, "").match(/\r\n/g) ?? []).length;

function save(parts) {
  const url = URL.createObjectURL(new Blob(parts, { type: "text/csv;charset=utf-8" }));
  const name = `provisioning-log-${new Date().toISOString().slice(0, 19).replace(/[-:]/g, "")}Z.csv`;
  h("a", { href: url, download: name }).click();
  // The browser has the file by then, or is reading it.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
