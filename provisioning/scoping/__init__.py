"""Scoping filters: who is let into scope by attributes and groups. Compiled once, judged often."""

from __future__ import annotations

from provisioning.scoping.filters import (
    MEMBER_OF,
    ClauseForm,
    GroupForm,
    ScopingFilter,
    WrittenClause,
    WrittenGroup,
    compile_filter,
)
from provisioning.scoping.nulls import NullCount, NullTally
from provisioning.scoping.operators import OPERATORS, Operator
from provisioning.scoping.values import Context
from provisioning.scoping.verdicts import ClauseVerdict, FilterVerdict, GroupVerdict, Outcome

__all__ = [
    "MEMBER_OF",
    "OPERATORS",
    "ClauseForm",
    "ClauseVerdict",
    "Context",
    "FilterVerdict",
    "GroupForm",
    "GroupVerdict",
    "NullCount",
    "NullTally",
    "Operator",
    "Outcome",
    "ScopingFilter",
    "WrittenClause",
    "WrittenGroup",
    "compile_filter",
]
