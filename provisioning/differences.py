"""What an object should be and what was last recorded of it: the difference. Pure."""

from __future__ import annotations

from typing import Any

from provisioning.mapping import Mapped
from provisioning.model import Attributes, ModifiedProperty


def differences(mapped: Mapped, recorded: Attributes) -> list[ModifiedProperty]:
    """Mapped attributes whose recorded value is another; a path that is created only, or kept
    when empty, is left alone.
    """
    changed: list[ModifiedProperty] = []
    rules = mapped.rules
    for path, value in mapped.attributes.items():
        old = recorded.get(path)
        several = path in rules.lists or "[" in path
        new = _added_to(old, value) if several and path in rules.additive else value
        kept = path in rules.create_only or (path in rules.fill_only and old not in (None, ""))
        if not kept and not same(old, new):
            changed.append(ModifiedProperty(path, old, new))
    for path in mapped.clearable:
        old = recorded.get(path)
        if old not in (None, "") and path not in mapped.attributes:
            changed.append(ModifiedProperty(path, old, None))
    return changed


def same(old: Any, new: Any) -> bool:
    """Lists have no order, and complex values are known by their ``value`` (RFC 7643 2.4)."""
    if isinstance(old, list) or isinstance(new, list):
        return _values(old) == _values(new)
    return bool(old == new)


def _values(several: Any) -> set[Any]:
    elements = _elements(several)
    values = (each.get("value") if isinstance(each, dict) else each for each in elements)
    # A server may show anything.
    return {repr(value) if isinstance(value, (dict, list)) else value for value in values}


def _elements(several: Any) -> list[Any]:
    if several is None:
        return []
    return several if isinstance(several, list) else [several]


def _added_to(old: Any, new: Any) -> Any:
    """What is there, and what is missing of ``new``."""
    there = _values(old)
    missing = [each for each in _elements(new) if not _values([each]) <= there]
    if not missing:
        return old
    return new if old is None else [*_elements(old), *missing]
