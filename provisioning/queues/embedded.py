"""The embedded queues: one SQLite file, shared by the processes of one machine.

A message is a row of the embedded store. Each change of it is conditional on what was read, so
that of two processes one gets it. ``StoreUnavailable`` of the file becomes ``QueueUnavailable``.
"""

from __future__ import annotations

import logging
import secrets
import time as wall
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from provisioning.errors import QueueUnavailable, StoreUnavailable, cut
from provisioning.ports import Row
from provisioning.queues.messages import LIFETIME, Message, StaleReceipt, check_delay, check_text
from provisioning.state.sqlite import SqliteStore

_PAGE = 100
_log = logging.getLogger(__name__)


class _Stored(msgspec.Struct, frozen=True):
    """A row. Times are epoch seconds; ``receipt`` is that of the last reception."""

    text: str
    inserted: float
    expires: float
    visible: float
    dequeue_count: int = 0
    receipt: str = ""


class EmbeddedQueue:
    """``Receiver`` in one file, opened by the first call.

    ``threaded``: SQL runs on a thread of its own, otherwise on the caller's. ``time`` is epoch
    seconds.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        threaded: bool = True,
        time: Callable[[], float] = wall.time,
    ) -> None:
        self.path = Path(path)
        self._time = time
        self._store = SqliteStore(path, threaded=threaded, time=time)

    async def send(self, name: str, text: str, *, delay: float = 0.0) -> None:
        """Puts a message on the queue; on the disk when it returns.

        Raises ``ValueError`` for a text or delay that Azure's queues would not take either.
        """
        check_text(text)
        check_delay(delay)
        now = self._time()
        # Ids in the order of sending: the oldest is looked at first.
        key = f"{int(now * 1e6):016x}{secrets.token_hex(6)}"
        await self._write(name, key, None, _Stored(text, now, now + delay + LIFETIME, now + delay))

    async def prepare(self, name: str) -> None:
        """Opens the file, which needs no queue to be made."""
        with _translating():
            await self._store.count(_table(name))

    async def receive(self, name: str, count: int, visibility: float) -> Sequence[Message]:
        """At most ``count`` visible messages, oldest first."""
        received: list[Message] = []
        after = ""
        while len(received) < count:
            with _translating():
                page = await self._store.scan(_table(name), after=after, limit=_PAGE)
            for key, raw in page:
                message = await self._take(name, key, raw, visibility)
                if message is not None:
                    received.append(message)
                if len(received) == count:
                    break
            if len(page) < _PAGE:
                break
            after = page[-1][0]
        return received

    async def hide(self, name: str, message: Message, seconds: float) -> Message:
        """Visible again in ``seconds``. Raises ``StaleReceipt``."""
        raw, stored = await self._held(name, message)
        changed = msgspec.structs.replace(
            stored, visible=self._time() + seconds, receipt=secrets.token_hex(8)
        )
        if not await self._write(name, message.id, raw, changed):
            raise StaleReceipt(message.id)
        return _message(message.id, changed)

    async def delete(self, name: str, message: Message) -> None:
        """Takes the message away. Raises ``StaleReceipt``."""
        raw, _ = await self._held(name, message)
        if not await self._write(name, message.id, raw, None):
            raise StaleReceipt(message.id)

    async def close(self) -> None:
        """Closes the file."""
        await self._store.close()

    async def _take(self, name: str, key: str, raw: bytes, visibility: float) -> Message | None:
        """The message of a row, taken; ``None`` when it is not there to be taken."""
        try:
            stored = _decoded(raw)
        except ValueError as error:
            # It would be in the way of all others for ever. What it announced, the timers find.
            _log.error("The message %s on %s cannot be read, and is dropped: %s", key, name, error)
            await self._write(name, key, raw, None)
            return None
        now = self._time()
        if now >= stored.expires:
            await self._write(name, key, raw, None)
            return None
        if now < stored.visible:
            return None
        taken = msgspec.structs.replace(
            stored,
            visible=now + visibility,
            dequeue_count=stored.dequeue_count + 1,
            receipt=secrets.token_hex(8),
        )
        return _message(key, taken) if await self._write(name, key, raw, taken) else None

    async def _held(self, name: str, message: Message) -> tuple[bytes, _Stored]:
        with _translating():
            raw = await self._store.get(_table(name), message.id)
        try:
            stored = None if raw is None else _decoded(raw)
        except ValueError:
            stored = None
        if raw is None or stored is None or stored.receipt != message.receipt:
            raise StaleReceipt(message.id)
        return raw, stored

    async def _write(
        self, name: str, key: str, expected: bytes | None, stored: _Stored | None
    ) -> bool:
        """Writes a row that is still as expected (``None``: it is new). Whether it is written."""
        value = None if stored is None else msgspec.msgpack.encode(stored)
        with _translating():
            await self._store.write([Row(_table(name), key, value, expected)])
            # A row is unlike any other by its receipt: what is there now tells who was first.
            return await self._store.get(_table(name), key) == value


def _decoded(raw: bytes) -> _Stored:
    """Raises ``ValueError`` for a row that cannot be read, or whose times are none."""
    try:
        stored = msgspec.msgpack.decode(raw, type=_Stored)
        _message("", stored)
    except (msgspec.MsgspecError, ValueError, OverflowError, OSError, RecursionError) as error:
        raise ValueError(cut(str(error))) from error
    return stored


def _table(name: str) -> str:
    return f"queue/{name}"


def _message(key: str, stored: _Stored) -> Message:
    inserted, expires, visible = (
        datetime.fromtimestamp(each, UTC)
        for each in (stored.inserted, stored.expires, stored.visible)
    )
    return Message(
        key, stored.text, stored.dequeue_count, stored.receipt, inserted, expires, visible
    )


@contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except StoreUnavailable as error:
        message = str(error).replace("The state store", "The queue")
        raise QueueUnavailable(message, remedy=error.remedy) from error
