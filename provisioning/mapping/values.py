"""What a target attribute takes: conversions of values, and the limits of ZSCloud. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from provisioning.errors import cut
from provisioning.expressions import HIDDEN, ComplexValue, operand_of
from provisioning.model import ObjectType
from provisioning.schema import AttributeSchema

DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"

_USER_NAME = re.compile(r"[^@\s]+@[^@\s]+")


class UnfitValueError(Exception):
    """A value that its target attribute cannot take."""

    def __init__(self, message: str, remedy: str, text: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.text = text


Convert = Callable[[Any], str | bool | list[Any] | None]
"""From a source value to that of the target; ``None`` for no value. Raises ``UnfitValueError``."""


def conversion(attribute: AttributeSchema, type: ObjectType) -> Convert:
    """What makes of a value one that the attribute takes."""
    convert = _conversion(attribute, type)
    redacted = attribute.expression is not None and attribute.expression.redacted
    return _hiding(convert) if redacted else convert


def _conversion(attribute: AttributeSchema, type: ObjectType) -> Convert:
    if attribute.type == "Boolean":
        return _boolean
    if attribute.many:
        return _elements if "[" in attribute.path else _list
    return _checked(attribute.path, type)


def _hiding(convert: Convert) -> Convert:
    """The same without a word about the value, which no log is to show."""

    def hidden(value: Any) -> str | bool | list[Any] | None:
        try:
            return convert(value)
        except UnfitValueError as error:
            message = f"is {HIDDEN}, which ZSCloud does not take."
            raise UnfitValueError(message, error.remedy, "") from None

    return hidden


def _checked(path: str, type: ObjectType) -> Convert:
    """The conversion to text, with the check that ZSCloud's limit asks for."""
    check = _CHECKS.get((type, path))
    if check is None:
        return _text

    def convert(value: Any) -> str | None:
        text = _text(value)
        if text is not None:
            check(text)
        return text

    return convert


def _text(value: Any) -> str | None:
    """The value as text; ``None`` for no value, and for text of nothing but spaces."""
    if not isinstance(value, str):
        operand = operand_of(value)
        if isinstance(value, dict) or (isinstance(operand, tuple) and len(operand) > 1):
            raise UnfitValueError(
                "has several values, and ZSCloud takes one.",
                "Map it from an attribute with one value, or with Join.",
                "",
            )
        if isinstance(value, tuple) and any(isinstance(item, ComplexValue) for item in value):
            raise UnfitValueError(
                "is a complex value, and ZSCloud takes text.",
                "Map it with SingleAppRoleAssignment.",
                "",
            )
        value = operand[0] if isinstance(operand, tuple) and operand else operand
    return value if isinstance(value, str) and value.strip() else None


def _list(value: Any) -> list[Any] | None:
    """Every value once: texts, or objects with ``value``, ``display``, ``type``, ``primary``."""
    if isinstance(value, tuple) and value and isinstance(value[0], ComplexValue):
        return [msgspec.to_builtins(each) for each in value]
    operand = value if isinstance(value, str) else operand_of(value)
    texts = operand if isinstance(operand, tuple) else (operand,)
    return list(dict.fromkeys(t for t in texts if isinstance(t, str) and t.strip())) or None


def _elements(value: Any) -> str | list[Any] | None:
    """The same for elements that the path selects: the one value there mostly is by itself."""
    values = _list(value)
    return values[0] if values is not None and len(values) == 1 else values


def _boolean(value: Any) -> bool | None:
    """Expressions give text, also for Booleans (Entra: the mapping of ``active``)."""
    if isinstance(value, bool):
        return value
    text = _text(value)
    if text is None:
        return None
    folded = text.casefold()
    if folded not in ("true", "false"):
        raise UnfitValueError(
            f"is {cut(text, 60)!r}, which is neither True nor False.",
            "Let its expression give True or False.",
            text,
        )
    return folded == "true"


def _user_name(text: str) -> None:
    _characters(127)(text)
    if _USER_NAME.fullmatch(text) is None:
        raise UnfitValueError(
            f"is {cut(text, 60)!r}; ZSCloud's login names have the form user@domain.",
            "Map it from an attribute of that form, with a domain that ZSCloud knows.",
            text,
        )


def _characters(limit: int) -> Callable[[str], None]:
    def check(text: str) -> None:
        if len(text) > limit:
            raise _too_long(len(text), "characters", limit, text)

    return check


def _bytes(limit: int) -> Callable[[str], None]:
    def check(text: str) -> None:
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > limit:
            raise _too_long(size, "bytes in UTF-8", limit, text)

    return check


def _too_long(size: int, unit: str, limit: int, text: str) -> UnfitValueError:
    return UnfitValueError(
        f"has {size} {unit}; ZSCloud takes at most {limit}.", "Shorten it in Entra.", text
    )


_CHECKS: dict[tuple[ObjectType, str], Callable[[str], None]] = {
    (ObjectType.USER, "userName"): _user_name,
    (ObjectType.USER, "displayName"): _characters(127),
    (ObjectType.USER, DEPARTMENT): _characters(128),
    (ObjectType.GROUP, "displayName"): _bytes(127),
}
"""Limits by Zscaler: "Ranges & Limitations", and the pages on adding users and groups."""
