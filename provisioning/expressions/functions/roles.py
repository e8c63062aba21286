"""Functions of ``[appRoleAssignments]``: objects with ``id``, ``value`` and ``displayName``.

Entra: "Customize user provisioning attribute mappings", provisioning a role to a SCIM app.
"""

from __future__ import annotations

from typing import Any

from provisioning.expressions.functions.function import Function, Parameter
from provisioning.expressions.operands import ComplexValue, Operand

ADDITIVE = "AppRoleAssignmentsComplex"
"""The function whose values are added to the target's and never taken away (Entra: roles)."""

_TYPE = "WindowsAzureActiveDirectoryRole"


def _values(assignments: Any) -> tuple[ComplexValue, ...]:
    """The roles that have a value, in the order of assignment, each once."""
    roles = assignments if isinstance(assignments, list | tuple) else ()
    found: dict[str, ComplexValue] = {}
    for role in roles:
        value = role.get("value") if isinstance(role, dict) else None
        if isinstance(value, str) and value and value not in found:
            shown = role.get("displayName")
            found[value] = ComplexValue(value, shown if isinstance(shown, str) else value, _TYPE)
    return tuple(found.values())


def _one(assignments: Any) -> Operand:
    return min((role.value for role in _values(assignments)), default=None)


def _complex(assignments: Any) -> Operand:
    return _values(assignments) or None


_ASSIGNMENTS = (Parameter("[appRoleAssignments]", raw=True),)

FUNCTIONS = (
    Function(
        "SingleAppRoleAssignment",
        _ASSIGNMENTS,
        "The value of the app role that the object is assigned with.",
        _one,
        deviation="Of several the first by value, where Entra's choice is undefined. The default "
        "role has no value.",
    ),
    Function(
        ADDITIVE,
        _ASSIGNMENTS,
        "All roles as complex values, none of them primary. Roles that are there already stay.",
        _complex,
        deviation="The target attribute has to be multi-valued. What stays is what was last "
        "recorded or read there.",
    ),
    Function(
        "AssertiveAppRoleAssignmentsComplex",
        _ASSIGNMENTS,
        "The same; roles that are not assigned are removed from the target.",
        _complex,
        deviation="The target attribute has to be multi-valued.",
    ),
)
