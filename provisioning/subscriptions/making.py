"""Making one subscription: the endpoint is woken up, Graph shakes hands with it, and a refusal is
explained by what we saw there ourselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from provisioning.errors import Conflict, EndpointUnfit, HandshakeFailed
from provisioning.model import Subscription
from provisioning.ports import EndpointPort, SubscriptionPort
from provisioning.setting_values import Secret
from provisioning.subscriptions.plan import Wanted, digest

_HANDSHAKES = 3


class Webhook(msgspec.Struct, frozen=True):
    """Where notifications are to go, and the secret that they are to bring."""

    url: str
    secret: Secret

    @property
    def wanted(self) -> Wanted:
        """The same without the secret."""
        return Wanted(self.url, digest(self.secret))


class Maker:
    """Makes subscriptions for one visit. ``check`` raises when another process took over."""

    def __init__(
        self,
        graph: SubscriptionPort,
        endpoint: EndpointPort,
        webhook: Webhook | None,
        check: Callable[[], None],
    ) -> None:
        self._graph = graph
        self._endpoint = endpoint
        self._webhook = webhook
        self._check = check
        self._probed: EndpointUnfit | None = None
        self._awake = False

    async def make(self, resource: str, until: float) -> Subscription:
        """A new subscription. When the handshake fails though the endpoint answers us, once more:
        it may have been cold.
        """
        assert self._webhook is not None
        for tries_left in reversed(range(_HANDSHAKES)):
            try:
                return await self._created(resource, until, self._webhook)
            except HandshakeFailed as error:
                again = tries_left and self._probed is None and await self._is_awake()
                if not again:
                    raise self._unshaken(error) from error
        raise AssertionError

    async def _created(self, resource: str, until: float, webhook: Webhook) -> Subscription:
        self._check()
        return await self._graph.create(
            resource, url=webhook.url, secret=webhook.secret.reveal(), until=until
        )

    async def wake(self, *, needed: bool) -> None:
        """Warms the endpoint up, once for all resources. Raises what it answered if ``needed``:
        else Graph may try, since it may reach what this process cannot.
        """
        if not self._awake and self._probed is None:
            await self._is_awake()
        if needed and self._probed is not None:
            raise self._probed

    async def _is_awake(self) -> bool:
        assert self._webhook is not None
        try:
            await self._endpoint.probe(self._webhook.url)
        except EndpointUnfit as error:
            self._probed = error
            return False
        self._awake = True
        return True

    def _unshaken(self, error: HandshakeFailed) -> HandshakeFailed:
        if self._probed is not None:
            seen, remedy = f"Our own try: {self._probed}", self._probed.remedy
        else:
            seen = "Our own try is answered rightly"
            remedy = (
                "Graph comes from the Internet: see that no firewall, access restriction or "
                "private network keeps it from NOTIFICATION_URL."
            )
        detail = f"{error.detail.rstrip('.')}. {seen}"
        return HandshakeFailed(
            error.remote, error.operation, detail, status=error.status, remedy=remedy
        )


def held_by_another(error: Conflict, found: Sequence[Subscription]) -> Conflict:
    """The error of a 409 where none of those that Graph lists is ours."""
    held = ", ".join(f"{one.id} points to {one.host or 'nowhere'}" for one in found)
    detail = f"{error.detail.rstrip('.')}. {held or 'Graph does not list it'}"
    which = found[0].id if found else "ID"
    remedy = (
        "Graph allows one such subscription to an application. If it is of no use any more, "
        f"`subscriptions delete {which}` deletes it; if another deployment lives by it, give this "
        "one an identity of its own."
    )
    return Conflict(error.remote, error.operation, detail, status=error.status, remedy=remedy)
