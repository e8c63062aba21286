"""The scoping filters of an object mapping, compiled."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.errors import Problem
from provisioning.model import ObjectType
from provisioning.schema.decode import problem
from provisioning.schema.export import Filter, FilterClause, ObjectDefinition
from provisioning.scoping import ClauseForm, GroupForm, ScopingFilter, compile_filter
from provisioning.source_attributes import COMPUTED, ROLES


def resolve_filter(
    type: ObjectType,
    scope: Filter | None,
    source: ObjectDefinition | None,
    problems: list[Problem],
    *,
    whole: bool,
) -> ScopingFilter | None:
    """The filter of an object mapping; ``None`` for none. What is wrong goes to ``problems``.

    ``whole`` is false when parts of the file could not be read: then no group is called empty.
    """
    if scope is None:
        return None
    problems += _refused(scope)
    known = None
    if source is not None:
        known = (COMPUTED - {ROLES}) | {a.name for a in source.attributes if a.type != "Reference"}
    groups = [
        GroupForm(group.name or "", tuple(map(_form, group.clauses or ())), group.at)
        for group in scope.groups or ()
        if whole or group.clauses
    ]
    found: list[Problem] = []
    compiled = compile_filter(groups, known, found)
    problems += (problem(one.field, one.message, one.remedy) for one in found)
    if type is ObjectType.GROUP and compiled is not None and compiled.groups:
        # What a group is within is known of assigned groups only, and with nesting.
        message = "asks for the membership of groups, which only the filter of users can."
        problems.append(problem(scope.at, message, "Choose groups by assigning them."))
    return compiled


def _form(clause: FilterClause) -> ClauseForm:
    operand = clause.target_operand
    values = () if operand is None else operand.values or ()
    return ClauseForm(clause.source_operand_name, clause.operator_name, values, clause.at)


def _refused(scope: Filter) -> Iterator[Problem]:
    """Filters that would be read otherwise than they are meant are not read at all."""
    for field, given, means in (
        ("categoryFilterGroups", scope.category_filter_groups, "choose between object mappings"),
        ("inputFilterGroups", scope.input_filter_groups, "keep access that nobody takes away"),
    ):
        if given:
            yield problem(
                f"{scope.at}.{field}",
                f"is experimental in Entra, and is not available here: it would {means}.",
                "Write its conditions into groups, and leave it empty.",
            )
