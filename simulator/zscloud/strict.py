"""The checks of strict mode: what a lenient server lets pass and a careful client never sends.

Rules come from RFC 7643, RFC 7644 and Zscaler's page "SCIM API Examples".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from simulator.http import Request
from simulator.zscloud.context import Context
from simulator.zscloud.document import attribute_of, find
from simulator.zscloud.errors import CONTENT_TYPE
from simulator.zscloud.patch import Operation
from simulator.zscloud.schema import ResourceSchema

MESSAGES = "urn:ietf:params:scim:api:messages:2.0"
PATCH_OP = f"{MESSAGES}:PatchOp"
SEARCH_REQUEST = f"{MESSAGES}:SearchRequest"
BULK_REQUEST = f"{MESSAGES}:BulkRequest"

JSON_PATCH = "application/json-patch+json"  # Zscaler's example of a group PATCH sends this
_QUERY = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})*")  # RFC 3986 3.4


def check_request(request: Request, context: Context) -> None:
    """Check what surrounds the body. Raises ``ScimError`` 400 in strict mode."""
    context.refuse_if(
        request.method == "GET" and request.body, "get_with_body", "A GET has no body"
    )
    query = urlsplit(request.url).query
    context.refuse_if(
        _QUERY.fullmatch(query) is None, "query_not_encoded", "The query is not percent-encoded"
    )
    if request.method in ("POST", "PUT", "PATCH"):
        _check_content_type(request, context)


def _check_content_type(request: Request, context: Context) -> None:
    sent = request.headers.get("content-type", "")
    allowed = (CONTENT_TYPE, JSON_PATCH) if request.method == "PATCH" else (CONTENT_TYPE,)
    context.refuse_if(
        sent.partition(";")[0].strip().lower() not in allowed,
        "content_type",
        f"{request.method} is sent as {' or '.join(allowed)}, not as {sent!r}",
    )


def check_resource(body: Mapping[str, Any], resource: ResourceSchema, context: Context) -> None:
    """Check the body of a POST or PUT of a resource (RFC 7643 section 3)."""
    context.refuse_if(
        find(body, "id") is not None, "id_in_body", "The server chooses the id, a PUT names it"
    )
    listed = find(body, "schemas")
    urns = listed if isinstance(listed, list) else []
    known = [resource.core.id, *(extension.id for extension in resource.extensions)]
    used = [urn for urn in known[1:] if find(body, urn) is not None]
    context.refuse_if(
        known[0] not in urns or set(urns) - set(known) or set(used) - set(urns),
        "schemas",
        f"schemas is {listed!r} in the body of a {resource.name}",
    )


def check_message(body: Mapping[str, Any], schema: str, context: Context) -> None:
    """Check that a body is the message that its endpoint expects (RFC 7644 section 8.2)."""
    listed = find(body, "schemas")
    context.refuse_if(listed != [schema], "schemas", f"schemas is {listed!r}, not [{schema!r}]")


def check_operations(operations: Iterable[Operation], context: Context) -> None:
    """Check that the operations of a PATCH name known attributes."""
    for operation in operations:
        path = operation.path
        if not path.name:
            continue
        attribute = attribute_of(path.schema, path.name)
        known = attribute is not None or path.name.lower() in ("id", "meta")
        context.refuse_if(not known, "unknown_attribute", f"There is no attribute {path.name!r}")
        context.refuse_if(
            attribute is not None
            and path.sub_attribute
            and attribute.sub_attribute(path.sub_attribute) is None,
            "unknown_attribute",
            f"{path.name} has no {path.sub_attribute!r}",
        )
