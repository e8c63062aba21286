"""Entra, read through Graph: the source port.

Lists are streamed page by page. A list that could not be read to its end raises; it is never
silently short.
"""

from __future__ import annotations

import random as _random
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from provisioning.errors import ConfigurationError, NotFound, Problem, Rejected
from provisioning.graph import rows, urls, wire
from provisioning.graph.at_once import some_at_once
from provisioning.graph.channel import Channel, RetryPolicy
from provisioning.graph.paging import Walk
from provisioning.graph.rows import Page, Rows
from provisioning.graph.subscriptions import GraphSubscriptions
from provisioning.graph.transport import SdkTransport
from provisioning.graph.wire import Decode, Request
from provisioning.instrumentation import SILENT, Telemetry
from provisioning.model import (
    Assignment,
    DeltaPage,
    EntraId,
    Member,
    ObjectType,
    ServicePrincipal,
    SourceGroup,
    SourceUser,
)
from provisioning.ports import Clock

if TYPE_CHECKING:
    import httpx
    from azure.core.credentials_async import AsyncTokenCredential

T = TypeVar("T")

_PERMISSIONS = {ObjectType.USER: wire.USER_READ, ObjectType.GROUP: wire.GROUP_MEMBER_READ}
_BATCHES = 4
"""Batches of single objects that are under way at a time: 80 units of the allowance."""

_OBJECT_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class GraphSource:
    """Implements ``ports.Source``. One instance serves one event loop.

    ``base_url`` is https, or http on loopback, where no credential is needed. ``background`` marks
    every read as low priority, so that Graph throttles it before others (Graph: throttling);
    reads of the whole tenant are always marked. ``random`` gives numbers from 0 to 1.
    """

    def __init__(
        self,
        *,
        base_url: str,
        service_principal_id: str,
        user_properties: Sequence[str],
        group_properties: Sequence[str],
        clock: Clock,
        credential: AsyncTokenCredential | None = None,
        http_client_factory: Callable[[], httpx.AsyncClient] | None = None,
        background: bool = False,
        retry: RetryPolicy | None = None,
        random: Callable[[], float] = _random.random,
        timeout: float = 30.0,
        telemetry: Telemetry = SILENT,
    ) -> None:
        self._endpoint = urls.parse_endpoint(base_url)
        self._service_principal_id = service_principal_id
        self._rows = Rows(user_properties, group_properties)
        self._background = background
        self._transport = SdkTransport(
            self._endpoint, clock, timeout, credential, http_client_factory
        )
        self._channel = Channel(self._transport, clock, retry or RetryPolicy(), random, telemetry)

    @property
    def requests(self) -> int:
        """HTTP requests sent so far, repeats included."""
        return self._channel.requests

    @property
    def throttled(self) -> int:
        """Answers of 429 so far, those inside ``$batch`` included."""
        return self._channel.throttled

    @property
    def clock_ahead(self) -> float | None:
        """Seconds that our clock is ahead of Graph's, by its last answer that said the time."""
        return self._channel.clock_ahead

    async def close(self) -> None:
        """Closes connections, and the credential if it was made here."""
        await self._transport.close()

    def subscriptions(self) -> GraphSubscriptions:
        """The subscriptions of the same application, over the same connections."""
        return GraphSubscriptions(self._channel, self._endpoint)

    async def service_principal(self) -> ServicePrincipal:
        """The enterprise application. Raises ``ConfigurationError`` when there is none."""
        request = self._request(
            urls.service_principal(self._service_principal_id), wire.APPLICATION_READ
        )
        try:
            return await self._channel.fetch(request, rows.decode_service_principal)
        except (NotFound, Rejected) as error:
            raise self._unknown_service_principal(error.request_id) from error

    async def assignments(self, *, background: bool = False) -> AsyncIterator[Sequence[Assignment]]:
        """Users and groups with an app role, a page at a time.

        Raises ``ConfigurationError`` when there is no such application.
        """
        url = urls.assignments(self._service_principal_id)
        request = self._request(url, wire.APPLICATION_READ, low_priority=background)
        try:
            async for page in self._pages(request, rows.decode_assignments):
                yield page
        except NotFound as error:
            raise self._unknown_service_principal(error.request_id) from error

    def members(self, group: EntraId) -> AsyncGenerator[Sequence[Member], None]:
        """Direct members, a page at a time. Raises ``NotFound`` when there is no such group."""
        url = urls.members(group, self._rows.select(ObjectType.USER))
        request = self._request(url, wire.GROUP_MEMBER_READ)
        return self._pages(request, self._rows.members)

    async def users(self, ids: Sequence[EntraId]) -> Mapping[EntraId, SourceUser | None]:
        """Users by id; ``None`` for a 404."""
        return await self._each(ids, self._single(ObjectType.USER), self._rows.user)

    async def groups(self, ids: Sequence[EntraId]) -> Mapping[EntraId, SourceGroup | None]:
        """Groups by id; ``None`` for a 404."""
        return await self._each(ids, self._single(ObjectType.GROUP), self._rows.group)

    async def deleted(self, ids: Sequence[EntraId]) -> Mapping[EntraId, bool]:
        """Whether each id is soft-deleted."""

        def request(id: str) -> Request:
            return self._request(urls.deleted_item(id), wire.DELETED_ITEMS_READ)

        found = await self._each(ids, request, rows.decode_found)
        return {id: bool(item) for id, item in found.items()}

    def deleted_users(self) -> AsyncIterator[Sequence[EntraId]]:
        """The soft-deleted users, a page at a time."""
        request = self._request(urls.deleted_users(), wire.USER_READ)
        return self._pages(request, rows.decode_ids)

    async def groups_of(self, ids: Sequence[EntraId]) -> Mapping[EntraId, frozenset[EntraId]]:
        """The groups that each user is in, directly or by another group; none for a 404."""

        def request(id: str) -> Request:
            return self._request(urls.groups_of(id), wire.USER_READ)

        found: dict[EntraId, frozenset[EntraId]] = {}
        for id, page in (await self._each(ids, request, rows.decode_group_ids)).items():
            groups = set() if page is None else set(page.value)
            if page is not None and page.next_link is not None:
                rest = self._request(page.next_link, wire.USER_READ)
                async for more in self._pages(rest, rows.decode_group_ids):
                    groups.update(more)
            found[id] = frozenset(groups)
        return found

    async def find_user(self, name: str) -> SourceUser | None:
        """A user by object id or user principal name."""
        if not urls.names_user(name):
            return None
        return await self._found(self._single(ObjectType.USER)(name), self._rows.user)

    async def find_groups(self, name: str) -> Sequence[SourceGroup]:
        """Groups by object id or, where no group has that id, by display name."""
        if not name:
            return ()
        if _OBJECT_ID.fullmatch(name):
            group = await self._found(self._single(ObjectType.GROUP)(name), self._rows.group)
            if group is not None:
                return (group,)
        url = urls.groups_named(name, self._rows.select(ObjectType.GROUP))
        request = self._request(url, wire.GROUP_MEMBER_READ)
        return [group async for page in self._pages(request, self._rows.groups) for group in page]

    def all_users(self) -> AsyncIterator[Sequence[SourceUser]]:
        """All users of the tenant, a page at a time."""
        return self._pages(self._listing(ObjectType.USER), self._rows.users)

    def all_groups(self) -> AsyncIterator[Sequence[SourceGroup]]:
        """All groups of the tenant, a page at a time."""
        return self._pages(self._listing(ObjectType.GROUP), self._rows.groups)

    async def latest_delta(self, type: ObjectType, ids: Sequence[EntraId] = ()) -> str:
        """A delta link from now on, of all objects or of at most 50.

        Raises ``ValueError`` for more ids than one feed can hold.
        """
        if len(ids) > urls.FILTER_IDS:
            raise ValueError(f"a delta query filters at most {urls.FILTER_IDS} ids, not {len(ids)}")
        url = urls.latest_delta(type, self._rows.select_delta(type), ids)
        link = ""
        async for page in self.delta(type, url):
            link = page.delta_link or link
        return link

    async def delta(self, type: ObjectType, link: str) -> AsyncIterator[DeltaPage]:
        """The pages since ``link``, rows as they come, empty pages too.

        ``link`` is a delta link, or the next link of an earlier page. Raises ``WatermarkExpired``
        when it is too old, ``ProtocolError`` when it leads elsewhere or a link repeats.
        """
        decode = self._rows.delta(type)
        walk = Walk(self._endpoint)
        next_link: str | None = link
        while next_link is not None:
            request = self._request(next_link, _PERMISSIONS[type], delta=True)
            walk.follow(next_link, request)
            page = await self._channel.fetch(request, decode)
            # A link that leads elsewhere must not reach the caller, who would store it.
            for following in filter(None, (page.next_link, page.delta_link)):
                walk.check_origin(following, request)
            walk.take(page.rows, request, may_repeat=True)
            yield page
            next_link = page.next_link

    async def _pages(
        self, request: Request, decode: Decode[Page[T]]
    ) -> AsyncGenerator[Sequence[T], None]:
        """All pages of a list. An empty page is not the end (Graph: paging).

        ``$count`` is not asked for: it is answered from an index that may lag behind the list
        (Graph: advanced query capabilities on directory objects).
        """
        walk = Walk(self._endpoint)
        while True:
            walk.follow(request.url, request)
            page = await self._channel.fetch(request, decode)
            walk.take(page.value, request)
            yield page.value
            if page.next_link is None:
                return
            request = self._request(
                page.next_link, request.permission, low_priority=request.low_priority
            )

    async def _each(
        self, ids: Sequence[EntraId], request: Callable[[str], Request], decode: Decode[T]
    ) -> dict[EntraId, T | None]:
        """One object each, read in batches; an item that was refused for load is tried alone."""
        found: dict[EntraId, T | None] = {}

        async def read(chunk: Sequence[EntraId]) -> None:
            batch = wire.Batch([request(id) for id in chunk])
            answers = await self._channel.fetch(batch.request, batch.decode)
            for id, item, answer in zip(chunk, batch.items, answers, strict=True):
                found[id] = await self._found(item, decode, answer)

        await some_at_once(read, _chunks(list(dict.fromkeys(ids)), urls.BATCH_SIZE), _BATCHES)
        return {id: found[id] for id in ids}

    async def _found(
        self, request: Request, decode: Decode[T], received: wire.Answer | None = None
    ) -> T | None:
        try:
            return await self._channel.fetch(request, decode, received)
        except NotFound:
            return None

    def _single(self, type: ObjectType) -> Callable[[str], Request]:
        select, permission = self._rows.select(type), _PERMISSIONS[type]
        return lambda key: self._request(urls.single(type, key, select), permission)

    def _listing(self, type: ObjectType) -> Request:
        url = urls.listing(type, self._rows.select(type))
        return self._request(url, _PERMISSIONS[type], low_priority=True)

    def _request(
        self, url: str, permission: str, *, delta: bool = False, low_priority: bool = False
    ) -> Request:
        return Request(url, permission, delta=delta, low_priority=low_priority or self._background)

    def _unknown_service_principal(self, request_id: str | None) -> ConfigurationError:
        message = f"{self._service_principal_id!r} is no enterprise application of this tenant"
        if request_id:
            message += f" (request-id {request_id})"
        remedy = "Copy the object id from the enterprise application's overview page."
        return ConfigurationError((Problem("ENTRA_SERVICE_PRINCIPAL_ID", f"{message}.", remedy),))


def _chunks(ids: list[EntraId], size: int) -> Iterator[list[EntraId]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
