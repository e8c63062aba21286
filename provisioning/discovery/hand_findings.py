"""One thing that hands have changed in ZSCloud, as it is told, and what becomes of it."""

from __future__ import annotations

from typing import Any

from provisioning.case import Case
from provisioning.drift import Finding, Outcome, Treatment, What
from provisioning.model import NAME_PATH, ChangeMember, Link


def finding(
    link: Link,
    what: What,
    attribute: str,
    expected: Any,
    found: Any,
    outcome: Outcome,
    at: float,
    member: ChangeMember | None = None,
) -> Finding:
    """How a linked object is, and how it should be, at a time (epoch seconds)."""
    return Finding(
        object_type=link.key.type,
        source_id=link.key.id,
        target_id=link.scim_id,
        name=name_of(link),
        what=what,
        attribute=attribute,
        expected=expected,
        found=found,
        treatment=outcome,
        at=at,
        member=member,
    )


def name_of(link: Link) -> str:
    """What the object is called in ZSCloud, as recorded."""
    return str(link.attributes.get(NAME_PATH[link.key.type]) or link.scim_id)


def is_protected(case: Case, link: Link) -> bool:
    """Whether nothing of its own is ever written."""
    return link.protected or (case.link is not None and case.link.protected)


def outcome_of(treatment: Treatment, *, repaired: bool) -> Outcome:
    """What is to be repaired and is not written, is reported: as that of somebody protected."""
    if repaired:
        return Outcome.REPAIRED
    return Outcome.LEFT if treatment is Treatment.LEAVE else Outcome.REPORTED
