"""The administrator's side over HTTP: changes of the tenant and the knobs, as JSON.

``POST /control/{action}`` with the arguments as an object; ``GET /control/state`` and
``GET /control/requests`` to look. An id may also be a user principal name or a group's display
name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, fields
from typing import Any

from simulator.http import Request, Response, json_response

from .faults import Faults
from .model import AppRole
from .steered import Steered

Arguments = dict[str, Any]
_DONE = {"done": True}


class Control:
    """Decodes a control request, makes the change, and answers what came of it."""

    def __init__(self, simulator: Steered) -> None:
        self._simulator = simulator
        self._tenant = simulator.tenant
        self._actions: Mapping[str, Callable[[Arguments], Arguments | None]] = {
            "assign": self._assign,
            "unassign": self._unassign,
            "create_user": self._create_user,
            "create_group": self._create_group,
            "add_member": self._add_member,
            "remove_member": self._remove_member,
            "update_user": self._update_user,
            "update_group": self._update_group,
            "move": self._move,
            "delete_group": self._delete_group,
            "update_service_principal": self._update_service_principal,
            "knobs": self._knobs,
            "expire_tokens": self._expire_tokens,
        }
        self._by_id: Mapping[str, Callable[[str], None]] = {
            "disable": self._tenant.disable,
            "enable": self._tenant.enable,
            "delete": self._tenant.delete,
            "restore": self._tenant.restore,
            "purge": self._tenant.purge,
        }
        self._waiting: Mapping[str, Callable[[Arguments], Awaitable[Arguments]]] = {
            "lifecycle": self._lifecycle,
            "deliver": self._deliver,
        }

    async def answer(self, request: Request) -> Response:
        """The answer to a control request: 200, or 400, 404 or 405 with a sentence."""
        action = request.path.strip("/").partition("/")[2]
        try:
            return json_response(200, await self._carry_out(request, action))
        except LookupError as cause:
            return json_response(404, {"error": str(cause.args[0] if cause.args else cause)})
        except (ValueError, TypeError) as cause:
            return json_response(400, {"error": str(cause)})

    async def _carry_out(self, request: Request, action: str) -> Any:
        if request.method == "GET":
            return self._look(action)
        given = request.json() if request.body else {}
        if request.method != "POST" or not isinstance(given, dict):
            raise ValueError("a control action is a POST of a JSON object")
        if action in self._waiting:
            return await self._waiting[action](given)
        if action in self._by_id:
            self._by_id[action](self._id(given))
            return _DONE
        if action not in self._actions:
            raise LookupError(f"no action {action}")
        return self._actions[action](given) or _DONE

    def _look(self, action: str) -> Any:
        if action == "state":
            return self._simulator.state()
        if action == "requests":
            return {"items": [asdict(one) for one in self._simulator.requests]}
        raise LookupError(f"nothing to look at as {action}")

    def _id(self, given: Arguments, name: str = "id") -> str:
        """The id in an argument, which may also name a user or a group."""
        value = str(_taken(given, name))
        if value in self._tenant.users or value in self._tenant.groups:
            return value
        found = self._tenant.ids_named(value, "user") + self._tenant.ids_named(value, "group")
        if len(found) > 1:
            raise ValueError(f"{value} names {len(found)} objects")
        return found[0] if found else value

    def _assign(self, given: Arguments) -> Arguments:
        principal = self._id(given, "principal")
        return {"id": self._tenant.assign(principal, str(given.get("role", "User")))}

    def _unassign(self, given: Arguments) -> None:
        role = given.get("role")
        which = given["id"] if "id" in given else self._id(given, "principal")
        self._tenant.unassign(which, None if role is None else str(role))

    def _create_user(self, given: Arguments) -> Arguments:
        name = str(_taken(given, "userPrincipalName"))
        return {"id": self._tenant.add_user(name, **given)}

    def _create_group(self, given: Arguments) -> Arguments:
        name = str(_taken(given, "displayName"))
        members = [self._id({"id": one}) for one in given.pop("members", [])]
        return {"id": self._tenant.add_group(name, members, **given)}

    def _add_member(self, given: Arguments) -> None:
        self._tenant.add_member(self._id(given, "group"), self._id(given, "member"))

    def _remove_member(self, given: Arguments) -> None:
        group, member = self._id(given, "group"), self._id(given, "member")
        self._tenant.remove_member(group, member)

    def _update_user(self, given: Arguments) -> None:
        self._tenant.update_user(self._id(given), **given)

    def _update_group(self, given: Arguments) -> None:
        self._tenant.update_group(self._id(given), **given)

    def _move(self, given: Arguments) -> None:
        self._tenant.move(self._id(given), str(_taken(given, "department")))

    def _delete_group(self, given: Arguments) -> None:
        self._tenant.delete_group(self._id(given), soft=given.get("soft") is True)

    def _update_service_principal(self, given: Arguments) -> None:
        if "appRoles" in given:
            given["appRoles"] = tuple(
                AppRole(
                    one.get("id") or self._tenant.new_id(),
                    one.get("value"),
                    one["displayName"],
                    one.get("isEnabled", True),
                )
                for one in given["appRoles"]
            )
        self._tenant.update_service_principal(**given)

    def _knobs(self, given: Arguments) -> Arguments:
        self._simulator.faults.set(**given)
        return knobs_document(self._simulator.faults.knobs)

    def _expire_tokens(self, given: Arguments) -> None:
        self._simulator.expire_tokens(str(given.get("which", "delta")))

    async def _lifecycle(self, given: Arguments) -> Arguments:
        accepted = await self._simulator.notifier.lifecycle(
            str(given.get("event", "reauthorizationRequired")),
            given.get("subscription"),
            pause=given.get("pause") is True,
        )
        return {"accepted": accepted}

    async def _deliver(self, given: Arguments) -> Arguments:
        if given:
            raise ValueError("deliver takes no arguments")
        return {"accepted": await self._simulator.notifier.deliver()}


def knobs_document(knobs: Faults) -> dict[str, Any]:
    """The knobs as JSON."""
    return {
        knob.name: sorted(value) if isinstance(value, frozenset) else value
        for knob in fields(knobs)
        for value in [getattr(knobs, knob.name)]
    }


def _taken(given: Arguments, name: str) -> Any:
    """Take an argument out. Raises ``ValueError`` when it is missing."""
    if name not in given:
        raise ValueError(f"{name} is missing")
    return given.pop(name)
