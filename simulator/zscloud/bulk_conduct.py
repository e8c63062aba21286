"""How a server may fall short of RFC 7644 section 3.7 in what it does, or in what it says."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from simulator.zscloud.bulk_operation import BulkOperation
from simulator.zscloud.context import Context
from simulator.zscloud.errors import ScimError

_DONE = {"POST": "201", "PUT": "200", "PATCH": "204", "DELETE": "204"}
_TOLD = ("bulkId", "location", "response")

Results = list[dict[str, Any]]
Run = Callable[[list[BulkOperation]], Results]


def misconduct(operations: list[BulkOperation], run: Run, context: Context) -> Results:
    """The results as the options want them: ``run`` does what is really done."""
    options = context.options
    served, late = operations, operations[:0]
    if options.bulk_throttles:
        served, late = operations[: options.bulk_throttles], operations[options.bulk_throttles :]
    match options.bulk_conduct:
        case "pretends":
            results = _pretended(served, context)
        case "half":
            half = len(served) // 2
            results = [*run(served[:half]), *_pretended(served[half:], context)]
        case "anonymous":
            results = [{n: v for n, v in r.items() if n not in _TOLD} for r in run(served)]
        case "shuffled":
            results = run(served)
            random.Random(len(results)).shuffle(results)
        case "forgets":
            results = run(served)[::2]
        case "overwrites":
            last = {(one.kind, one.id or one.bulk_id): one for one in served}.values()
            lost = [one for one in served if one not in last]
            results = [*_pretended(lost, context), *run(list(last))]
        case _:
            results = run(served)
    results += [_throttled(operation) for operation in late]
    for result in results:
        result["status"] = _status(result["status"], options.bulk_status)
    return results


def _pretended(operations: Sequence[BulkOperation], context: Context) -> Results:
    return [
        {
            "method": one.method,
            "status": _DONE[one.method],
            "location": f"{context.location}/{one.kind}/{one.id or f'pretended-{one.number}'}",
            **({"bulkId": one.bulk_id} if one.bulk_id else {}),
        }
        for one in operations
    ]


def _throttled(operation: BulkOperation) -> dict[str, Any]:
    error = ScimError(429, "Too many operations in a second")
    named = {"bulkId": operation.bulk_id} if operation.bulk_id else {}
    return {"method": operation.method, "status": "429", "response": error.document(), **named}


def _status(status: str, form: str) -> Any:
    return {"number": int(status), "object": {"code": status}}.get(form, status)
