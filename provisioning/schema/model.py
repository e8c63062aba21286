"""What a schema means: for each type of object, where each target attribute comes from."""

from __future__ import annotations

import msgspec

from provisioning.expressions import Attribute, Expression
from provisioning.model import ObjectType
from provisioning.scoping import ScopingFilter

NAME = {ObjectType.USER: "userName", ObjectType.GROUP: "displayName"}
"""The attribute that ZSCloud finds an object by (Zscaler: Understanding SCIM, filters)."""

MEMBERS = "members"
"""The reference attribute of groups. Members are written apart from attributes."""


class AttributeSchema(msgspec.Struct, frozen=True, kw_only=True):
    """One target attribute. Without an expression it is left alone, but for its default.

    ``default`` is used on a create when the source has no value. ``create_only``: never updated.
    ``default_always``: whenever the source has no value. ``clear``: the target's value is removed
    when the source has none. ``many``: it may have several values; ``additive``: values are added
    and never taken away; ``fill_only``: written only where the target has no value. ``at`` is the
    JSON path.
    """

    path: str
    type: str
    expression: Expression | None
    default: str | None
    create_only: bool
    clear: bool
    matching_priority: int
    at: str
    default_always: bool = False
    many: bool = False
    additive: bool = False
    fill_only: bool = False

    @property
    def direct(self) -> str | None:
        """The source attribute that is taken as it is, if the mapping is a direct one."""
        node = self.expression.node if self.expression else None
        return node.name if isinstance(node, Attribute) else None


class ObjectSchema(msgspec.Struct, frozen=True):
    """The attributes of users or of groups, without the members of groups, and which of them are
    let into scope; without a ``filter`` all are.
    """

    type: ObjectType
    attributes: tuple[AttributeSchema, ...]
    filter: ScopingFilter | None = None


class Schema(msgspec.Struct, frozen=True):
    """What is provisioned of users and of groups."""

    user: ObjectSchema
    group: ObjectSchema
