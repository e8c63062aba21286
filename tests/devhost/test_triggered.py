"""Functions by trigger: what serve runs, what it leaves out, what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from devhost.functions import Function
from devhost.triggered import triggered
from provisioning.errors import ConfigurationError


def function(name: str, **trigger: Any) -> Function:
    return Function(
        name=name,
        id=name,
        trigger=trigger["type"],
        parameter="x",
        route=None,
        methods=(),
        auth_level=None,
        schedule=trigger.get("schedule"),
        queue_name=trigger.get("queueName"),
        bindings=(trigger,),
    )


TICK = function("tick", type="timerTrigger", schedule="0 0 * * * *")


def test_event_hubs_are_left_out_whatever_they_name() -> None:
    """Nothing is resolved and nothing connected: no setting of them is asked for."""
    hub = function("hear", type="eventHubTrigger", connection="NOWHERE", eventHubName="%HUB%")
    found = triggered([hub, TICK], {})
    assert found.left_out == {"hear": "eventHubTrigger"}
    assert [*found.http, *found.timers, *found.queues] == ["tick"]


def test_other_triggers_are_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        triggered([function("blob", type="blobTrigger"), TICK], {})
    [problem] = caught.value.problems
    assert (problem.field, problem.message) == ("blob", "has a blobTrigger.")
