"""Which attributes of an object were edited by hand, and what is recorded of it then.

What is to be repaired is recorded as it is, so that the next plan puts it right. What is to be
reported or left keeps its record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from provisioning.case import Case
from provisioning.differences import differences
from provisioning.discovery.hand_findings import finding, is_protected, outcome_of
from provisioning.drift import ACTIVE, Finding, What
from provisioning.model import Attributes, Link, ObjectType, UpdateObject
from provisioning.plan import Planned, plan_group, plan_user
from provisioning.redaction import hidden
from provisioning.rules import Rules


def edited_attributes(
    rules: Rules, case: Case, link: Link, live: Attributes, paths: Sequence[str], at: float
) -> tuple[Link, list[Finding]]:
    """The link as it is now recorded, and which of ``paths`` were edited by hand: there the object
    differed ``live`` from its record ``at`` that time (epoch seconds).
    """
    expected: dict[str, Any] = {p.name: p.new for p in differences(case.mapped, live)}
    taken = msgspec.structs.replace(link, attributes=live)
    expected = {**_written(rules, case, taken), **expected}
    edited = [path for path in paths if path in expected]
    kept = {p: link.attributes.get(p) for p in edited if rules.drift.keeps(p)}
    merged = {p: value for p, value in {**live, **kept}.items() if value is not None}
    recorded = msgspec.structs.replace(link, attributes=merged)
    written = _written(rules, case, recorded)
    redacted = case.mapped.rules.redacted
    findings = [
        finding(
            link,
            What.ACTIVE if path == ACTIVE else What.ATTRIBUTE,
            path,
            hidden(expected[path], redacted=path in redacted),
            hidden(live.get(path), redacted=path in redacted),
            outcome_of(rules.drift.of(path), repaired=path in written),
            at,
        )
        for path in edited
    ]
    return recorded, findings


def _written(rules: Rules, case: Case, link: Link) -> Attributes:
    """What a plan would write, if this were the record."""
    link = msgspec.structs.replace(link, protected=is_protected(case, link))
    if case.key.type is ObjectType.USER:
        plan = plan_user(case.key, case.verdict, case.mapped, link, rules.deprovisioning)
        plans: Iterable[object] = (plan,)
    else:
        policy, ours = rules.deprovisioning, case.ours
        found = plan_group(case.key, case.verdict, case.mapped, link, {}, {}, ours, policy, 1)
        plans = found if isinstance(found, list) else ()
    writes = [plan.write for plan in plans if isinstance(plan, Planned)]
    return {
        path: value
        for write in writes
        if isinstance(write, UpdateObject)
        for path, value in write.values.items()
    }
