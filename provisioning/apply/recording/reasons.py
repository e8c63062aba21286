"""What the log says of outcomes that no plan gives a reason for: code, sentence, remedy."""

from __future__ import annotations

from provisioning.case import Case
from provisioning.entries import Why
from provisioning.errors import RemoteError
from provisioning.model import NAME_PATH, Key, TargetObject, folded
from provisioning.plan import Skipped

TAKEN = Skipped(
    "TargetTaken",
    "The object in ZSCloud has another externalId and name than the one that was linked: it is "
    "somebody else's now. It is not deleted, and the link is dropped.",
    "Look at the object in the ZSCloud portal; it is not ours any more.",
)
"""Why an object that has waited to be deleted is left alone."""

ADOPTED = Why(
    "Adopted",
    "A rebuild has found it, and it was approved that it is adopted: it is linked.",
)
LEFT_MISSING = Why(
    "DeletedByHand",
    "The object was deleted in ZSCloud by hand, and DRIFT leaves that as it is.",
    "To have it made anew, set existence=repair in DRIFT and call again.",
)
RECORDED = Why(
    "Recorded",
    "Whoever was at work on it before did not come to record what was done: what ZSCloud shows is "
    "recorded now.",
)
VANISHED = Why("TargetGone", "The linked object is no longer in ZSCloud; the link was dropped.")
MOVED_ON = Why(
    "SourceMovedOn",
    "Its grace period is over, but Entra shows it otherwise now: it is not deleted, and read once "
    "more.",
    "Nothing: the next cycles decide.",
)


def refused(error: RemoteError) -> Why:
    """A request failed, or could not be made."""
    return Why(error.code, str(error), error.remedy, error.request_id)


def member_refused(member: Key, error: RemoteError) -> Why:
    """The server takes a group, but not with this member."""
    sentence = f"The member {member} was refused: {error}"
    return Why(error.code, sentence, error.remedy, error.request_id)


def protected(case: Case) -> Why:
    """A delete was refused as an administrator's."""
    return Why(
        "ProtectedObject",
        f"ZSCloud refused to delete '{case.name}' (409), as it does with "
        "administrators: it is protected from now on, and not asked for again. "
        f"{case.verdict.sentence}",
        "Take its administrator's rights away in the ZSCloud portal, and disable or "
        "delete it there.",
    )


def matched(case: Case, found: TargetObject) -> Why:
    """An object that exists already is the principal's."""
    by = _matched_by(case, found)
    sentence = f"An object of that {by} exists in ZSCloud: it is linked, not created again."
    return Why("Matched", sentence)


def moved(successor: Key) -> Why:
    """The object of a principal that is gone or out of scope is another one's now."""
    return Why("LinkMoved", f"The ZSCloud object goes to {successor}, which has its name now.")


def _matched_by(case: Case, found: TargetObject) -> str:
    """What the object has in common with its principal."""
    path = NAME_PATH[case.key.type]
    if folded(str(found.attributes.get(path))) == folded(case.name):
        return path
    values = ((path, found.attributes.get(path)) for path, _ in case.mapped.matches)
    wanted = dict(case.mapped.matches)
    alike = (path for path, value in values if folded(str(value)) == folded(wanted[path]))
    return next(alike, "externalId")
