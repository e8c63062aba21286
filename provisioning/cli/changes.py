"""Changes as a table: what, to whom, why, and from which value to which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from rich.table import Table
from rich.text import Text

from provisioning.cli import output
from provisioning.model import Action, Change, EntraId, ModifiedProperty, ObjectType

FEW_MEMBERS = 20
"""Membership changes of one group, of one action, that are shown one by one."""

_STYLE = {
    Action.CREATE: "green",
    Action.ENABLE: "green",
    Action.ADD_MEMBER: "green",
    Action.UPDATE: "yellow",
    Action.DISABLE: "red",
    Action.DELETE: "red",
    Action.REMOVE_MEMBER: "red",
}


def changes_table(changes: Sequence[Change], title: str | None = None) -> Table:
    """One line for each change; many memberships of one group are one line with their number."""
    table = output.table("Action", "Object", "Name", "Reason", "What changes", title=title)
    for change, what in _lines(changes):
        table.add_row(
            Text(change.action.value, _STYLE[change.action]),
            change.object_type.value,
            output.plain(change.name),
            output.plain(change.reason),
            what,
        )
    return table


def change_texts(changes: Iterable[Mapping[str, Any]]) -> Iterator[Text]:
    """What changes, of changes as documents have them; memberships by the member's name."""
    for change in changes:
        if (member := change["member"]) is not None:
            sign = "+" if change["action"] == Action.ADD_MEMBER else "-"
            named = member["name"] or member["source_id"] or member["target_id"]
            yield output.plain(f"{sign} {named}")
        else:
            properties = change["modified_properties"]
            yield from property_texts(msgspec.convert(properties, list[ModifiedProperty]))


def property_texts(properties: Iterable[ModifiedProperty]) -> Iterator[Text]:
    """``name: old -> new`` of each attribute; an old value that was unset is left out."""
    for item in properties:
        old = "" if item.old is None else f"{_value(item.old)} -> "
        new = "(removed)" if item.new is None else _value(item.new)
        yield output.plain(f"{item.name}: {old}{new}")


def _value(value: object) -> str:
    """Texts as they are, all else as in JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _lines(changes: Sequence[Change]) -> Iterator[tuple[Change, Text]]:
    names = {c.source_id: c.name for c in changes if c.object_type is ObjectType.USER}
    numbers = Counter((c.source_id, c.action) for c in changes if c.member is not None)
    summarised: set[tuple[EntraId, Action]] = set()
    for change in changes:
        group = (change.source_id, change.action)
        if change.member is None:
            yield change, Text("\n").join(property_texts(change.modified_properties))
        elif numbers[group] <= FEW_MEMBERS:
            yield change, _member(change, names)
        elif group not in summarised:
            summarised.add(group)
            yield change, Text(f"{numbers[group]} members")


def _member(change: Change, names: Mapping[EntraId, str]) -> Text:
    assert change.member is not None
    source = change.member.source_id
    known = change.member.name or (names.get(source) if source is not None else None)
    return output.plain(f"member {known or source or change.member.target_id}")
