"""What operators have ordered of the job as a whole: to stop, and to restart.

Whoever is called stores an order; whoever holds the lease obeys it. A stop stands until somebody
ends it. A restart stands until the holder of the lease has carried it out.
"""

from __future__ import annotations

import msgspec

from provisioning.ports import Row, Store
from provisioning.rows.table import Table

_STOP = "stop"
_RESTART = "restart/"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Who ordered it, when (epoch seconds) and why. ``scopes`` are those of a restart; ``id``
    differs for each.
    """

    id: str
    at: float
    by: str
    note: str = ""
    scopes: tuple[str, ...] = ()


class Orders:
    """The standing orders of one job. Any process writes them, so nobody may remember them."""

    def __init__(self, store: Store, job: str) -> None:
        self._rows = Table(store, job, "order", Order)

    async def any(self) -> bool:
        """Whether sending has to end: for a stop, or so that a restart can be carried out."""
        return bool(await self._rows.page(limit=1))

    async def stop(self) -> Order | None:
        """The stop that stands."""
        return await self._rows.get(_STOP)

    def stop_row(self, order: Order) -> Row:
        """The row that orders a stop."""
        return self._rows.put(_STOP, order)

    def start_row(self) -> Row:
        """The row that ends it."""
        return self._rows.drop(_STOP)

    async def restarts(self) -> list[Order]:
        """Restarts that were not carried out yet, oldest first."""
        return [order async for _, order in self._rows.all(_RESTART)]

    def restart_row(self, order: Order) -> Row:
        """The row that orders a restart."""
        return self._rows.put(_RESTART + order.id, order)

    def carried_out(self, order: Order) -> Row:
        """The row that ends a restart."""
        return self._rows.drop(_RESTART + order.id)
