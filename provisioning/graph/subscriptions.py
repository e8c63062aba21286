"""The subscriptions that Graph holds for this application: the subscription port."""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.errors import ProtocolError
from provisioning.graph import subscription_rows as rows
from provisioning.graph import wire
from provisioning.graph.channel import Channel
from provisioning.graph.urls import Endpoint
from provisioning.model import Subscription


class GraphSubscriptions:
    """Implements ``ports.SubscriptionPort`` over the channel of a ``GraphSource``, which closes it.

    What the channel repeats does no harm: a POST that is repeated after its answer got lost is
    answered 409.
    """

    def __init__(self, channel: Channel, endpoint: Endpoint) -> None:
        self._channel = channel
        self._endpoint = endpoint

    async def list(self) -> Sequence[Subscription]:
        """All of this application in the tenant."""
        found: list[Subscription] = []
        seen: set[str] = set()
        request = rows.list_request()
        while True:
            self._check(request, seen)
            page = await self._channel.fetch(request, rows.decode_page)
            found += page.value
            if page.next_link is None:
                return found
            request = rows.list_request(page.next_link)

    async def create(self, resource: str, *, url: str, secret: str, until: float) -> Subscription:
        """Subscribes to updates and deletions of ``users`` or ``groups``."""
        request = rows.create_request(resource, url, secret, until)
        return await self._channel.fetch(request, rows.decode_created)

    async def renew(self, id: str, *, until: float) -> Subscription:
        """Prolongs one, and authorizes it anew."""
        return await self._channel.fetch(rows.renew_request(id, until), rows.decode_renewed)

    async def delete(self, id: str) -> None:
        """Deletes one, if it is still there."""
        await self._channel.fetch(rows.delete_request(id), rows.decode_deleted)

    def _check(self, request: wire.Request, seen: set[str]) -> None:
        """Raises ``ProtocolError`` for a link that leads elsewhere or was followed before."""
        if not self._endpoint.admits(self._endpoint.absolute(request.url)):
            raise ProtocolError(wire.GRAPH, request.operation, "a link leads to another host")
        if request.url in seen:
            raise ProtocolError(wire.GRAPH, request.operation, "the next link repeats")
        seen.add(request.url)
