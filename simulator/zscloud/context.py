"""What the handling of one request needs to know."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from simulator.zscloud.errors import ScimError, invalid_value
from simulator.zscloud.options import Options
from simulator.zscloud.requestlog import Violation


@dataclass(frozen=True, slots=True)
class Context:
    """One request: when it came, under which options, and where its findings go.

    ``now``: arrival, seconds since the epoch. ``location``: URL of the SCIM base path.
    ``found``: violations found so far; those that are kind ``wasteful`` refuse nothing.
    """

    options: Options
    now: float
    method: str
    path: str
    location: str
    found: list[Violation] = field(default_factory=list)

    def refuse_if(self, condition: object, rule: str, detail: str) -> None:
        """In strict mode, raise ``ScimError`` 400 if the condition holds."""
        if self.options.strict and condition:
            raise invalid_value(detail, rule)

    def note_waste(self, rule: str, detail: str) -> None:
        """In strict mode, record a request that need not have been sent."""
        if self.options.strict:
            self.found.append(Violation(self.now, self.method, self.path, rule, detail, "wasteful"))

    def note_refusal(self, error: ScimError) -> None:
        """In strict mode, record an error that a rule of the client's brought about."""
        if self.options.strict and error.rule:
            self.found.append(Violation(self.now, self.method, self.path, error.rule, error.detail))

    def lenient(self) -> Context:
        """The same, without strict mode: for changes that no SCIM client made."""
        return replace(self, options=replace(self.options, strict=False), found=[])


def timestamp(seconds: float) -> str:
    """A time as SCIM writes it (RFC 7643 section 2.3.5), with milliseconds."""
    moment = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")


def meta(context: Context, kind: str, id: str, created: float, modified: float) -> dict[str, Any]:
    """The ``meta`` of a resource (RFC 7643 section 3.1); ZSCloud's has no version."""
    return {
        "resourceType": kind,
        "created": timestamp(created),
        "lastModified": timestamp(modified),
        "location": f"{context.location}/{kind}s/{id}",
    }
