"""What the log says of edits by hand: which they are, what becomes of them, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from provisioning.apply.recording.entries import why_skipped
from provisioning.apply.recording.reasons import TAKEN
from provisioning.case import Case
from provisioning.discovery.hand_findings import name_of
from provisioning.drift import MEMBERSHIPS, Finding, Outcome, Treatment, What
from provisioning.entries import Entries, Occasion, Subject, Why
from provisioning.job import Job
from provisioning.model import Link, ModifiedProperty
from provisioning.ports import Row
from provisioning.provisioning_log import LogStatus
from provisioning.record import CycleRecord

_REMEDY = "`on-demand` puts it right once; DRIFT=repair does so with every reconcile."
_REENABLED = (
    "Switch it off in the ZSCloud portal, or let `on-demand` do it; with active=repair in DRIFT "
    "the next reconcile does."
)


def entry_of_edits(
    job: Job,
    cycle: CycleRecord,
    case: Case,
    link: Link,
    findings: Sequence[Finding],
    strangers: Sequence[str],
) -> list[Row]:
    """Rows of one entry for an object that hands have edited; none for what is left.

    ``strangers`` were put into a group, and are nobody's of ours.
    """
    told = [each for each in findings if each.treatment is not Outcome.LEFT]
    known = strangers if job.rules.drift.of(MEMBERSHIPS) is not Treatment.LEAVE else ()
    if not told and not known:
        return []
    code, reason, remedy = "Drift", _reason(job, told), ""
    if any(each.treatment is Outcome.REPORTED for each in told):
        remedy = _REMEDY
    if not told:
        code = "UnmanagedMembers"
        reason = "Members were added by hand that no assignment explains: they stay."
    elif any(each.is_reenabled for each in told):
        code, remedy = "EnabledByHand", _REENABLED
        reason = f"The account was switched on in ZSCloud by hand. {case.verdict.sentence} {reason}"
    if not told or remedy:
        cycle.counts.skipped += 1
    properties = _properties(told, known)
    return _rows(job, cycle, link, LogStatus.SKIPPED, Why(code, reason, remedy), properties)


def entry_of_missing(
    job: Job, cycle: CycleRecord, link: Link, finding: Finding | None
) -> list[Row]:
    """Rows of the entry for an object that is gone; without a ``finding`` nobody is to have it."""
    if finding is None:
        reason = "The object was deleted in ZSCloud, and nobody is to have it: the link is dropped."
        return _rows(job, cycle, link, LogStatus.SUCCESS, Why("TargetGone", reason))
    doing = _doing(job, [finding])
    remedy = _REMEDY if finding.treatment is Outcome.REPORTED else ""
    if remedy:
        cycle.counts.skipped += 1
    reason = f"The object in ZSCloud was deleted by hand. {doing}"
    return _rows(job, cycle, link, LogStatus.SKIPPED, Why("Drift", reason, remedy))


def entry_of_taken(
    job: Job, cycle: CycleRecord, link: Link, properties: Sequence[ModifiedProperty]
) -> list[Row]:
    """Rows of the entry for an object that waited to be deleted, and is somebody else's now."""
    cycle.counts.skipped += 1
    return _rows(job, cycle, link, LogStatus.SKIPPED, why_skipped(TAKEN), properties)


def _reason(job: Job, told: Sequence[Finding]) -> str:
    return f"The object in ZSCloud is not as it was written. {_doing(job, told)}"


def _doing(job: Job, told: Sequence[Finding]) -> str:
    policy = job.rules.drift
    fixed = _names(each for each in told if each.treatment is Outcome.REPAIRED)
    kept = _names(each for each in told if each.treatment is Outcome.REPORTED)
    if not kept:
        return "It is put right."
    idle = all(
        not policy.keeps(MEMBERSHIPS if each.what is What.MEMBERSHIP else each.attribute)
        for each in told
        if each.treatment is Outcome.REPORTED
    )
    why = "Nothing of it is written now" if idle else f"DRIFT={policy} leaves it as it is"
    if not fixed:
        return f"{why}."
    return f"{fixed} is put right. {why}: {kept}."


def _names(findings: Iterable[Finding]) -> str:
    return ", ".join(dict.fromkeys(each.attribute.rpartition(":")[2] for each in findings))


def _properties(told: Sequence[Finding], strangers: Sequence[str]) -> tuple[ModifiedProperty, ...]:
    """From what hands made of it to what it should be; of members, who came and who went."""
    members = [each for each in told if each.what is What.MEMBERSHIP]
    changed = [
        ModifiedProperty(each.attribute, each.found, each.expected)
        for each in told
        if each.what is not What.MEMBERSHIP
    ]
    more = [*(_member(each) for each in members if each.found), *strangers]
    less = [_member(each) for each in members if each.expected]
    if more or less:
        changed.append(ModifiedProperty("members", more, less))
    return tuple(changed)


def _member(finding: Finding) -> str:
    member = finding.member
    return "" if member is None else str(member.name or member.source_id or member.target_id)


def _rows(
    job: Job,
    cycle: CycleRecord,
    link: Link,
    status: LogStatus,
    why: Why,
    properties: Sequence[ModifiedProperty] = (),
) -> list[Row]:
    occasion = Occasion(time=job.clock.time(), cycle_id=cycle.cycle_id, cause="reconcile")
    subject = Subject(link.key, name_of(link), link.scim_id)
    entry = Entries(job.ids).of(occasion, subject, status, why, properties=properties)
    return job.log.rows([entry])
