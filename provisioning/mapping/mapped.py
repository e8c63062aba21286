"""What one principal's object should be, and by which rules it follows."""

from __future__ import annotations

import msgspec

from provisioning.errors import Problem
from provisioning.model import Attributes


class FlowRules(msgspec.Struct, frozen=True, kw_only=True):
    """How the values of a mapping flow, by SCIM path: the same for all principals.

    ``defaults`` are for a create, beneath the values. ``create_only`` are never updated,
    ``fill_only`` written where there is none, ``additive`` only added to. ``clearable`` lose their
    value in ZSCloud when Entra has none; ``keep`` hold it. ``lists`` are those whose values are
    lists. No log shows those that are ``redacted``.
    """

    defaults: Attributes
    create_only: frozenset[str]
    fill_only: frozenset[str]
    additive: frozenset[str]
    clearable: tuple[str, ...]
    keep: frozenset[str]
    lists: frozenset[str]
    redacted: frozenset[str]


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """What one principal's object should be.

    ``attributes`` by SCIM path: only values that ZSCloud can take, none of them ``None``.
    ``left_alone`` are paths of which nobody can tell now what they should be: they have no default,
    and are never cleared. ``name`` is what ZSCloud knows the object by, empty when there is none.
    ``matches`` are the values it is looked for by, path and value, the first one first. With
    ``problems`` the object cannot be provisioned.
    """

    attributes: Attributes
    name: str
    matches: tuple[tuple[str, str], ...]
    rules: FlowRules
    left_alone: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()

    @property
    def defaults(self) -> Attributes:
        """What a create has beneath the values."""
        return {p: value for p, value in self.rules.defaults.items() if p not in self.left_alone}

    @property
    def create_only(self) -> frozenset[str]:
        """Paths that are never updated."""
        return self.rules.create_only

    @property
    def clearable(self) -> tuple[str, ...]:
        """Paths that lose their value in ZSCloud when there is none."""
        return tuple(path for path in self.rules.clearable if path not in self.left_alone)

    @property
    def keep(self) -> frozenset[str]:
        """Paths that hold it."""
        return self.rules.keep | self.left_alone
