"""The functions of expressions, by subject. Each tells where it deviates from Entra's.

Entra: "Reference for writing expressions for attribute mappings".
"""

from __future__ import annotations

from types import MappingProxyType

from provisioning.expressions.functions import (
    case,
    choice,
    dates,
    diacritics,
    directory,
    encoding,
    flow,
    lists,
    numbers,
    random,
    replace,
    roles,
    text,
)
from provisioning.expressions.functions.function import Evaluate, Function, Parameter, Row

__all__ = ["FUNCTIONS", "Evaluate", "Function", "Parameter", "Row"]

_SUBJECTS = (
    *(case, choice, dates, diacritics, directory, encoding, flow),
    *(lists, numbers, random, replace, roles, text),
)

FUNCTIONS = MappingProxyType(
    {
        function.name: function
        for function in sorted(
            (function for subject in _SUBJECTS for function in subject.FUNCTIONS),
            key=lambda function: function.name.lower(),
        )
    }
)
"""By name, which is case sensitive; in alphabetical order."""
