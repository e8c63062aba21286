"""The control interface: a test or demo steers the simulator over HTTP.

``POST /control/{action}`` with a JSON object; ``GET /control/state``, ``/requests`` and
``/violations``, the last two with ``?since=`` in seconds since the epoch. Control calls are
neither limited nor logged nor hit by faults.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from simulator.http import Request, Response, json_response
from simulator.zscloud import groups, users
from simulator.zscloud.errors import ScimError
from simulator.zscloud.settings import as_document
from simulator.zscloud.steered import Steered
from simulator.zscloud.store import Group, User

PREFIX = "/control/"

Body = dict[str, Any]
Action = Callable[[Steered, Body], Any]
View = Callable[[Steered, dict[str, str]], Any]


def control(simulator: Steered, request: Request) -> Response:
    """Answer a control call: 200, 400 with an ``error``, or 404 for no such action."""
    name = request.path.removeprefix(PREFIX)
    try:
        if request.method == "GET" and name in _VIEWS:
            return json_response(200, _VIEWS[name](simulator, request.query))
        if request.method == "POST" and name in _ACTIONS:
            return json_response(200, _ACTIONS[name](simulator, _body(request)))
    except ScimError as error:
        return json_response(error.status, {"error": error.detail})
    except KeyError as error:
        return json_response(400, {"error": f"{error} is missing"})
    except (ValueError, TypeError) as error:
        return json_response(400, {"error": str(error)})
    return json_response(404, {"error": f"There is no {request.method} {request.path}"})


def _body(request: Request) -> Body:
    body = json.loads(request.body or b"{}")
    if not isinstance(body, dict):
        raise TypeError("The body is a JSON object")
    return body


def _state(simulator: Steered, query: dict[str, str]) -> Body:
    """Settings and counts; with ``?objects=true`` all users and groups too."""
    state: Body = {
        "time": simulator.clock.time(),
        "base_path": simulator.options.base_path,
        "options": as_document(simulator.options),
        "faults": as_document(simulator.faults),
        "counts": {
            "users": len(simulator.users),
            "groups": len(simulator.groups),
            "requests": len(simulator.requests),
            "violations": len(simulator.violations),
        },
    }
    if query.get("objects") == "true":
        state["users"] = [_shown(simulator, user) for user in simulator.users]
        state["groups"] = [_shown(simulator, group) for group in simulator.groups]
    return state


def _requests(simulator: Steered, query: dict[str, str]) -> Body:
    found = simulator.requests.since(float(query.get("since", "0")))
    return {"requests": [asdict(request) for request in found]}


def _violations(simulator: Steered, query: dict[str, str]) -> Body:
    since = float(query.get("since", "0"))
    found = [violation for violation in simulator.violations if violation.time >= since]
    return {"violations": [asdict(violation) for violation in found]}


def _shown(simulator: Steered, resource: User | Group) -> Any:
    context = simulator.portal_context()
    if isinstance(resource, User):
        return users.render_user(simulator.store, resource, context)
    return groups.render_group(simulator.store, resource, context, members=True)


def _options(simulator: Steered, body: Body) -> Any:
    simulator.set_options(**body)
    return as_document(simulator.options)


def _faults(simulator: Steered, body: Body) -> Any:
    simulator.set_faults(**body)
    return as_document(simulator.faults)


def _reset(simulator: Steered, body: Body) -> Any:
    simulator.reset(**body)
    return {}


def _set_token(simulator: Steered, body: Body) -> Any:
    simulator.set_options(token=body["token"])
    return {}


def _create_user(simulator: Steered, body: Body) -> Any:
    return _shown(simulator, simulator.create_user(**body))


def _edit_user(simulator: Steered, body: Body) -> Any:
    return _shown(simulator, simulator.edit_user(body["user"], **body.get("attributes", {})))


def _delete_user(simulator: Steered, body: Body) -> Any:
    simulator.delete_user(body["user"])
    return {}


def _create_group(simulator: Steered, body: Body) -> Any:
    return _shown(simulator, simulator.create_group(**body))


def _edit_group(simulator: Steered, body: Body) -> Any:
    return _shown(simulator, simulator.edit_group(body["group"], **body.get("attributes", {})))


def _delete_group(simulator: Steered, body: Body) -> Any:
    simulator.delete_group(body["group"])
    return {}


def _edit_members(simulator: Steered, body: Body) -> Any:
    group = simulator.edit_members(
        body["group"], add=body.get("add", ()), remove=body.get("remove", ())
    )
    return _shown(simulator, group)


_VIEWS: dict[str, View] = {
    "state": _state,
    "requests": _requests,
    "violations": _violations,
}

_ACTIONS: dict[str, Action] = {
    "options": _options,
    "faults": _faults,
    "reset": _reset,
    "set_token": _set_token,
    "create_user": _create_user,
    "edit_user": _edit_user,
    "delete_user": _delete_user,
    "create_group": _create_group,
    "edit_group": _edit_group,
    "delete_group": _delete_group,
    "edit_members": _edit_members,
}
