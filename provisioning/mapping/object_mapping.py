"""The mapping of users or of groups: source attributes in, target attributes out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from provisioning.errors import Problem
from provisioning.expressions import (
    IGNORED,
    UNKNOWN,
    Surroundings,
)
from provisioning.mapping.mapped import FlowRules, Mapped
from provisioning.mapping.values import Convert, UnfitValueError
from provisioning.model import Attributes, EntraId, ObjectType
from provisioning.schema import NAME
from provisioning.scoping import ScopingFilter
from provisioning.source_attributes import source_row

REQUIRED = {ObjectType.USER: ("userName", "displayName"), ObjectType.GROUP: ("displayName",)}
"""Without these an object is not sent.

Entra's page of the ZSCloud application marks ``department`` as required too. Zscaler does not,
and its own examples, like many people in Entra, have none: asking for it would lock them out.
"""

_REQUIRED = {type: frozenset(paths) for type, paths in REQUIRED.items()}


class MatchingAttribute(msgspec.Struct, frozen=True):
    """A target attribute that finds an object, and the expression of its value."""

    path: str
    source: str


class AttributeSource(msgspec.Struct, frozen=True):
    """Where a target attribute comes from: the expression as it was written, and the source
    attributes that it reads. Without an ``expression`` it has only its default. With ``redacted``
    no log may show its value.
    """

    path: str
    expression: str | None
    attributes: tuple[str, ...]
    redacted: bool


Read = Callable[[Mapping[str, Any], Surroundings], Any]


class Flow(msgspec.Struct, frozen=True):
    """How one target attribute gets its value: read from the source, then fit for the target.

    ``default`` stands in whenever the source has none.
    """

    path: str
    read: Read
    convert: Convert
    default: str | bool | None = None


@dataclass(frozen=True, slots=True)
class ObjectMapping:
    """The mapping of users or of groups.

    ``source_properties`` are the properties to select in Graph; ``id`` comes in any case.
    ``target_paths`` are the SCIM paths that are written, without ``members``. ``matching`` is in
    the order of priority. ``filter`` lets principals into scope; ``None`` lets in everybody.
    ``references`` are the paths whose values are object ids and stand for the objects in ZSCloud;
    ``roles`` is whether app roles are read. ``sources`` say of each target attribute where it comes
    from.
    """

    type: ObjectType
    source_properties: tuple[str, ...]
    target_paths: tuple[str, ...]
    matching: tuple[MatchingAttribute, ...]
    _flows: tuple[Flow, ...]
    rules: FlowRules
    filter: ScopingFilter | None = None
    references: tuple[str, ...] = ()
    roles: bool = False
    sources: tuple[AttributeSource, ...] = ()

    def map(
        self,
        source_id: EntraId,
        attributes: Mapping[str, Any],
        *,
        soft_deleted: bool,
        around: Surroundings = UNKNOWN,
    ) -> Mapped:
        """The wanted attributes of a principal.

        ``attributes`` by Graph's property names. ``soft_deleted`` is Entra's computed
        IsSoftDeleted: deleted, disabled or out of scope. ``around`` is what expressions may know
        besides. Never raises for a value.
        """
        row = source_row(source_id, attributes, IsSoftDeleted=soft_deleted)
        values: Attributes = {}
        unfit: dict[str, UnfitValueError] = {}
        ignored: set[str] = set()
        for flow in self._flows:
            try:
                read = flow.read(row, around)
                value = None if read is IGNORED else flow.convert(read)
            except UnfitValueError as error:
                unfit[flow.path] = error
                continue
            if value is not None:
                values[flow.path] = value
            elif read is IGNORED:
                ignored.add(flow.path)
            elif flow.default is not None:
                values[flow.path] = flow.default
        return Mapped(
            attributes=values,
            name=self._name(values, unfit),
            matches=self._matches(values),
            rules=self.rules,
            left_alone=frozenset(ignored | unfit.keys()),
            problems=self._problems(values, unfit, ignored),
        )

    def _name(self, values: Attributes, unfit: Mapping[str, UnfitValueError]) -> str:
        """The name as it is, also where ZSCloud does not take it."""
        path = NAME[self.type]
        return unfit[path].text if path in unfit else str(values.get(path) or "")

    def _matches(self, values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """By precedence; each stands for itself, they are never combined (Entra: matching)."""
        return tuple(
            [(m.path, str(values[m.path])) for m in self.matching if values.get(m.path) is not None]
        )

    def _problems(
        self, values: Attributes, unfit: Mapping[str, UnfitValueError], ignored: set[str]
    ) -> tuple[Problem, ...]:
        """What the object cannot be provisioned for: values that do not fit, and required ones
        that are missing.
        """
        if not unfit and values.keys() >= _REQUIRED[self.type]:
            return ()  # As nearly always.
        problems = [Problem(path, e.message, e.remedy) for path, e in unfit.items()]
        problems += [
            Problem(
                path,
                "has no value in Entra.",
                f"Give the {self.type.value} a value there, or map {path} from another attribute.",
            )
            for path in REQUIRED[self.type]
            if path not in values
            and path not in unfit
            and (path in ignored or path not in self.rules.defaults)
        ]
        return tuple(problems)
