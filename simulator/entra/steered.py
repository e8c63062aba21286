"""What the control interface steers of a simulator. The simulator has it; control asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from .faults import FaultInjector
from .notifications import Notifier
from .requestlog import LoggedRequest
from .tenant import Tenant


class Steered(Protocol):
    """A simulator as a test or demo steers it; ``EntraSimulator`` says what each does."""

    tenant: Tenant
    faults: FaultInjector
    notifier: Notifier

    @property
    def requests(self) -> Sequence[LoggedRequest]: ...

    def state(self) -> dict[str, Any]: ...

    def expire_tokens(self, which: str = "delta") -> None: ...
