"""The explanation of one principal: typed, ready to be shown."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from provisioning.model import Change, WireRequest


class StepStatus(StrEnum):
    """How a step stands. ``waiting``: nothing is wrong with it, but it is not done yet."""

    SUCCESS = "success"
    SKIPPED = "skipped"
    FAILURE = "failure"
    WAITING = "waiting"


class ExplainedStep(msgspec.Struct, frozen=True):
    """One of Entra's five steps. ``remedy`` says what somebody could do, ``facts`` has details."""

    name: str
    status: StepStatus
    detail: str
    remedy: str | None = None
    facts: dict[str, Any] = {}


class ExplainedAttribute(msgspec.Struct, frozen=True, kw_only=True):
    """One target attribute: from what (``source`` by name), by which expression, with what result,
    beside the recorded and the live value. ``outcome`` is one of ``Outcome``.
    """

    name: str
    expression: str | None
    source: dict[str, Any]
    value: Any
    recorded: Any
    live: Any
    outcome: str
    problem: str | None = None
    remedy: str | None = None


class ExplainedClause(msgspec.Struct, frozen=True, kw_only=True):
    """One clause of the scoping filter with the value that it saw."""

    attribute: str
    operator: str
    operand: tuple[str, ...]
    seen: Any
    outcome: str
    because_null: bool
    sentence: str
    at: str


class ExplainedGroup(msgspec.Struct, frozen=True):
    """One group of clauses. One true group is enough."""

    name: str
    outcome: str
    clauses: tuple[ExplainedClause, ...]


class ExplainedPath(msgspec.Struct, frozen=True):
    """One way into scope: the app role, and the groups up to the assigned one, none if direct."""

    role: str
    counts: bool
    groups: tuple[str, ...]
    sentence: str


class MemberList(msgspec.Struct, frozen=True):
    """Members of a group that are added or taken out: how many, and the first names."""

    count: int
    names: tuple[str, ...]


class ExplainedMembers(msgspec.Struct, frozen=True):
    """Of a group: members in ZSCloud now, those that come and go, those without an account yet."""

    recorded: int
    add: MemberList
    remove: MemberList
    without_account: MemberList


class Principal(msgspec.Struct, frozen=True):
    """Whom it is about."""

    id: str
    type: str
    name: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a principal is, or is not, in ZSCloud as it is. ``members`` is for groups."""

    principal: Principal
    verdict: str
    steps: tuple[ExplainedStep, ...]
    attributes: tuple[ExplainedAttribute, ...]
    filter: tuple[ExplainedGroup, ...]
    paths: tuple[ExplainedPath, ...]
    members: ExplainedMembers | None
    changes: tuple[Change, ...]
    would_send: tuple[WireRequest, ...]
