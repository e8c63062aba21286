"""What the control interface steers of a simulator. The simulator has it; control asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from simulator.clock import Clock
from simulator.zscloud.context import Context
from simulator.zscloud.faults import Faults
from simulator.zscloud.options import Options
from simulator.zscloud.requestlog import RequestLog, Violation
from simulator.zscloud.store import Group, Store, User
from simulator.zscloud.views import Groups, Users


class Steered(Protocol):
    """A simulator as a test or demo steers it; ``ZSCloudSimulator`` says what each does."""

    options: Options
    clock: Clock
    store: Store
    users: Users
    groups: Groups
    requests: RequestLog
    violations: list[Violation]

    @property
    def faults(self) -> Faults: ...

    def set_faults(self, **faults: Any) -> None: ...

    def set_options(self, **options: Any) -> None: ...

    def reset(self, **options: Any) -> None: ...

    def portal_context(self) -> Context: ...

    def create_user(self, **attributes: Any) -> User: ...

    def edit_user(self, user: str, **attributes: Any) -> User: ...

    def delete_user(self, user: str) -> None: ...

    def create_group(self, **attributes: Any) -> Group: ...

    def edit_group(self, group: str, **attributes: Any) -> Group: ...

    def delete_group(self, group: str) -> None: ...

    def edit_members(
        self, group: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> Group: ...
