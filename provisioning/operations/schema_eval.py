"""The value of one expression, of given attributes or of a real user."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from provisioning.errors import ConfigurationError, InvalidRequest, Problem, cut
from provisioning.expressions import (
    IGNORED,
    ComplexValue,
    EvaluationError,
    Expression,
    InvalidExpression,
    Operand,
    Surroundings,
    compile_expression,
)
from provisioning.mapping import compile_schema
from provisioning.model import ObjectType
from provisioning.operations.documents import Document
from provisioning.schema import AttributeSchema, ObjectSchema, Schema
from provisioning.services import Services
from provisioning.source_attributes import source_row

_FIELD = "EXPR"
_ATTRIBUTES = "--attributes"
_LONGEST = 1_000_000


def evaluate_given(text: str, attributes: str, now: float) -> Document:
    """The value for the attributes of a JSON object: ``{expression, type, value, attributes,
    redacted, error}``.

    Raises ``ConfigurationError`` for an expression that cannot be used, and ``InvalidRequest``.
    """
    return _document(_compiled(text), _row(attributes), _around("", now))


async def evaluate_for_user(services: Services, text: str, user: str) -> Document:
    """The same for a user, by object id or user principal name, as Graph shows it now.

    ``IsSoftDeleted`` is whether the account is disabled; scope is not asked.
    """
    expression = _compiled(text)
    source = services.source_of(_properties(expression), ())
    try:
        found = await source.find_user(user)
    finally:
        await source.close()
    if found is None:
        remedy = "Give the object id or the user principal name as Entra shows it."
        raise InvalidRequest(Problem("--user", f"Entra knows no user {cut(user, 100)!r}", remedy))
    row = source_row(
        found.id, found.attributes, accountEnabled=found.enabled, IsSoftDeleted=not found.enabled
    )
    return _document(expression, row, _around(found.id, services.clock.time()))


def _compiled(text: str) -> Expression:
    try:
        return compile_expression(text, _FIELD)
    except InvalidExpression as error:
        raise ConfigurationError(error.problems) from error


def _properties(expression: Expression) -> tuple[str, ...]:
    """What has to be read for it: as for a mapping of this expression."""
    mapped = AttributeSchema(
        path="value",
        type="String",
        expression=expression,
        default=None,
        create_only=False,
        clear=False,
        matching_priority=0,
        at="$",
    )
    users = ObjectSchema(ObjectType.USER, (mapped,))
    schema = compile_schema(Schema(users, ObjectSchema(ObjectType.GROUP, ())))
    return schema.user.source_properties


def _row(attributes: str) -> dict[str, Any]:
    remedy = 'Write a JSON object, such as \'{"displayName": "Jo"}\'.'
    if len(attributes) > _LONGEST:
        raise InvalidRequest(Problem(_ATTRIBUTES, "is too long", remedy))
    try:
        return msgspec.json.decode(attributes, type=dict[str, Any])
    except (ValueError, RecursionError) as error:
        message = f"is no JSON object: {cut(str(error))}"
        raise InvalidRequest(Problem(_ATTRIBUTES, message, remedy)) from error


def _around(id: str, now: float) -> Surroundings:
    seed = hashlib.sha256(id.encode()).digest()
    return Surroundings(now=datetime.fromtimestamp(now, UTC), seed=seed)


def _document(expression: Expression, row: Mapping[str, Any], around: Surroundings) -> Document:
    document: Document = {
        "expression": expression.text,
        "type": None,
        "value": None,
        "attributes": {name: row.get(name) for name in expression.attributes},
        "missing": [name for name in expression.attributes if name not in row],
        "redacted": expression.redacted,
        "error": None,
    }
    try:
        value = expression.evaluate(row, around)
    except EvaluationError as error:
        return {**document, "type": "error", "error": _error(error)}
    return {**document, "type": type_of(value), "value": _plain(value)}


def _error(error: EvaluationError) -> Document:
    return {
        "function": error.function,
        "argument": error.argument,
        "position": error.position,
        "value": error.value,
        "message": error.message,
        "remedy": error.remedy,
    }


def type_of(value: Operand) -> str:
    """The type of a result: ``text``, ``several texts``, ``complex``, ``none`` or ``ignored``."""
    if value is IGNORED:
        return "ignored"
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return "complex" if isinstance(value[0], ComplexValue) else "several texts"
    return "text"


def _plain(value: Operand) -> Any:
    return None if value is IGNORED or value == () else msgspec.to_builtins(value)
