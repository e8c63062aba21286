"""Functions about what becomes of the value: whether it flows, and whether logs show it."""

from __future__ import annotations

from provisioning.expressions.functions.function import Function, Parameter
from provisioning.expressions.operands import IGNORED, Operand, is_null

REDACT = "Redact"
_EXPRESSION = (Parameter("expression"),)


def _ignore(value: Operand) -> Operand:
    return IGNORED if is_null(value) or value == "" else value


def _same(value: Operand) -> Operand:
    return value


FUNCTIONS = (
    Function(
        "IgnoreFlowIfNullOrEmpty",
        _EXPRESSION,
        "The value; without one, or with empty text, the attribute is left out: it is not "
        "written, gets no default and is not cleared.",
        _ignore,
    ),
    Function(
        REDACT,
        _EXPRESSION,
        "The value, which logs show as `[Redact]`.",
        _same,
        deviation="One Redact anywhere hides the whole attribute.",
    ),
)
