"""The attributes of ZSCloud users and groups, in the terms of RFC 7643 section 7."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

Type = Literal["string", "boolean", "complex", "reference", "dateTime"]
Mutability = Literal["readWrite", "readOnly", "immutable"]


@dataclass(frozen=True)
class Attribute:
    """One attribute. ``documented``: Zscaler lists it for ZIA, other attributes may be ignored."""

    name: str
    type: Type = "string"
    description: str = ""
    multi_valued: bool = False
    required: bool = False
    mutability: Mutability = "readWrite"
    case_exact: bool = False
    unique: bool = False
    documented: bool = False
    references: tuple[str, ...] = ()
    sub_attributes: tuple[Attribute, ...] = ()

    @cached_property
    def _by_name(self) -> dict[str, Attribute]:
        return {attribute.name.lower(): attribute for attribute in self.sub_attributes}

    def sub_attribute(self, name: str) -> Attribute | None:
        """The sub-attribute of that name, in any case."""
        return self._by_name.get(name.lower())

    def document(self) -> dict[str, Any]:
        """The attribute as RFC 7643 section 7 describes it."""
        document: dict[str, Any] = {
            "name": self.name,
            "type": self.type,
            "multiValued": self.multi_valued,
            "description": self.description or f"The {self.name} of the resource.",
            "required": self.required,
            "mutability": self.mutability,
            "returned": "default",
        }
        if self.type in ("string", "reference"):
            document["caseExact"] = self.case_exact
            document["uniqueness"] = "server" if self.unique else "none"
        if self.references:
            document["referenceTypes"] = list(self.references)
        if self.sub_attributes:
            document["subAttributes"] = [item.document() for item in self.sub_attributes]
        return document


@dataclass(frozen=True)
class Schema:
    """A schema of RFC 7643: the core of a resource, or an extension."""

    id: str
    name: str
    attributes: tuple[Attribute, ...]

    @cached_property
    def _by_name(self) -> dict[str, Attribute]:
        return {attribute.name.lower(): attribute for attribute in self.attributes}

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of that name, in any case (RFC 7643 section 2.1)."""
        return self._by_name.get(name.lower())


@dataclass(frozen=True)
class ResourceSchema:
    """A kind of resource: its core schema and its extensions."""

    name: Literal["User", "Group"]
    core: Schema
    extensions: tuple[Schema, ...] = ()

    @property
    def endpoint(self) -> str:
        """The path of the collection."""
        return f"/{self.name}s"

    def schema(self, urn: str) -> Schema | None:
        """The core or extension schema of that URN; URNs have no case (RFC 8141)."""
        for schema in (self.core, *self.extensions):
            if schema.id.lower() == urn.lower():
                return schema
        return None


# Common to all resources (RFC 7643 section 3.1); not listed by /Schemas.
EXTERNAL_ID = Attribute("externalId", case_exact=True, documented=True)
READ_ONLY_COMMON = ("id", "meta", "schemas")

_USER_ATTRIBUTES = (
    Attribute(
        "userName",
        description="The login name, user@domain, of a domain registered to the tenant.",
        required=True,
        unique=True,
        documented=True,
    ),
    Attribute("displayName", required=True, documented=True),
    Attribute("active", "boolean", description="False disables the user.", documented=True),
    Attribute(
        "name",
        "complex",
        documented=True,
        sub_attributes=(
            Attribute("familyName", documented=True),
            Attribute("givenName", documented=True),
            Attribute("formatted"),
        ),
    ),
    Attribute(
        "emails",
        "complex",
        multi_valued=True,
        documented=True,
        sub_attributes=(
            Attribute("value", documented=True),
            Attribute("type", documented=True),
            Attribute("primary", "boolean", documented=True),
        ),
    ),
    Attribute(
        "department",
        description="The department of the enterprise extension, once more.",
        mutability="readOnly",
        documented=True,
    ),
    Attribute(
        "groups",
        "complex",
        multi_valued=True,
        mutability="readOnly",
        documented=True,
        sub_attributes=(
            Attribute("value", mutability="readOnly", documented=True),
            Attribute(
                "$ref", "reference", mutability="readOnly", references=("Group",), documented=True
            ),
            Attribute("display", mutability="readOnly", documented=True),
        ),
    ),
    Attribute("title"),
    Attribute("nickName"),
    Attribute("userType"),
    Attribute("preferredLanguage"),
    Attribute("locale"),
    Attribute("timezone"),
    Attribute(
        "phoneNumbers",
        "complex",
        multi_valued=True,
        sub_attributes=(
            Attribute("value"),
            Attribute("type"),
            Attribute("primary", "boolean"),
        ),
    ),
    Attribute(
        "addresses",
        "complex",
        multi_valued=True,
        sub_attributes=(
            Attribute("formatted"),
            Attribute("streetAddress"),
            Attribute("locality"),
            Attribute("region"),
            Attribute("postalCode"),
            Attribute("country"),
            Attribute("type"),
            Attribute("primary", "boolean"),
        ),
    ),
)

_ENTERPRISE_ATTRIBUTES = (
    Attribute("department", description="The one department of the user.", documented=True),
    Attribute("employeeNumber"),
    Attribute("costCenter"),
    Attribute("organization"),
    Attribute("division"),
    Attribute(
        "manager",
        "complex",
        sub_attributes=(
            Attribute("value", case_exact=True),
            Attribute("$ref", "reference", references=("User",), case_exact=True),
            Attribute("displayName", mutability="readOnly"),
        ),
    ),
)

_GROUP_ATTRIBUTES = (
    Attribute("displayName", required=True, unique=True, documented=True),
    Attribute(
        "members",
        "complex",
        multi_valued=True,
        documented=True,
        sub_attributes=(
            Attribute("value", mutability="immutable", case_exact=True, documented=True),
            Attribute(
                "$ref",
                "reference",
                mutability="immutable",
                case_exact=True,
                references=("User",),
                documented=True,
            ),
            Attribute("display", mutability="immutable", documented=True),
            Attribute("type", mutability="immutable", documented=True),
        ),
    ),
)

USER_RESOURCE = ResourceSchema(
    "User",
    Schema(USER, "User", _USER_ATTRIBUTES),
    (Schema(ENTERPRISE, "EnterpriseUser", _ENTERPRISE_ATTRIBUTES),),
)
GROUP_RESOURCE = ResourceSchema("Group", Schema(GROUP, "Group", _GROUP_ATTRIBUTES))
RESOURCES = (USER_RESOURCE, GROUP_RESOURCE)
