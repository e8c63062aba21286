"""The mapping file: its form, which is Entra's export, its checks, and the one that is shipped."""

from __future__ import annotations

from provisioning.schema.load import SHIPPED, load_schema, schema_of
from provisioning.schema.meaning import digest
from provisioning.schema.model import NAME, AttributeSchema, ObjectSchema, Schema

__all__ = [
    "NAME",
    "SHIPPED",
    "AttributeSchema",
    "ObjectSchema",
    "Schema",
    "digest",
    "load_schema",
    "schema_of",
]
