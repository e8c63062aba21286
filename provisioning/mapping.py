"""Source attributes of a principal to the attributes that its ZSCloud object should have. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from provisioning.errors import Problem, cut
from provisioning.expressions import (
    HIDDEN,
    IGNORED,
    UNKNOWN,
    ComplexValue,
    EvaluationError,
    Expression,
    Surroundings,
    operand_of,
)
from provisioning.model import Attributes, EntraId, ObjectType
from provisioning.schema import AttributeSchema, ObjectSchema, Schema, digest
from provisioning.scoping import ScopingFilter

DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"

REQUIRED = {ObjectType.USER: ("userName", "displayName"), ObjectType.GROUP: ("displayName",)}
"""Without these an object is not sent.

Entra's page of the ZSCloud application marks ``department`` as required too. Zscaler does not,
and its own examples, like many people in Entra, have none: asking for it would lock them out.
"""

_GRAPH_PROPERTY = {"originalUserPrincipalName": "userPrincipalName"}
_NO_PROPERTY = frozenset({"objectId", "IsSoftDeleted"})
_GUEST = re.compile(r"(.+)_([^_]+)#EXT#@.*", re.IGNORECASE | re.DOTALL)
_USER_NAME = re.compile(r"[^@\s]+@[^@\s]+")


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """What one principal's object should be.

    ``attributes`` by SCIM path: only values that ZSCloud can take, none of them ``None``.
    ``defaults`` are for a create, beneath ``attributes``. ``create_only`` are never updated.
    ``clearable`` lose their value in ZSCloud when ``attributes`` has none for them; ``keep`` hold
    it. ``name`` is the matching value, empty when there is none. With ``problems`` the object
    cannot be provisioned; a value with a problem is left out, and never cleared.
    """

    attributes: Attributes
    name: str
    defaults: Attributes
    create_only: frozenset[str]
    clearable: tuple[str, ...]
    keep: frozenset[str]
    problems: tuple[Problem, ...] = ()


class MatchingAttribute(msgspec.Struct, frozen=True):
    """A target attribute that finds an object, and the expression of its value."""

    path: str
    source: str


class CompiledSchema(msgspec.Struct, frozen=True):
    """The mappings of users and of groups, ready to be used many times. ``digest`` differs for
    schemas that mean something else.
    """

    user: ObjectMapping
    group: ObjectMapping
    digest: str = ""


class _UnfitValueError(Exception):
    """A value that its target attribute cannot take."""

    def __init__(self, message: str, remedy: str, text: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.text = text


Convert = Callable[[Any], str | bool | None]
Read = Callable[[Mapping[str, Any], Surroundings], Any]


class _Flow(msgspec.Struct, frozen=True):
    """How one target attribute gets its value: read from the source, then fit for the target."""

    path: str
    read: Read
    convert: Convert


@dataclass(frozen=True, slots=True)
class ObjectMapping:
    """The mapping of users or of groups.

    ``source_properties`` are the properties to select in Graph; ``id`` comes in any case.
    ``target_paths`` are the SCIM paths that are written, without ``members``. ``matching`` is in
    the order of priority. ``filter`` lets principals into scope; ``None`` lets in everybody.
    """

    type: ObjectType
    source_properties: tuple[str, ...]
    target_paths: tuple[str, ...]
    matching: tuple[MatchingAttribute, ...]
    _flows: tuple[_Flow, ...]
    _base: Mapped
    filter: ScopingFilter | None = None

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
        row = {
            **attributes,
            "objectId": source_id,
            "IsSoftDeleted": soft_deleted,
            "originalUserPrincipalName": attributes.get("userPrincipalName"),
        }
        values: Attributes = {}
        unfit: dict[str, _UnfitValueError] = {}
        ignored: set[str] = set()
        for flow in self._flows:
            try:
                read = flow.read(row, around)
                value = None if read is IGNORED else flow.convert(read)
            except _UnfitValueError as error:
                unfit[flow.path] = error
                continue
            if value is not None:
                values[flow.path] = value
            elif read is IGNORED:
                ignored.add(flow.path)
        base = self._without(ignored) if ignored else self._base
        required = REQUIRED[self.type]
        if unfit or any(path not in values for path in required):
            return self._with_problems(base, values, unfit)
        return Mapped(
            attributes=values,
            name=self._name(values),
            defaults=base.defaults,
            create_only=base.create_only,
            clearable=base.clearable,
            keep=base.keep,
        )

    def _name(self, values: Mapping[str, Any]) -> str:
        for attribute in self.matching:
            value = values.get(attribute.path)
            if value is not None:
                return str(value)
        return ""

    def _without(self, ignored: set[str]) -> Mapped:
        """What holds when attributes are left out of the flow: no default, and never cleared."""
        base = self._base
        return msgspec.structs.replace(
            base,
            defaults={k: v for k, v in base.defaults.items() if k not in ignored},
            clearable=tuple(path for path in base.clearable if path not in ignored),
            keep=base.keep | ignored,
        )

    def _with_problems(
        self, base: Mapped, values: Attributes, unfit: Mapping[str, _UnfitValueError]
    ) -> Mapped:
        problems = [Problem(path, e.message, e.remedy) for path, e in unfit.items()]
        problems += [
            Problem(
                path,
                "has no value in Entra.",
                f"Give the {self.type.value} a value there, or map {path} from another attribute.",
            )
            for path in REQUIRED[self.type]
            if path not in values and path not in unfit and path not in base.defaults
        ]
        texts = {path: error.text for path, error in unfit.items()}
        return msgspec.structs.replace(
            base,
            attributes=values,
            name=self._name({**texts, **values}),
            clearable=tuple(path for path in base.clearable if path not in unfit),
            problems=tuple(problems),
        )


def compile_schema(schema: Schema) -> CompiledSchema:
    """The mappings of a checked schema."""
    return CompiledSchema(_compile(schema.user), _compile(schema.group), digest(schema))


def home_principal_name(name: str) -> str:
    """The name that a B2B guest has at home.

    Entra names a guest ``alias_home.org#EXT#@tenant.onmicrosoft.com`` and provisions
    ``alias@home.org`` (Entra: how provisioning works, B2B users). A domain has no underscore, so
    the last one before the mark stands for the at sign.
    """
    guest = _GUEST.fullmatch(name)
    return name if guest is None else f"{guest[1]}@{guest[2]}"


def _compile(schema: ObjectSchema) -> ObjectMapping:
    flows = [(a, _flow(a, schema.type)) for a in schema.attributes]
    matching = sorted(
        (a for a in schema.attributes if a.matching_priority > 0),
        key=lambda a: a.matching_priority,
    )
    names = [name for a in schema.attributes if a.expression for name in a.expression.attributes]
    names += schema.filter.attributes if schema.filter else ()
    properties = (_GRAPH_PROPERTY.get(name, name) for name in names if name not in _NO_PROPERTY)
    return ObjectMapping(
        type=schema.type,
        source_properties=tuple(dict.fromkeys(properties)),
        target_paths=tuple(a.path for a in schema.attributes),
        matching=tuple(
            MatchingAttribute(a.path, a.expression.text) for a in matching if a.expression
        ),
        _flows=tuple(flow for _, flow in flows if flow is not None),
        _base=Mapped(
            attributes={},
            name="",
            defaults={a.path: _default(a) for a in schema.attributes if a.default is not None},
            create_only=frozenset(a.path for a in schema.attributes if a.create_only),
            clearable=tuple(a.path for a in schema.attributes if a.clear),
            keep=frozenset(a.path for a in schema.attributes if not a.clear),
        ),
        filter=schema.filter,
    )


def _default(attribute: AttributeSchema) -> str | bool:
    default = attribute.default or ""
    return default == "True" if attribute.type == "Boolean" else default


def _flow(attribute: AttributeSchema, type: ObjectType) -> _Flow | None:
    if attribute.expression is None:
        return None
    convert = _boolean if attribute.type == "Boolean" else _checked(attribute.path, type)
    if attribute.expression.redacted:
        convert = _hiding(convert)
    direct = attribute.direct
    if direct is None:
        return _Flow(attribute.path, _evaluated(attribute.expression), convert)
    if direct == "userPrincipalName":
        return _Flow(attribute.path, _principal_name, convert)
    return _Flow(attribute.path, lambda row, _: row.get(direct), convert)


def _evaluated(expression: Expression) -> Read:
    """The value of an expression; what it cannot give is a problem of this attribute alone."""

    def read(row: Mapping[str, Any], around: Surroundings) -> Any:
        try:
            return expression.evaluate(row, around)
        except EvaluationError as error:
            raise _UnfitValueError(f"has no value: {error}", error.remedy, "") from error

    return read


def _hiding(convert: Convert) -> Convert:
    """The same without a word about the value, which no log is to show."""

    def hidden(value: Any) -> str | bool | None:
        try:
            return convert(value)
        except _UnfitValueError as error:
            message = f"is {HIDDEN}, which ZSCloud does not take."
            raise _UnfitValueError(message, error.remedy, "") from None

    return hidden


def _principal_name(row: Mapping[str, Any], _: Surroundings) -> Any:
    name = row.get("userPrincipalName")
    return home_principal_name(name) if isinstance(name, str) and "#" in name else name


# --- what a target attribute takes ----------------------------------------------------------------


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
            raise _UnfitValueError(
                "has several values, and ZSCloud takes one.",
                "Map it from an attribute with one value, or with Join.",
                "",
            )
        if isinstance(value, tuple) and any(isinstance(item, ComplexValue) for item in value):
            raise _UnfitValueError(
                "is a complex value, and ZSCloud takes text.",
                "Map it with SingleAppRoleAssignment.",
                "",
            )
        value = operand[0] if isinstance(operand, tuple) and operand else operand
    return value if isinstance(value, str) and value.strip() else None


def _boolean(value: Any) -> bool | None:
    """Expressions give text, also for Booleans (Entra: the mapping of ``active``)."""
    if isinstance(value, bool):
        return value
    text = _text(value)
    if text is None:
        return None
    folded = text.casefold()
    if folded not in ("true", "false"):
        raise _UnfitValueError(
            f"is {cut(text, 60)!r}, which is neither True nor False.",
            "Let its expression give True or False.",
            text,
        )
    return folded == "true"


def _user_name(text: str) -> None:
    _characters(127)(text)
    if _USER_NAME.fullmatch(text) is None:
        raise _UnfitValueError(
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


def _too_long(size: int, unit: str, limit: int, text: str) -> _UnfitValueError:
    return _UnfitValueError(
        f"has {size} {unit}; ZSCloud takes at most {limit}.", "Shorten it in Entra.", text
    )


_CHECKS: dict[tuple[ObjectType, str], Callable[[str], None]] = {
    (ObjectType.USER, "userName"): _user_name,
    (ObjectType.USER, "displayName"): _characters(127),
    (ObjectType.USER, DEPARTMENT): _characters(128),
    (ObjectType.GROUP, "displayName"): _bytes(127),
}
"""Limits by Zscaler: "Ranges & Limitations", and the pages on adding users and groups."""
