"""One table of Azure, request by request: what the SDK offers, with retries and typed errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from provisioning.state.azure.entities import Entity, Send
from provisioning.state.azure.partitions import Place
from provisioning.storage.connection import Connection
from provisioning.storage.errors import TABLES, code_of, status_of
from provisioning.storage.retries import Retries, call

if TYPE_CHECKING:
    from azure.data.tables.aio import TableClient, TableServiceClient

PAGE = 1000
"""Entities in one answer, at most."""

_KEYS_ONLY = ["PartitionKey", "RowKey", "key"]


class TableMissing(Exception):
    """The table does not exist."""


class ConditionFailed(Exception):
    """An entity is not what the request took it for: it was changed, or is gone."""


class Page(NamedTuple):
    """Part of what fulfils a query. It may be empty and not the ``last``."""

    entities: list[Entity]
    last: bool


class AzureTable:
    """The entities of one table. Raises ``StoreUnavailable`` and ``ConfigurationError``."""

    def __init__(
        self, connection: Connection[TableServiceClient], name: str, retries: Retries
    ) -> None:
        self.name = name
        self._connection = connection
        self._table: TableClient | None = None
        self._retries = retries

    async def create(self) -> None:
        """Makes the table, if it is not there."""
        from azure.core.exceptions import ResourceExistsError

        try:
            await self._call(lambda client: client.create_table())
        except ResourceExistsError:
            return

    async def get(self, place: Place) -> Entity | None:
        """The entity at a place."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            found: Entity = await self._call(
                lambda client: client.get_entity(place.partition, place.row)
            )
        except ResourceNotFoundError as error:
            self._check_table(error)
            return None
        return found

    async def pages(
        self, query: str, *, size: int = PAGE, keys_only: bool = False
    ) -> AsyncIterator[Page]:
        """What fulfils the query, in stored order."""
        token: Any = None
        while True:
            found, token = await self._page(query, min(size, PAGE), token, keys_only=keys_only)
            yield Page(found, last=token is None)
            if token is None:
                return

    async def write(self, sends: Sequence[Send]) -> list[str | None]:
        """Executes operations of one partition, all or none; the new etags of what was put.

        Raises ``ConditionFailed``.
        """
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError
        from azure.data.tables import TableTransactionError

        try:
            if len(sends) == 1:
                return [await self._write_one(sends[0])]
            operations = [_operation(send) for send in sends]
            answers = await self._call(lambda client: client.submit_transaction(operations))
            return [answer.get("etag") for answer in answers]
        except (TableTransactionError, ResourceModifiedError, ResourceNotFoundError) as error:
            self._check_table(error)
            if status_of(error) not in (404, 412):
                raise
            raise ConditionFailed from error

    async def _write_one(self, send: Send) -> str | None:
        """Outside a transaction a delete of what is gone is fine."""
        if send.entity is None:
            place, condition = send.place, _condition(send.etag)
            await self._call(
                lambda client: client.delete_entity(place.partition, place.row, **condition)
            )
            return None
        kind, entity, options = _operation(send)
        answer = await self._call(
            lambda client: (
                client.upsert_entity(entity, **options)
                if kind == "upsert"
                else client.update_entity(entity, **options)
            )
        )
        return str(answer["etag"])

    async def _page(
        self, query: str, size: int, token: Any, *, keys_only: bool
    ) -> tuple[list[Entity], Any]:
        """One page, and where the next one begins."""
        from azure.core.exceptions import ResourceNotFoundError

        async def read(client: TableClient) -> tuple[list[Entity], Any]:
            pages = client.query_entities(
                query, results_per_page=size, select=_KEYS_ONLY if keys_only else None
            ).by_page(token)
            entities: list[Entity] = [entity async for entity in await anext(pages)]
            return entities, pages.continuation_token  # type: ignore[attr-defined]

        try:
            page: tuple[list[Entity], Any] = await self._call(read)
        except ResourceNotFoundError as error:
            self._check_table(error)
            raise
        return page

    async def _call(self, send: Callable[[TableClient], Any]) -> Any:
        service = self._connection.client()
        client = self._table = self._table or service.get_table_client(self.name)
        return await call(self._retries, TABLES, lambda: send(client))

    def _check_table(self, error: Exception) -> None:
        if code_of(error) == "TableNotFound":
            raise TableMissing(self.name) from error


def _operation(send: Send) -> tuple[str, Any, dict[str, Any]]:
    """The operation in the SDK's form."""
    from azure.data.tables import UpdateMode

    condition = _condition(send.etag)
    if send.entity is None:
        keys = {"PartitionKey": send.place.partition, "RowKey": send.place.row}
        return "delete", keys, condition
    kind = "upsert" if send.etag is None else "update"
    return kind, send.entity, {"mode": UpdateMode.REPLACE, **condition}


def _condition(etag: str | None) -> dict[str, Any]:
    from azure.core import MatchConditions

    if etag is None:
        return {}
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified}
