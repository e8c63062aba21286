"""The world of the stories with a third-party SCIM server in the place of ZSCloud."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from simulator.entra import Tenant
from tests.foreign.loop import SkippingClock, run_skipping, running_loop
from tests.foreign.recording import RecordingTransport
from tests.foreign.target import load_targets
from tests.foreign.tenant import ForeignTenant
from tests.scenarios.world import World
from tests.servers.launch import ScimServer


class ForeignWorld(World):
    """The Entra simulator and the whole program in process; the SCIM server behind a socket."""

    def __init__(self, server: ScimServer, tenant: Tenant, **settings: str) -> None:
        self.target = load_targets()[server.name]
        transport = RecordingTransport()
        super().__init__(
            SkippingClock(running_loop()),
            tenant,
            transport=transport,
        )
        self.environ.update({**self.target.settings, **settings})
        self.scim_url, self.token = server.url, server.token
        self.member_add_path = self.target.member_add_path
        self.zscloud: Any = ForeignTenant(server, transport)


def tell(
    story: Callable[[ForeignWorld], Awaitable[None]],
    server: ScimServer,
    tenant: Callable[[], Tenant],
    **settings: str,
) -> None:
    """Tells a story in a new world, on the emptied server."""

    async def main() -> None:
        await story(ForeignWorld(server, tenant(), **settings))

    asyncio.run(server.reset())
    run_skipping(main)
