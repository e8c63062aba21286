"""``Replace`` with its five modes, chosen by which arguments are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from provisioning.dotnet_regex import MatchFailed, Pattern
from provisioning.expressions import readers
from provisioning.expressions.errors import Unfit
from provisioning.expressions.functions.function import Function, Parameter
from provisioning.expressions.functions.text import too_long
from provisioning.expressions.operands import MAX_RESULT, Operand
from provisioning.expressions.readers import ABSENT, Absent

T = TypeVar("T")

_OLD, _PATTERN, _GROUP, _VALUE, _ATTRIBUTE, _TEMPLATE = range(1, 7)
_MODES = (
    {_OLD, _VALUE},
    {_OLD, _TEMPLATE},
    {_PATTERN, _VALUE},
    {_PATTERN, _GROUP, _VALUE},
    {_PATTERN, _GROUP, _ATTRIBUTE},
)
_NO_MODE = (
    "its arguments fit none of its five modes: oldValue and replacementValue; oldValue and "
    "template; regexPattern and replacementValue; regexPattern, regexGroupName and "
    "replacementValue; regexPattern, regexGroupName and replacementAttributeName"
)


def _check(arguments: Sequence[object]) -> str | None:
    given = {index for index, value in enumerate(arguments) if index and value is not ABSENT}
    if given not in _MODES:
        return _NO_MODE
    padded = [*arguments, *(None for _ in range(7))]
    if padded[_OLD] == "" and _OLD in given:
        return "its oldValue is empty"
    pattern, group = padded[_PATTERN], padded[_GROUP]
    if isinstance(pattern, Pattern) and isinstance(group, str) and group not in pattern.groups:
        return f"its regexPattern has no group {group[:60]!r}"
    return None


def _replace(
    source: str | None,
    old: str | Absent | None = ABSENT,
    pattern: Pattern | Absent | None = ABSENT,
    group: str | Absent | None = ABSENT,
    value: str | Absent | None = ABSENT,
    attribute: str | Absent | None = ABSENT,
    template: str | Absent | None = ABSENT,
) -> Operand:
    if not isinstance(attribute, Absent):
        return source or _extracted(_known(pattern), _known(group), attribute)
    if source is None:
        return None
    if not isinstance(template, Absent):
        return None if template is None else _all(template, _known(old), source)
    if not isinstance(old, Absent):
        return _all(source, old, _known(value) or "")
    wanted = _known(pattern)
    if wanted is None:
        return source
    name = _named(wanted, _known(group)) if not isinstance(group, Absent) else None
    try:
        return wanted.replace(source, _known(value) or "", limit=MAX_RESULT, group=name)
    except MatchFailed as error:
        raise _failed(error, source) from None


def _known(value: T | Absent | None) -> T | None:
    return None if isinstance(value, Absent) else value


def _all(text: str, old: str | None, new: str) -> str:
    if old is None:
        return text
    if old == "":
        raise Unfit("is empty, and is everywhere.", "Give the text to replace.", argument=2)
    if len(text) + text.count(old) * (len(new) - len(old)) > MAX_RESULT:
        raise too_long()
    return text.replace(old, new)


def _extracted(pattern: Pattern | None, group: str | None, text: str | None) -> Operand:
    if pattern is None or text is None:
        return None
    name = _named(pattern, group)
    try:
        found = pattern.search(text)
    except MatchFailed as error:
        raise _failed(error, text) from None
    return None if found is None else found.group(name)


def _named(pattern: Pattern, group: str | None) -> str:
    if group is None or group not in pattern.groups:
        raise Unfit(
            "is no group of the pattern.",
            "Name one that the pattern has, as in (?<name>…).",
            value=group,
            argument=4,
        )
    return group


def _failed(error: MatchFailed, text: str) -> Unfit:
    return Unfit(f"cannot be searched: {error}", error.remedy, value=text, argument=3)


_TEXT = readers.text

FUNCTIONS = (
    Function(
        "Replace",
        (
            Parameter("source", _TEXT, blank=False),
            Parameter("oldValue", _TEXT, optional=True),
            Parameter("regexPattern", readers.pattern, optional=True),
            Parameter("regexGroupName", _TEXT, optional=True),
            Parameter("replacementValue", _TEXT, optional=True),
            Parameter("replacementAttributeName", _TEXT, optional=True),
            Parameter("template", _TEXT, optional=True),
        ),
        "With oldValue and replacementValue: the source with the one replaced by the other. "
        "With oldValue and template: the template with oldValue replaced by the source. "
        "With regexPattern and replacementValue: the source with each match replaced, where "
        "`${name}` is a group. With regexGroupName too: only that group replaced. "
        "With regexPattern, regexGroupName and replacementAttributeName: the source, or without "
        "one that group as it is found in the attribute.",
        _replace,
        tells_blank=True,
        check=_check,
        deviation="Other combinations of arguments are refused, not guessed. The language of the "
        "patterns and its limits are below.",
    ),
)
