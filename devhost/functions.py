"""The functions of an app, as the host learns them from the worker's metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from devhost.errors import WorkerError
from devhost.protocol import RpcFunctionMetadata


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    ``trigger`` is the type of its trigger binding, such as ``httpTrigger``, ``parameter`` the
    function's parameter that takes it. ``route``, ``methods`` (upper case, empty for all) and
    ``auth_level`` (lower case) belong to HTTP triggers, ``schedule`` to timers, ``queue_name`` to
    queues; for other triggers they are ``None`` or empty. ``bindings`` are all bindings as
    declared, the trigger among them.
    """

    name: str
    id: str
    trigger: str
    parameter: str
    route: str | None
    methods: tuple[str, ...]
    auth_level: str | None
    schedule: str | None
    queue_name: str | None
    bindings: tuple[Mapping[str, Any], ...]

    def output_name(self, parameter: str) -> str:
        """The queue that an output parameter (``$return`` for the result) writes to.

        For another kind of output it is the parameter's own name.
        """
        for binding in self.bindings:
            if binding["name"] == parameter:
                return str(binding.get("queueName", parameter))
        raise WorkerError(f"{self.name} has no output binding {parameter!r}.")


def function_from_metadata(metadata: RpcFunctionMetadata) -> Function:
    """The function that the worker indexed. Raises ``WorkerError`` when it has no trigger."""
    bindings = tuple(MappingProxyType(json.loads(raw)) for raw in metadata.raw_bindings)
    triggers = [each for each in bindings if each["type"].lower().endswith("trigger")]
    if len(triggers) != 1:
        raise WorkerError(f"{metadata.name} has {len(triggers)} triggers; a function has one.")
    trigger = triggers[0]
    return Function(
        name=metadata.name,
        id=metadata.function_id,
        trigger=trigger["type"],
        parameter=trigger["name"],
        route=trigger.get("route"),
        methods=tuple(str(method).upper() for method in trigger.get("methods", ())),
        auth_level=trigger["authLevel"].lower() if "authLevel" in trigger else None,
        schedule=trigger.get("schedule"),
        queue_name=trigger.get("queueName"),
        bindings=bindings,
    )
