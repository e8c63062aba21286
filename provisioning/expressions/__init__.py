"""The language of expressions in attribute mappings: parsed once, evaluated for every principal."""

from __future__ import annotations

from provisioning.expressions.evaluation import (
    Expression,
    compile_expression,
    operand_of,
    text_expression,
)
from provisioning.expressions.functions import FUNCTIONS, Operand
from provisioning.expressions.syntax import Attribute, InvalidExpression

__all__ = [
    "FUNCTIONS",
    "Attribute",
    "Expression",
    "InvalidExpression",
    "Operand",
    "compile_expression",
    "operand_of",
    "text_expression",
]
