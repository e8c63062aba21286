"""From the attributes of a principal in Entra to those that its ZSCloud object should have."""

from __future__ import annotations

from provisioning.mapping.compiling import CompiledSchema, compile_schema
from provisioning.mapping.mapped import FlowRules, Mapped
from provisioning.mapping.object_mapping import (
    REQUIRED,
    AttributeSource,
    MatchingAttribute,
    ObjectMapping,
)
from provisioning.mapping.values import DEPARTMENT

__all__ = [
    "DEPARTMENT",
    "REQUIRED",
    "AttributeSource",
    "CompiledSchema",
    "FlowRules",
    "Mapped",
    "MatchingAttribute",
    "ObjectMapping",
    "compile_schema",
]
