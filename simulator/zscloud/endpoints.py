"""The SCIM endpoints: which method does what at which path, and how it is answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.http import Request, Response, json_response
from simulator.zscloud import groups, queries, users
from simulator.zscloud.bulk import run_bulk
from simulator.zscloud.bulk_operation import BulkOperation
from simulator.zscloud.context import Context, meta
from simulator.zscloud.discovery import discover, list_response
from simulator.zscloud.document import Document
from simulator.zscloud.errors import CONTENT_TYPE, ScimError, invalid_filter, invalid_syntax
from simulator.zscloud.faults import FaultInjector
from simulator.zscloud.schema import GROUP_RESOURCE, USER_RESOURCE
from simulator.zscloud.store import Group, Store, User
from simulator.zscloud.strict import PATCH_OP, SEARCH_REQUEST, check_message, check_resource

DISCOVERY = ("ServiceProviderConfig", "ResourceTypes", "Schemas")
_COLLECTION = ("GET", "POST")
_RESOURCE = ("GET", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Answers SCIM requests on a store. Raises ``ScimError`` for those it cannot serve."""

    store: Store
    injector: FaultInjector

    def answer(self, request: Request, parts: tuple[str, ...], context: Context) -> Response:
        """Answer a request whose path below the base path has these parts."""
        if parts[:1] and parts[0] in DISCOVERY:
            _allow(request.method, ("GET",))
            return _scim(200, discover(context.options, parts, context.location))
        if parts[-1:] == (".search",):
            _allow(request.method, ("POST",))
            return self._search(request, parts[:-1], context)
        if parts == ("Bulk",):
            _allow(request.method, ("POST",))
            return run_bulk(request, context, self._bulk_operation, breaks=self.injector.breaks())
        if not parts or parts[0] not in ("Users", "Groups") or len(parts) > 2:
            raise _no_endpoint(request)
        if len(parts) == 1:
            _allow(request.method, _COLLECTION)
            return self._collection(request, parts[0], context)
        _allow(request.method, _RESOURCE)
        return self._resource(request, parts[0], parts[1], context)

    def _collection(self, request: Request, kind: str, context: Context) -> Response:
        if request.method == "GET":
            return self._listing(queries.query_of(request.query), kind, context)
        return self._create(body_of(request), kind, context)

    def _resource(self, request: Request, kind: str, id: str, context: Context) -> Response:
        match request.method:
            case "GET":
                query = queries.query_of(request.query)
                document = self._render(self._get(kind, id), context)
                return _scim(200, queries.project(document, query, context))
            case "DELETE":
                return self._delete(kind, id, context)
            case "PUT":
                return self._replace(body_of(request), kind, id, context)
            case _:
                return self._patch(body_of(request), kind, id, context)

    def _bulk_operation(self, operation: BulkOperation, context: Context) -> Response:
        kind, id = operation.kind, operation.id
        if operation.method == "POST":
            return self._create(operation.data, kind, context)
        if operation.method == "DELETE":
            return self._delete(kind, id, context)
        if operation.method == "PUT":
            return self._replace(operation.data, kind, id, context)
        return self._patch(operation.data, kind, id, context)

    def _create(self, body: Mapping[str, Any], kind: str, context: Context) -> Response:
        resource: User | Group
        if kind == "Users":
            check_resource(body, USER_RESOURCE, context)
            resource = users.create_user(self.store, body, context)
        else:
            check_resource(body, GROUP_RESOURCE, context)
            resource = groups.create_group(self.store, body, context)
        document = self._render(resource, context)
        return _scim(201, document, {"location": document["meta"]["location"]})

    def _replace(self, body: Mapping[str, Any], kind: str, id: str, context: Context) -> Response:
        resource: User | Group
        if kind == "Users":
            check_resource(body, USER_RESOURCE, context)
            resource = users.replace_user(self.store, id, body, context)
        else:
            check_resource(body, GROUP_RESOURCE, context)
            resource = groups.replace_group(self.store, id, body, context)
        document = self._render(resource, context)
        # Zscaler's example of the reply to a PUT has neither created nor location.
        full = meta(context, kind[:-1], id, resource.created, resource.modified)
        document["meta"] = {name: full[name] for name in ("resourceType", "lastModified")}
        return _scim(200, document)

    def _patch(self, body: Mapping[str, Any], kind: str, id: str, context: Context) -> Response:
        check_message(body, PATCH_OP, context)
        resource: User | Group
        if kind == "Users":
            resource = users.patch_user(self.store, id, body, context)
        else:
            resource = groups.patch_group(self.store, id, body, context)
        if context.options.patch_status == 204:
            return Response(204)
        return _scim(200, self._render(resource, context))

    def _delete(self, kind: str, id: str, context: Context) -> Response:
        delete = users.delete_user if kind == "Users" else groups.delete_group
        delete(self.store, id, context)
        return Response(204)

    def _get(self, kind: str, id: str) -> User | Group:
        if kind == "Users":
            return users.get_user(self.store, id)
        return groups.get_group(self.store, id)

    def _search(self, request: Request, parts: tuple[str, ...], context: Context) -> Response:
        """A query by POST (RFC 7644 section 3.4.3)."""
        body = body_of(request)
        check_message(body, SEARCH_REQUEST, context)
        if parts not in ((), ("Users",), ("Groups",)):
            raise _no_endpoint(request)
        return self._listing(queries.query_of(body), parts[0] if parts else "", context)

    def _listing(self, query: queries.Query, kind: str, context: Context) -> Response:
        rows = self.injector.ordered(self._rows(query, kind, context))
        start, end = queries.page_bounds(query, context)
        first = self.injector.page_start(start, end - start)
        page = [
            queries.project(self._row(resource, context), query, context)
            for resource in rows[first : first + end - start]
        ]
        return _scim(200, list_response(page, len(rows), query.start))

    def _rows(self, query: queries.Query, kind: str, context: Context) -> list[Any]:
        if kind == "Users":
            return queries.find_users(self.store, query, context)
        if kind == "Groups":
            return queries.find_groups(self.store, query, context)
        if query.filter:
            raise invalid_filter("A search over all resources has no filter", "undocumented_filter")
        return [*self.store.user_rows(), *self.store.group_rows()]

    def _row(self, resource: User | Group, context: Context) -> Document:
        if isinstance(resource, User):
            return users.render_user(self.store, resource, context)
        return groups.render_group(
            self.store, resource, context, members=context.options.list_members
        )

    def _render(self, resource: User | Group, context: Context) -> Document:
        if isinstance(resource, User):
            return users.render_user(self.store, resource, context)
        return groups.render_group(self.store, resource, context, members=True)


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a body. Raises ``ScimError`` 400 invalidSyntax."""
    try:
        body = request.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise invalid_syntax("The body is not JSON", "invalid_json") from error
    if not isinstance(body, dict):
        raise invalid_syntax("The body is not a JSON object", "invalid_json")
    return body


def _allow(method: str, methods: tuple[str, ...]) -> None:
    if method not in methods:
        allow = {"allow": ", ".join(methods)}
        raise ScimError(405, f"{method} is not offered here", rule="method", headers=allow)


def _no_endpoint(request: Request) -> ScimError:
    return ScimError(404, f"There is no endpoint {request.path}", rule="unknown_endpoint")


def _scim(status: int, document: Document, headers: Mapping[str, str] | None = None) -> Response:
    return json_response(status, document, CONTENT_TYPE, headers)
