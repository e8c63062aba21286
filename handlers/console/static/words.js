// The words of the documents, as people read them.

export const STATES = {
  healthy: { label: "Healthy", tone: "good", icon: "check" },
  working: { label: "Working", tone: "busy", icon: "turn" },
  held: { label: "Held", tone: "warn", icon: "pause" },
  quarantined: { label: "Quarantined", tone: "bad", icon: "bang" },
  stopped: { label: "Stopped", tone: "warn", icon: "pause" },
  off: { label: "Off", tone: "mute", icon: "pause" },
};

export const STATUSES = {
  success: { label: "Success", tone: "good", icon: "check" },
  ok: { label: "OK", tone: "good", icon: "check" },
  failure: { label: "Failure", tone: "bad", icon: "cross" },
  failed: { label: "Failed", tone: "bad", icon: "cross" },
  warning: { label: "Warning", tone: "warn", icon: "bang" },
  skipped: { label: "Skipped", tone: "mute", icon: "skip" },
  waiting: { label: "Waiting", tone: "warn", icon: "wait" },
  held: { label: "Held", tone: "warn", icon: "pause" },
  pending: { label: "To be decided", tone: "warn", icon: "pause" },
  approved: { label: "Approved", tone: "good", icon: "check" },
  rejected: { label: "Rejected", tone: "mute", icon: "cross" },
  expired: { label: "Expired", tone: "warn", icon: "wait" },
  active: { label: "Active", tone: "good", icon: "check" },
  expiring: { label: "Ends soon", tone: "warn", icon: "wait" },
  missing: { label: "Missing", tone: "bad", icon: "cross" },
  withdrawn: { label: "Withdrawn", tone: "mute", icon: "skip" },
  queued: { label: "Queued", tone: "busy", icon: "wait" },
  running: { label: "Running", tone: "busy", icon: "turn" },
  completed: { label: "Completed", tone: "good", icon: "check" },
  completed_with_errors: { label: "Completed with errors", tone: "warn", icon: "bang" },
  quarantined: { label: "Quarantined", tone: "bad", icon: "bang" },
  stopped: { label: "Stopped", tone: "warn", icon: "pause" },
  true: { label: "True", tone: "good", icon: "check" },
  false: { label: "False", tone: "mute", icon: "cross" },
};

export const ACTIONS = {
  create: "Create",
  update: "Update",
  enable: "Enable",
  disable: "Disable",
  delete: "Delete",
  add_member: "Add member",
  remove_member: "Remove member",
};

const ELSEWHERE = [
  [": `held list` shows the plans", ""],
  ["`logs --status failure` says why", "the log says why"],
  [": run `cycle` to begin", ""],
  ["`on-demand` does it at once", "Provision now does it at once"],
  [" (`held list`, `held approve ID`)", ""],
];

/** A sentence that names commands, in the words of this page. */
export const saidHere = (text) =>
  ELSEWHERE.reduce((said, [there, here]) => said.replace(there, here), String(text ?? ""));

/** Why the job is in its state. */
export function why(status) {
  if (status.state === "stopped")
    return `Nothing is sent to ZSCloud: stopped by ${status.stopped?.by ?? "somebody"}.`;
  return saidHere(status.why);
}

/** A text that begins like a sentence. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** A word of a document that has no words of its own here. */
export const plain = (word) => {
  const text = String(word ?? "").replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
};

export const action = (word) => ACTIONS[word] ?? (word ? plain(word) : "No change");

/** What a change does, with whom it is about. */
export function change(each) {
  const name = each.member?.name ?? each.member?.source_id;
  if (each.action === "remove_member") return `Remove ${name} from ${each.name}`;
  if (each.action === "add_member") return `Add ${name} to ${each.name}`;
  return `${action(each.action)} ${each.object_type} ${each.name}`;
}
