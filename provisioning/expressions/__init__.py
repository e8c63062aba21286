"""The language of expressions in attribute mappings: parsed once, evaluated for every principal."""

from __future__ import annotations

from provisioning.expressions.errors import HIDDEN, EvaluationError
from provisioning.expressions.evaluation import (
    Expression,
    compile_expression,
    text_expression,
)
from provisioning.expressions.functions import FUNCTIONS
from provisioning.expressions.functions.roles import ADDITIVE
from provisioning.expressions.operands import IGNORED, ComplexValue, Operand, operand_of
from provisioning.expressions.surroundings import UNKNOWN, Surroundings
from provisioning.expressions.syntax import Attribute, InvalidExpression

__all__ = [
    "ADDITIVE",
    "FUNCTIONS",
    "HIDDEN",
    "IGNORED",
    "UNKNOWN",
    "Attribute",
    "ComplexValue",
    "EvaluationError",
    "Expression",
    "InvalidExpression",
    "Operand",
    "Surroundings",
    "compile_expression",
    "operand_of",
    "text_expression",
]
