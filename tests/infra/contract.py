"""What the templates have to agree with: names in the program that they repeat."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

from handlers import queues
from provisioning.alerts.lines import AlertCode
from provisioning.notifications.message import HINTS
from provisioning.record import CycleStatus
from provisioning.settings import SETTINGS
from provisioning.state.azure import AzureStore, BlobLeases
from provisioning.state.azure.tables import names_of
from provisioning.wake import WORK
from tests.infra.bicep.settings import FORBIDDEN, Known


def _default(of: Callable[..., object], parameter: str) -> str:
    default = inspect.signature(of).parameters[parameter].default
    assert isinstance(default, str)
    return default


STORAGE_NAMES: Mapping[str, frozenset[str]] = {
    "queues": frozenset(
        {WORK, queues.WORK, queues.POISON, HINTS, queues.HINTS, queues.HINTS_POISON}
    ),
    "tables": frozenset(names_of(_default(AzureStore, "table"))),
    "containers": frozenset({_default(BlobLeases, "container")}),
}
"""What the program uses in its storage account. The container of the packages is the deployment's,
and its name a parameter.
"""

ALERT_CODES = frozenset(code.value for code in AlertCode)
"""Codes of the log lines ``ALERT <code>: <sentence>``."""

CYCLE_LINES = tuple(
    f"CYCLE {status}" for status in (CycleStatus.COMPLETED, CycleStatus.HELD, CycleStatus.RUNNING)
)
"""How the log line of a cycle that ended well begins: with errors of single objects or without,
or with removals held, which have an alert of their own while all else goes on.
"""

LATER: tuple[Known, ...] = ()
"""Settings of the next versions, which the templates set already."""

DIFFERENT: Mapping[str, str] = {
    "STATE_STORE": "on a developer's machine it is a file, in Azure the storage account",
    "ZSCLOUD_SCIM_TOKEN": "a reference to the key vault",
}
"""Settings whose default in Azure is not the program's, and why."""


def known_settings() -> Mapping[str, Known]:
    """Every setting that the program reads in Azure, and those to come."""
    read = [
        Known(setting.name, setting.default)
        for setting in SETTINGS
        if setting.name not in FORBIDDEN
    ]
    return {known.name: known for known in (*LATER, *read)}
