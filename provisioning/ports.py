"""What the core needs from the outside. Adapters implement these; only ``bootstrap`` picks them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from provisioning.errors import RemoteError
from provisioning.model import (
    Assignment,
    Capabilities,
    DeltaPage,
    EntraId,
    Member,
    ObjectType,
    ScimId,
    ServicePrincipal,
    SourceGroup,
    SourceUser,
    Subscription,
    TargetObject,
    TargetPage,
    WireRequest,
    Write,
)
from provisioning.notice import Notice


class Clock(Protocol):
    """Time. ``time`` is seconds since the epoch, UTC; ``monotonic`` never runs back."""

    def time(self) -> float: ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class Row(NamedTuple):
    """One stored row to write. ``value`` ``None`` deletes it.

    ``only_if``, when given, applies the row only if the stored value still equals it; a row that
    has changed meanwhile is left as it is, without an error.

    ``about`` names what the row belongs to. Rows about different things may take effect side by
    side; rows about one thing, and rows of one key, in the order given. A row about nothing takes
    effect after all before it and before all after it.
    """

    table: str
    key: str
    value: bytes | None
    only_if: bytes | None = None
    about: str = ""


class Store(Protocol):
    """Durable rows, ordered by key within a table.

    Raises ``StoreUnavailable`` when the storage cannot be reached.
    """

    async def get(self, table: str, key: str) -> bytes | None: ...

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        """The rows that exist, by key."""
        ...

    async def scan(
        self,
        table: str,
        prefix: str = "",
        *,
        after: str = "",
        limit: int = 1000,
        reverse: bool = False,
    ) -> Sequence[tuple[str, bytes]]:
        """Rows whose key starts with ``prefix`` and lies beyond ``after``, in key order."""
        ...

    async def count(self, table: str, prefix: str = "") -> int: ...

    async def write(self, rows: Sequence[Row]) -> None:
        """Durable when it returns. Rows take effect in the order that ``Row.about`` says: all of
        them or, where the storage has no such transaction, those before some point of it. So what
        must not be lost is written before what forgets it. Writing them again does no harm.
        """
        ...

    async def close(self) -> None: ...


class LeaseState(NamedTuple):
    """Who holds the lease until when (epoch seconds), and what the last holder left with it.

    ``released``, of a lease just acquired: its last holder let go, so the payload is that holder's.
    Otherwise it ran out, and the payload is of one before.
    """

    holder: str
    until: float
    payload: bytes
    released: bool = False


class LeasePort(Protocol):
    """The lease of one ZSCloud tenant: at most one holder at any time."""

    async def acquire(self, name: str, holder: str, seconds: float) -> LeaseState | None:
        """The lease with the payload of its last holder; ``None`` while another holds it."""
        ...

    async def renew(self, name: str, holder: str, seconds: float) -> bool:
        """False when the lease is no longer ours."""
        ...

    async def release(self, name: str, holder: str, payload: bytes) -> None: ...

    async def read(self, name: str) -> LeaseState | None: ...

    async def close(self) -> None: ...


class Queue(Protocol):
    """Queues of text messages, each of which wakes a function. Delivered at least once."""

    async def send(self, name: str, text: str, *, delay: float = 0.0) -> None:
        """Puts a message on the queue of that name; it appears after ``delay`` seconds.

        Raises ``QueueUnavailable``.
        """
        ...

    async def close(self) -> None: ...


class Source(Protocol):
    """Entra, read through Graph. Raises the errors of ``errors.RemoteError``.

    Every list streams its pages and raises when it could not be read to its end.
    """

    @property
    def requests(self) -> int:
        """HTTP requests sent so far."""
        ...

    @property
    def throttled(self) -> int:
        """Answers of 429 so far."""
        ...

    @property
    def clock_ahead(self) -> float | None:
        """Seconds that our clock is ahead of Graph's, by its last answer that said the time."""
        ...

    async def service_principal(self) -> ServicePrincipal: ...

    def assignments(self, *, background: bool = False) -> AsyncIterator[Sequence[Assignment]]:
        """``appRoleAssignedTo``: users and groups only, one page at a time.

        ``background``: Graph may throttle this read before others.
        """
        ...

    def members(self, group: EntraId) -> AsyncGenerator[Sequence[Member], None]:
        """Direct members, users with their attributes, nested groups as keys."""
        ...

    async def users(self, ids: Sequence[EntraId]) -> Mapping[EntraId, SourceUser | None]:
        """Users by id; ``None`` for one that Graph answers with 404."""
        ...

    async def groups(self, ids: Sequence[EntraId]) -> Mapping[EntraId, SourceGroup | None]: ...

    async def deleted(self, ids: Sequence[EntraId]) -> Mapping[EntraId, bool]:
        """Whether each id is in ``directory/deletedItems``: soft-deleted, restorable."""
        ...

    def deleted_users(self) -> AsyncIterator[Sequence[EntraId]]:
        """The users in ``directory/deletedItems``, a page at a time."""
        ...

    async def groups_of(self, ids: Sequence[EntraId]) -> Mapping[EntraId, frozenset[EntraId]]:
        """The groups that each user is in, directly or by another group; none for a 404."""
        ...

    async def find_user(self, name: str) -> SourceUser | None:
        """A user by object id or user principal name."""
        ...

    async def find_groups(self, name: str) -> Sequence[SourceGroup]:
        """Groups by object id or display name."""
        ...

    def all_users(self) -> AsyncIterator[Sequence[SourceUser]]: ...

    def all_groups(self) -> AsyncIterator[Sequence[SourceGroup]]: ...

    async def latest_delta(self, type: ObjectType, ids: Sequence[EntraId] = ()) -> str:
        """A delta link from now on, without data (``$deltatoken=latest``).

        ``ids`` narrows a groups feed to at most 50 groups.
        """
        ...

    def delta(self, type: ObjectType, link: str) -> AsyncIterator[DeltaPage]:
        """The pages since ``link``. Raises ``WatermarkExpired`` when it is too old."""
        ...

    async def close(self) -> None: ...


class SubscriptionPort(Protocol):
    """The subscriptions of this application to changes in Entra, held by Graph.

    Raises the errors of ``errors.RemoteError``: ``Conflict`` where Graph holds the same one
    already, ``QuotaReached``, ``HandshakeFailed``, ``PermissionMissing``, ``NotFound``.
    """

    async def list(self) -> Sequence[Subscription]:
        """All that this application has in the tenant, whoever they point to."""
        ...

    async def create(self, resource: str, *, url: str, secret: str, until: float) -> Subscription:
        """Subscribes to updates and deletions. Graph tries the URL before it answers.

        ``secret`` comes with each notification; ``until`` is epoch seconds.
        """
        ...

    async def renew(self, id: str, *, until: float) -> Subscription:
        """Prolongs it, and authorizes it anew if its delivery waits for that."""
        ...

    async def delete(self, id: str) -> None:
        """Deletes it. One that is gone is no error."""
        ...


class EndpointPort(Protocol):
    """The webhook, as Graph sees it from outside."""

    async def probe(self, url: str) -> None:
        """Shakes hands with it as Graph does, which also wakes it up.

        Raises ``EndpointUnfit``, with what came instead.
        """
        ...


class AlertChannel(Protocol):
    """A way to tell people of an alarm."""

    @property
    def name(self) -> str:
        """What it is called in the log and in what is stored of it; it never changes."""
        ...

    async def send(self, notice: Notice) -> None:
        """Sends one message. It is accepted when this returns.

        Raises ``RemoteUnavailable`` when the channel cannot be used now, and other errors of
        ``errors.RemoteError`` when it does not take the message.
        """
        ...


class TargetReader(Protocol):
    """ZSCloud's SCIM server, to read. One call is one HTTP request, without retry and without
    pacing: both belong to the caller, who holds the send slot.

    Raises ``Throttled``, ``RemoteUnavailable``, ``CredentialsRefused``, ``NotFound``,
    ``Rejected``, ``ProtocolError``.
    """

    @property
    def requests(self) -> int:
        """HTTP requests sent so far."""
        ...

    @property
    def throttled(self) -> int:
        """Answers of 429 so far."""
        ...

    async def capabilities(self) -> Capabilities: ...

    async def page(self, type: ObjectType, start: int, count: int) -> TargetPage:
        """Objects from the 1-based ``start`` on."""
        ...

    async def find(
        self,
        type: ObjectType,
        attribute: str,
        value: str,
    ) -> Sequence[TargetObject]:
        """Objects whose attribute equals the value, as verified on our side too."""
        ...

    async def get(self, type: ObjectType, id: ScimId) -> TargetObject: ...


class Unsent(Enum):
    """Of a write that was to be executed with others, and surely was not."""

    LATER = "later"
    """There was no room for it."""
    ALONE = "alone"
    """It does not go with others: it is too large for that, or was refused for going so."""


class TargetWriter(Protocol):
    """ZSCloud's SCIM server, to write. A dry run has none.

    Raises as ``TargetReader`` does, and ``Conflict`` and ``AnswerLost`` (it may have been
    executed). ``RemoteUnavailable`` and ``Throttled`` mean that it surely was not.
    """

    async def write(self, write: Write) -> TargetObject | None:
        """Executes the write. The object as the server now shows it, when the answer holds it."""
        ...

    async def write_together(
        self, writes: Sequence[Write], most_bytes: int
    ) -> Sequence[TargetObject | RemoteError | Unsent | None]:
        """Executes the writes in one request, as many of the first as fit into its body. Of each
        what ``write`` would give or raise, or that it was not sent.

        A write may name as members those whom writes before it create. Raises ``BatchRefused`` too:
        nothing was executed.
        """
        ...


class TargetEncoder(Protocol):
    """How a write looks on the way to ZSCloud. Nothing is sent."""

    def encoded(self, write: Write) -> WireRequest:
        """The request that ``TargetWriter.write`` would send. Raises ``ValueError`` as it does."""
        ...


class Target(TargetReader, TargetWriter, TargetEncoder, Protocol):
    """Both sides of ZSCloud's SCIM server, and its connections."""

    async def close(self) -> None: ...


class Ids(Protocol):
    """Fresh identifiers and random numbers."""

    def new(self) -> str:
        """A short identifier, never given before. Those of a later time sort after it."""
        ...

    def random(self) -> float:
        """From 0 up to 1."""
        ...
