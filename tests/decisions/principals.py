"""Principals, links and verdicts that the tests of decisions are made of."""

from __future__ import annotations

from typing import Any

import msgspec

from provisioning.errors import Problem
from provisioning.mapping import Mapped
from provisioning.mapping.mapped import FlowRules
from provisioning.model import ChangeMember, EntraId, Key, Link, ObjectType, Origin, ScimId
from provisioning.scope import Reason, Verdict

NOW = 1_800_000_000.0
DAY = 86_400.0
USER = Key(ObjectType.USER, EntraId("u"))
GROUP = Key(ObjectType.GROUP, EntraId("g"))
IN = Verdict(True, True, Reason.ASSIGNED, "Assigned.", None, NOW)
OUT = Verdict(False, False, Reason.UNASSIGNED, "Not assigned.", None, NOW)
OFF = Verdict(True, False, Reason.DISABLED, "Disabled.", None, NOW)
UNDECIDED = Verdict(True, False, Reason.FILTER_UNDECIDED, "Nobody knows.", None, NOW)
RULES = FlowRules(
    defaults={},
    create_only=frozenset(),
    fill_only=frozenset(),
    additive=frozenset(),
    clearable=(),
    keep=frozenset(),
    lists=frozenset(),
    redacted=frozenset(),
)
JO = {"userName": "jo@example.com", "title": "Clerk", "active": True}
SALES = {"displayName": "Sales"}


def mapped(attributes: dict[str, Any], name: str = "jo@example.com", **rules: Any) -> Mapped:
    return Mapped(
        attributes=attributes,
        name=name,
        matches=(),
        rules=msgspec.structs.replace(RULES, **rules),
    )


def unfit(attributes: dict[str, Any]) -> Mapped:
    """What cannot be provisioned, since two attributes are missing."""
    problems = (
        Problem("userName", "It has no value.", "Give it one."),
        Problem("title", "It has none either.", "Give it another."),
    )
    return msgspec.structs.replace(mapped(attributes), problems=problems)


def link(key: Key = USER, attributes: dict[str, Any] | None = None, **fields: Any) -> Link:
    row = Link(
        key=key,
        scim_id=ScimId("s"),
        attributes=dict(JO if key is USER else SALES) if attributes is None else attributes,
        origin=Origin.CREATED,
        linked_at=0.0,
        written_at=0.0,
    )
    return msgspec.structs.replace(row, **fields)


def member(id: str, source: str | None = "") -> ChangeMember:
    """A member of ZSCloud's id; ``source`` is its id in Entra."""
    found = f"entra-{id}" if source == "" else source
    return ChangeMember(None if found is None else EntraId(found), ScimId(id), f"Name of {id}")


def members(*ids: str) -> dict[ScimId, ChangeMember]:
    return {ScimId(id): member(id) for id in ids}
