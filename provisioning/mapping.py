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
from provisioning.schema import NAME, AttributeSchema, ObjectSchema, Schema, digest
from provisioning.scoping import ScopingFilter
from provisioning.source_attributes import ROLES, graph_property, source_row

DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"

REQUIRED = {ObjectType.USER: ("userName", "displayName"), ObjectType.GROUP: ("displayName",)}
"""Without these an object is not sent.

Entra's page of the ZSCloud application marks ``department`` as required too. Zscaler does not,
and its own examples, like many people in Entra, have none: asking for it would lock them out.
"""

_USER_NAME = re.compile(r"[^@\s]+@[^@\s]+")


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """What one principal's object should be.

    ``attributes`` by SCIM path: only values that ZSCloud can take, none of them ``None``.
    ``defaults`` are for a create, beneath ``attributes``. ``create_only`` are never updated.
    ``clearable`` lose their value in ZSCloud when ``attributes`` has none for them; ``keep`` hold
    it; ``additive`` are only added to, ``fill_only`` written where there is none; no log shows
    those that are ``redacted``. ``name`` is what
    ZSCloud knows the object by, empty when there is none. ``matches`` are the values it is looked
    for by, path and value, the first one first. With ``problems`` the object cannot be provisioned;
    a value with a problem is left out, and never cleared.
    """

    attributes: Attributes
    name: str
    defaults: Attributes
    create_only: frozenset[str]
    clearable: tuple[str, ...]
    keep: frozenset[str]
    additive: frozenset[str] = frozenset()
    fill_only: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    redacted: frozenset[str] = frozenset()
    matches: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()


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


Convert = Callable[[Any], str | bool | list[Any] | None]
Read = Callable[[Mapping[str, Any], Surroundings], Any]


class _Flow(msgspec.Struct, frozen=True):
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
    ``lists`` are the paths whose values are lists, ``references`` those whose values are object ids
    and stand for the objects in ZSCloud; ``roles`` is whether app roles are read. ``sources`` say
    of each target attribute where it comes from.
    """

    type: ObjectType
    source_properties: tuple[str, ...]
    target_paths: tuple[str, ...]
    matching: tuple[MatchingAttribute, ...]
    _flows: tuple[_Flow, ...]
    _base: Mapped
    filter: ScopingFilter | None = None
    lists: frozenset[str] = frozenset()
    references: tuple[str, ...] = ()
    roles: bool = False
    sources: tuple[AttributeSource, ...] = ()

    @property
    def redacted(self) -> frozenset[str]:
        """Paths whose values no log shows."""
        return self._base.redacted

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
            elif flow.default is not None:
                values[flow.path] = flow.default
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
            additive=base.additive,
            fill_only=base.fill_only,
            lists=base.lists,
            redacted=base.redacted,
            matches=self._matches(values),
        )

    def _name(self, values: Mapping[str, Any]) -> str:
        return str(values.get(NAME[self.type]) or "")

    def _matches(self, values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """By precedence; each stands for itself, they are never combined (Entra: matching)."""
        paths = (attribute.path for attribute in self.matching)
        return tuple((path, str(values[path])) for path in paths if values.get(path) is not None)

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
            matches=self._matches(values),
            clearable=tuple(path for path in base.clearable if path not in unfit),
            problems=tuple(problems),
        )


def compile_schema(schema: Schema) -> CompiledSchema:
    """The mappings of a checked schema."""
    return CompiledSchema(_compile(schema.user), _compile(schema.group), digest(schema))


def _compile(schema: ObjectSchema) -> ObjectMapping:
    flows = [(a, _flow(a, schema.type)) for a in schema.attributes]
    matching = sorted(
        (a for a in schema.attributes if a.matching_priority > 0),
        key=lambda a: a.matching_priority,
    )
    names = [name for a in schema.attributes if a.expression for name in a.expression.attributes]
    names += schema.filter.attributes if schema.filter else ()
    properties = (graph_property(name) for name in names)
    return ObjectMapping(
        type=schema.type,
        source_properties=tuple(dict.fromkeys(name for name in properties if name)),
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
            additive=frozenset(a.path for a in schema.attributes if a.additive),
            fill_only=frozenset(a.path for a in schema.attributes if a.fill_only),
            lists=frozenset(a.path for a in schema.attributes if a.many and "[" not in a.path),
            redacted=frozenset(
                a.path for a in schema.attributes if a.expression and a.expression.redacted
            ),
        ),
        filter=schema.filter,
        lists=frozenset(a.path for a in schema.attributes if a.many and "[" not in a.path),
        references=tuple(a.path for a in schema.attributes if a.type == "Reference"),
        roles=ROLES in names,
        sources=tuple(_source(a) for a in schema.attributes),
    )


def _source(attribute: AttributeSchema) -> AttributeSource:
    expression = attribute.expression
    if expression is None:
        return AttributeSource(attribute.path, None, (), redacted=False)
    return AttributeSource(
        attribute.path, expression.text, expression.attributes, redacted=expression.redacted
    )


def _default(attribute: AttributeSchema) -> str | bool:
    default = attribute.default or ""
    return default == "True" if attribute.type == "Boolean" else default


def _flow(attribute: AttributeSchema, type: ObjectType) -> _Flow | None:
    if attribute.expression is None:
        return None
    convert = _conversion(attribute, type)
    if attribute.expression.redacted:
        convert = _hiding(convert)
    direct = attribute.direct
    read = _evaluated(attribute.expression, attribute.path) if direct is None else _property(direct)
    default = _default(attribute) if attribute.default_always else None
    return _Flow(attribute.path, read, convert, default)


def _property(name: str) -> Read:
    return lambda row, _: row.get(name)


def _conversion(attribute: AttributeSchema, type: ObjectType) -> Convert:
    if attribute.type == "Boolean":
        return _boolean
    if attribute.many:
        return _elements if "[" in attribute.path else _list
    return _checked(attribute.path, type)


def _evaluated(expression: Expression, path: str) -> Read:
    """The value of an expression; what it cannot give is a problem of this attribute alone."""

    def read(row: Mapping[str, Any], around: Surroundings) -> Any:
        if expression.random and around.seed is not None:
            seed = around.seed + b"\0" + path.encode()
            around = msgspec.structs.replace(around, seed=seed)
        try:
            return expression.evaluate(row, around)
        except EvaluationError as error:
            raise _UnfitValueError(f"has no value: {error}", error.remedy, "") from error

    return read


def _hiding(convert: Convert) -> Convert:
    """The same without a word about the value, which no log is to show."""

    def hidden(value: Any) -> str | bool | list[Any] | None:
        try:
            return convert(value)
        except _UnfitValueError as error:
            message = f"is {HIDDEN}, which ZSCloud does not take."
            raise _UnfitValueError(message, error.remedy, "") from None

    return hidden


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
