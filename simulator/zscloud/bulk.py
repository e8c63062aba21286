"""Bulk requests (RFC 7644 section 3.7).

Zscaler lists the endpoint without an example or limits; this follows the RFC.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from simulator.http import Request, Response, json_response
from simulator.zscloud.bulk_conduct import misconduct
from simulator.zscloud.bulk_operation import BulkOperation
from simulator.zscloud.bulk_references import references, resolved, without_references
from simulator.zscloud.context import Context
from simulator.zscloud.document import find
from simulator.zscloud.errors import CONTENT_TYPE, ScimError, invalid_syntax, invalid_value
from simulator.zscloud.strict import BULK_REQUEST, MESSAGES, check_message

_PATH = re.compile(r"/(Users|Groups)(?:/([^/]+))?")

Perform = Callable[[BulkOperation, Context], Response]


def run_bulk(
    request: Request, context: Context, perform: Perform, *, breaks: bool = False
) -> Response:
    """Answer a bulk request. Raises ``ScimError`` 501 if it is switched off, 413 over a limit, and
    500 half-way if it ``breaks``.
    """
    if not context.options.bulk:
        raise ScimError(501, "Bulk operations are not offered")
    limit = context.options.bulk_max_payload_size
    if len(request.body) > limit:
        raise ScimError(413, f"The body exceeds the maxPayloadSize of {limit}", rule="bulk_limit")
    try:
        body = request.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise invalid_syntax("The body is not JSON", "invalid_json") from error
    if not isinstance(body, dict):
        raise invalid_syntax("The body is not a JSON object", "invalid_json")
    check_message(body, BULK_REQUEST, context)
    run = _Run(perform, context, _fail_on_errors(body))
    operations = _operations(body, context)
    if context.options.bulk_references == "all_refused" and any(map(references, operations)):
        raise _no_references()
    if breaks:
        run.run(operations[: len(operations) // 2])
        raise ScimError(500, "The service failed in the middle")
    results = misconduct(operations, run.run, context)
    answer = {"schemas": [f"{MESSAGES}:BulkResponse"], "Operations": results}
    return json_response(200, answer, CONTENT_TYPE)


def _fail_on_errors(body: Mapping[str, Any]) -> int:
    """The number of errors that ends the request; 0 if none does."""
    value = find(body, "failOnErrors")
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise invalid_value("failOnErrors is a number above zero")
    return value


def _operations(body: Mapping[str, Any], context: Context) -> list[BulkOperation]:
    listed = find(body, "Operations")
    if not isinstance(listed, list) or not listed:
        raise invalid_syntax("A bulk request has Operations", "empty_operations")
    limit = context.options.bulk_accepts or context.options.bulk_max_operations
    if len(listed) > limit:
        raise ScimError(413, f"More than the maxOperations of {limit}", rule="bulk_limit")
    return [_operation(number, item) for number, item in enumerate(listed)]


def _operation(number: int, item: Any) -> BulkOperation:
    if not isinstance(item, Mapping):
        raise invalid_syntax("An operation is an object")
    method = str(find(item, "method") or "").upper()
    if method not in ("POST", "PUT", "PATCH", "DELETE"):
        raise invalid_syntax(f"A bulk operation has no method {method!r}", "unknown_op")
    match = _PATH.fullmatch(str(find(item, "path") or ""))
    if match is None or (match[2] is None) != (method == "POST"):
        raise invalid_syntax(f"{method} has a wrong path", "bulk_path")
    bulk_id = str(find(item, "bulkId") or "")
    if method == "POST" and not bulk_id:
        raise invalid_syntax("A POST in a bulk request has a bulkId", "bulk_id")
    data = find(item, "data")
    if method != "DELETE" and not isinstance(data, Mapping):
        raise invalid_syntax(f"{method} in a bulk request has data")
    return BulkOperation(number, method, match[1], match[2] or "", bulk_id, data or {})


class _Run:
    """Performs operations in order; one that refers to a later POST waits for it."""

    def __init__(self, perform: Perform, context: Context, fail_on_errors: int) -> None:
        self._perform = perform
        self._context = context
        self._fail_on_errors = fail_on_errors
        self._ids: dict[str, str] = {}
        self._results: dict[int, dict[str, Any]] = {}
        self._errors = 0

    def run(self, operations: list[BulkOperation]) -> list[dict[str, Any]]:
        waiting = operations
        while waiting:
            due = {operation.bulk_id for operation in waiting if operation.method == "POST"}
            left = [item for item in waiting if not self._turn(item, due)]
            if len(left) == len(waiting):
                due = set()
                left = [item for item in waiting if not self._turn(item, due)]
            waiting = left
        return [self._results[number] for number in sorted(self._results)]

    def _turn(self, operation: BulkOperation, due: set[str]) -> bool:
        """Perform an operation unless it waits for one of the bulkIds that are still due."""
        if self._fail_on_errors and self._errors >= self._fail_on_errors:
            return True
        if references(operation) & due - self._ids.keys() - {operation.bulk_id}:
            return False
        due.discard(operation.bulk_id)
        self._results[operation.number] = self._result(operation)
        return True

    def _result(self, operation: BulkOperation) -> dict[str, Any]:
        result: dict[str, Any] = {"method": operation.method}
        if operation.bulk_id:
            result["bulkId"] = operation.bulk_id
        found = len(self._context.found)
        try:
            resolved = self._resolved(operation)
            answer = self._perform(resolved, self._context)
        except ScimError as error:
            self._errors += 1
            del self._context.found[found:]
            self._context.note_refusal(error)
            document = error.document()
            if operation.method != "POST":
                # Only a POST that failed has no location (RFC 7644 section 3.7).
                result["location"] = self._location(operation)
            return {**result, "status": str(error.status), "response": document}
        location = self._location(resolved)
        if operation.method == "POST":
            created = json.loads(answer.body)
            self._ids[operation.bulk_id] = created["id"]
            location = created["meta"]["location"]
        return {**result, "location": location, "status": str(answer.status)}

    def _location(self, operation: BulkOperation) -> str:
        return f"{self._context.location}/{operation.kind}/{operation.id}"

    def _resolved(self, operation: BulkOperation) -> BulkOperation:
        if not references(operation):
            return operation
        match self._context.options.bulk_references:
            case "refused":
                raise _no_references()
            case "dropped":
                return replace(operation, data=without_references(operation.data))
            case "literal":
                return operation
            case _:
                return resolved(operation, self._ids)


def _no_references() -> ScimError:
    return ScimError(400, "A bulkId is not known outside of its own operation", "invalidValue")
