"""The discovery documents: ServiceProviderConfig, ResourceTypes, Schemas (RFC 7644 section 4).

They say what this simulator does under its present options. What ZSCloud's own say is not
published.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulator.zscloud.errors import ScimError
from simulator.zscloud.options import Options
from simulator.zscloud.schema import RESOURCES, Attribute, ResourceSchema, Schema

_PREFIX = "urn:ietf:params:scim:schemas:core:2.0"
LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


def discover(options: Options, path: tuple[str, ...], location: str) -> dict[str, Any]:
    """The document at ``/ServiceProviderConfig``, ``/ResourceTypes[/id]`` or ``/Schemas[/id]``.

    ``location`` is the URL of the SCIM base path. Raises ``ScimError`` 404 for an unknown id.
    """
    if path[0] == "ServiceProviderConfig":
        if len(path) > 1:
            raise ScimError(404, "The service provider configuration has no parts")
        return _service_provider_config(options, location)
    documents = (
        [_resource_type(resource, location) for resource in RESOURCES]
        if path[0] == "ResourceTypes"
        else _schemas(options, location)
    )
    if len(path) == 1:
        return list_response(documents, len(documents), 1)
    for document in documents:
        if document["id"] == path[1] and len(path) == 2:
            return document
    raise ScimError(404, f"No {path[0]} with the id {'/'.join(path[1:])}")


def list_response(rows: list[dict[str, Any]], total: int, start: int) -> dict[str, Any]:
    """A list answer of RFC 7644 section 3.4.2; ``start`` is 1-based."""
    return {
        "schemas": [LIST_RESPONSE],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(rows),
        "Resources": rows,
    }


def _service_provider_config(options: Options, location: str) -> dict[str, Any]:
    return {
        "schemas": [f"{_PREFIX}:ServiceProviderConfig"],
        "documentationUri": "https://help.zscaler.com/zia/understanding-scim",
        "patch": {"supported": True},
        "bulk": {
            "supported": options.bulk,
            "maxOperations": options.bulk_max_operations if options.bulk else 0,
            "maxPayloadSize": options.bulk_max_payload_size if options.bulk else 0,
        },
        "filter": {"supported": True, "maxResults": options.max_results},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": False},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "The bearer token that the admin portal shows beside the base URL.",
                "specUri": "https://www.rfc-editor.org/info/rfc6750",
                "primary": True,
            }
        ],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": f"{location}/ServiceProviderConfig",
        },
    }


def _resource_type(resource: ResourceSchema, location: str) -> dict[str, Any]:
    return {
        "schemas": [f"{_PREFIX}:ResourceType"],
        "id": resource.name,
        "name": resource.name,
        "endpoint": resource.endpoint,
        "description": f"{resource.name}s of the tenant.",
        "schema": resource.core.id,
        "schemaExtensions": [
            {"schema": extension.id, "required": False} for extension in resource.extensions
        ],
        "meta": {
            "resourceType": "ResourceType",
            "location": f"{location}/ResourceTypes/{resource.name}",
        },
    }


def _schemas(options: Options, location: str) -> list[dict[str, Any]]:
    schemas = [schema for resource in RESOURCES for schema in (resource.core, *resource.extensions)]
    return [_schema(options, schema, location) for schema in schemas]


def _schema(options: Options, schema: Schema, location: str) -> dict[str, Any]:
    attributes = (
        schema.attributes if options.other_attributes == "kept" else _documented(schema.attributes)
    )
    return {
        "schemas": [f"{_PREFIX}:Schema"],
        "id": schema.id,
        "name": schema.name,
        "description": f"{schema.name} of ZSCloud.",
        "attributes": [attribute.document() for attribute in attributes],
        "meta": {"resourceType": "Schema", "location": f"{location}/Schemas/{schema.id}"},
    }


def _documented(attributes: tuple[Attribute, ...]) -> tuple[Attribute, ...]:
    return tuple(
        replace(attribute, sub_attributes=_documented(attribute.sub_attributes))
        for attribute in attributes
        if attribute.documented
    )
