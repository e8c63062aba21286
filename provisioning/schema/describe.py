"""A schema for people: a line for each target attribute, a sentence for each group of a filter."""

from __future__ import annotations

import msgspec

from provisioning.model import ObjectType
from provisioning.schema.meaning import expression_text
from provisioning.schema.model import MEMBERS, AttributeSchema, ObjectSchema
from provisioning.scoping import ScopingFilter, WrittenGroup


class AttributeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One target attribute. ``source`` is an expression, ``None`` for none. ``matching`` is the
    priority, 0 when nothing is found by it. ``apply``: ``always``, ``on creation``, ``where empty``
    or ``adding``; ``default_when``: ``create`` or ``always``; ``when_empty``: ``clear`` or
    ``keep``.
    """

    target: str
    source: str | None
    matching: int
    apply: str
    default: str | None
    default_when: str
    when_empty: str


def lines_of(schema: ObjectSchema) -> tuple[AttributeLine, ...]:
    """The attributes of an object, in the order of the file."""
    lines = tuple(line_of(attribute) for attribute in schema.attributes)
    return (*lines, _MEMBERS) if schema.type is ObjectType.GROUP else lines


def line_of(attribute: AttributeSchema) -> AttributeLine:
    """One attribute."""
    return AttributeLine(
        target=attribute.path,
        source=expression_text(attribute.expression),
        matching=attribute.matching_priority,
        apply=_apply(attribute),
        default=attribute.default,
        default_when="always" if attribute.default_always else "create",
        when_empty="clear" if attribute.clear else "keep",
    )


def _apply(attribute: AttributeSchema) -> str:
    if attribute.create_only:
        return "on creation"
    if attribute.fill_only:
        return "where empty"
    return "adding" if attribute.additive else "always"


_MEMBERS = AttributeLine(
    target=MEMBERS,
    source=f"[{MEMBERS}]",
    matching=0,
    apply="always",
    default=None,
    default_when="create",
    when_empty="clear",
)
"""Members have no options: who left a group is taken out."""


def filter_sentences(filter: ScopingFilter | None) -> tuple[str, ...]:
    """A sentence for each group; one of them has to be true. None without a filter."""
    return () if filter is None else tuple(map(_sentence, filter.written))


def _sentence(group: WrittenGroup) -> str:
    text = " and ".join(clause.text for clause in group.clauses)
    return f"{group.name}: {text}" if group.name else text


def summary(schema: ObjectSchema) -> str:
    """What is mapped, in one line."""
    lines = lines_of(schema)
    matching = sorted((line for line in lines if line.matching), key=lambda line: line.matching)
    found = ", then ".join(line.target for line in matching)
    groups = len(filter_sentences(schema.filter))
    scope = f"a filter of {_count(groups, 'group')} of clauses" if groups else "no filter"
    names = ", ".join(line.target.rpartition(":")[2] for line in lines)
    return f"{_count(len(lines), 'attribute')} ({names}), found by {found}; {scope}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
