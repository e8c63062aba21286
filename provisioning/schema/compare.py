"""What differs between two schemas, by what they mean."""

from __future__ import annotations

import msgspec

from provisioning.schema.describe import AttributeLine, filter_sentences, lines_of
from provisioning.schema.meaning import group_text
from provisioning.schema.model import ObjectSchema, Schema
from provisioning.scoping import ScopingFilter


class FieldChange(msgspec.Struct, frozen=True):
    """A field of a mapping that is another; ``None`` for no value."""

    field: str
    old: str | int | None
    new: str | int | None


class AttributeChange(msgspec.Struct, frozen=True):
    """A target attribute that is ``added``, ``removed`` or ``changed``, and its fields that are
    others. One that is added or removed has all of its fields.
    """

    target: str
    change: str
    fields: tuple[FieldChange, ...]


class ObjectDifference(msgspec.Struct, frozen=True):
    """What differs for users or for groups. Filters: the groups of clauses that are in one only.

    ``opened``: there was a filter, and everybody passes now; ``closed`` the other way round.
    """

    attributes: tuple[AttributeChange, ...]
    filter_added: tuple[str, ...]
    filter_removed: tuple[str, ...]
    opened: bool
    closed: bool

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not (self.attributes or self.filter_added or self.filter_removed)


class SchemaDifference(msgspec.Struct, frozen=True):
    """What differs for users and for groups."""

    user: ObjectDifference
    group: ObjectDifference

    @property
    def equal(self) -> bool:
        """Whether both mean the same."""
        return self.user.equal and self.group.equal


def compare(old: Schema, new: Schema) -> SchemaDifference:
    """What the new schema means otherwise."""
    return SchemaDifference(_compare(old.user, new.user), _compare(old.group, new.group))


def _compare(old: ObjectSchema, new: ObjectSchema) -> ObjectDifference:
    before, after = _groups(old.filter), _groups(new.filter)
    return ObjectDifference(
        attributes=_attributes(old, new),
        filter_added=tuple(after[text] for text in after if text not in before),
        filter_removed=tuple(before[text] for text in before if text not in after),
        opened=bool(before) and not after,
        closed=bool(after) and not before,
    )


def _groups(filter: ScopingFilter | None) -> dict[str, str]:
    """The sentence of each group, by its meaning."""
    if filter is None:
        return {}
    sentences = filter_sentences(filter)
    return {group_text(g): s for g, s in zip(filter.written, sentences, strict=True)}


def _attributes(old: ObjectSchema, new: ObjectSchema) -> tuple[AttributeChange, ...]:
    before = {line.target: (line, a) for line, a in _typed(old)}
    after = {line.target: (line, a) for line, a in _typed(new)}
    changes = []
    for target in dict.fromkeys((*before, *after)):
        fields = tuple(_fields(before.get(target), after.get(target)))
        if fields:
            change = "changed" if target in before and target in after else "added"
            change = "removed" if target not in after else change
            changes.append(AttributeChange(target, change, fields))
    return tuple(changes)


def _typed(schema: ObjectSchema) -> list[tuple[AttributeLine, str]]:
    """Each line with the type of its target, which decides how values are written."""
    types = {attribute.path: attribute.type for attribute in schema.attributes}
    return [(line, types.get(line.target, "Reference")) for line in lines_of(schema)]


def _fields(
    old: tuple[AttributeLine, str] | None, new: tuple[AttributeLine, str] | None
) -> list[FieldChange]:
    before, after = _values(old), _values(new)
    names = before or after
    return [
        FieldChange(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _values(line: tuple[AttributeLine, str] | None) -> dict[str, str | int | None]:
    if line is None:
        return {}
    values: dict[str, str | int | None] = msgspec.structs.asdict(line[0])
    del values["target"]
    return {**values, "type": line[1]}
