"""The state of a job, to a file and from one: for backup, and to move between stores."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from provisioning.errors import ConfigurationError, InvalidRequest, LeaseUnavailable, Problem
from provisioning.forgetting import FATES
from provisioning.lease import HeldLease, held
from provisioning.operations.documents import Document, timestamp
from provisioning.operations.writing import Progress, silent
from provisioning.ports import Row
from provisioning.record import CycleKind, CycleRecord
from provisioning.rows.order import in_steps
from provisioning.services import Services
from provisioning.transfer.files import opened, private_file
from provisioning.transfer.lines import FORMAT, VERSION, Header, Reader, StoredRow, Writer
from provisioning.transfer.tables import NEWEST_FIRST, exported

_PAGE = 500
_BYTES_AT_ONCE = 1024 * 1024
"""Of rows that are written together, about: they are in memory meanwhile."""


async def export_state(
    services: Services,
    path: Path,
    *,
    with_log: bool = False,
    wait: float | None = 30.0,
    progress: Progress = silent,
) -> Document:
    """Writes the job's state into a new file: ``{job, file, exported_at, log, rows, tables,
    sha256}``. Holds the lease meanwhile, so that nobody works on what is being read.

    Raises ``InvalidRequest`` for the file, ``ConfigurationError`` for a store without a job, or
    with another one, ``LeaseUnavailable`` after ``wait`` seconds.
    """
    await services.claim(dry_run=True)
    if await services.stored_job() is None:
        nothing = Problem("STATE_STORE", "holds no state yet.", "Name the store that has it.")
        raise ConfigurationError((nothing,))
    job, at = services.settings.job, timestamp(services.clock.time()) or ""
    header = Header(format=FORMAT, version=VERSION, job=job, exported_at=at, log=with_log)
    told = _Told(services, "exporting", progress)
    async with _leased(services, wait) as lease:
        with private_file(path) as file:
            writer = Writer(file, header)
            for table in exported(with_log=with_log):
                async for rows in _pages(services, table):
                    _require(lease)
                    for key, value in rows:
                        writer.put(StoredRow(table, key, value))
                    told.add(table, len(rows))
            totals = writer.end()
        # What the holder before has left to note is as before: nothing of it was looked at.
        lease.is_clean = bool(lease.after)
    return _document(path, header, told.tables, totals.sha256)


async def import_state(
    services: Services, path: Path, *, wait: float | None = 30.0, progress: Progress = silent
) -> Document:
    """Fills an empty store from a file: the same document, and ``repeated`` if an import that was
    not finished was done anew.

    The file is read to its end before anything is written. Until all of it is stored, the store
    says that it holds an import, and everything else refuses it. Raises as ``export_state``.
    """
    with opened(path) as file:
        verified = Reader(file)
        _require_ours(services, verified.header)
        for _ in verified.rows():
            pass
    totals = verified.totals
    assert totals is not None
    told = _Told(services, "importing", progress, totals.rows)
    async with _leased(services, wait) as lease:
        repeated = await _begin(services, lease)
        with opened(path) as file:
            reader = Reader(file)
            for rows in _batches(reader.rows()):
                _require(lease)
                await _store(services, rows)
                for row in rows:
                    told.add(row.table, 1)
        if reader.totals != totals:
            changed = Problem("FILE", f"{path} was changed meanwhile", "Import it once more.")
            raise InvalidRequest(changed)
        _require(lease)
        await services.end_import()
    document = _document(path, verified.header, told.tables, totals.sha256)
    return {**document, "repeated": repeated}


def _require_ours(services: Services, header: Header) -> None:
    if header.job != services.settings.job:
        raise InvalidRequest(
            Problem(
                "FILE",
                f"has the state of the job {header.job}, and the settings name "
                f"{services.settings.job}",
                "Correct ENTRA_SERVICE_PRINCIPAL_ID and ZSCLOUD_SCIM_BASE_URL, or give the export "
                "of this job.",
            )
        )


async def _begin(services: Services, lease: HeldLease) -> bool:
    """Marks an empty store, or empties what an import that was not finished has left. Whether it
    was such a one. Raises ``ConfigurationError`` for a store that holds anything else.
    """
    if not await services.is_importing():
        await services.claim(dry_run=True)
        for table in FATES:
            if await services.store.scan(_name(services, table), limit=1):
                raise _not_empty(table)
        await services.begin_import()
        return False
    for table in FATES:
        async for rows in _pages(services, table):
            _require(lease)
            drops = [Row(_name(services, table), key, None) for key, _ in rows]
            await services.store.write(in_steps(drops))
    return True


def _not_empty(table: str) -> ConfigurationError:
    remedy = (
        "Name an empty store: another file, or a storage account whose table `provisioning` was "
        "deleted while the function app is stopped. Nothing was imported."
    )
    return ConfigurationError((Problem("STATE_STORE", f"is not empty: it has {table}.", remedy),))


@contextlib.asynccontextmanager
async def _leased(services: Services, wait: float | None) -> AsyncIterator[HeldLease]:
    ours = held(
        services.leases,
        services.settings.zscloud_tenant,
        f"{services.holder}/{services.ids.new()}",
        services.clock,
        services.pacer,
        wait=wait,
    )
    async with ours as lease:
        yield lease


def _require(lease: HeldLease) -> None:
    if not lease.may_store():
        raise LeaseUnavailable("The lease was lost meanwhile. Run it again.")


def _name(services: Services, table: str) -> str:
    return f"{services.settings.job}:{table}"


async def _pages(services: Services, table: str) -> AsyncIterator[list[tuple[str, bytes]]]:
    """The rows of a table, in the order that its storage is read in."""
    reverse = table in NEWEST_FIRST
    after = ""
    while rows := await services.store.scan(
        _name(services, table), after=after, limit=_PAGE, reverse=reverse
    ):
        yield list(rows)
        after = rows[-1][0]


def _batches(rows: Iterator[StoredRow]) -> Iterator[list[StoredRow]]:
    batch: list[StoredRow] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row.value)
        if len(batch) == _PAGE or size >= _BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


async def _store(services: Services, rows: list[StoredRow]) -> None:
    """Stores rows. Raises ``ConfigurationError`` for one that this storage has no room for."""
    stored = [Row(_name(services, row.table), row.key, row.value) for row in rows]
    try:
        await services.store.write(in_steps(stored))
    except ValueError as error:
        problem = Problem(
            "STATE_STORE",
            f"does not take a row of {rows[0].table}: {error}",
            "Name a SQLite file instead, and report this: the storage has a limit that the one "
            "before did not have.",
        )
        raise ConfigurationError((problem,)) from error


class _Told:
    """Counts rows by table, and tells of it. ``total`` is 0 where it is not known."""

    def __init__(self, services: Services, phase: str, progress: Progress, total: int = 0) -> None:
        self.tables: Counter[str] = Counter()
        self._progress = progress
        self._record = CycleRecord(
            cycle_id="",
            kind=CycleKind.INCREMENTAL,
            dry_run=True,
            phase=phase,
            left=total,
            started=services.clock.time(),
        )

    def add(self, table: str, rows: int) -> None:
        """So many rows more."""
        self.tables[table] += rows
        self._record.done += rows
        self._record.left = max(0, self._record.left - rows)
        self._progress(self._record)


def _document(path: Path, header: Header, tables: Counter[str], sha256: str) -> Document:
    return {
        "job": header.job,
        "file": str(path),
        "exported_at": header.exported_at,
        "log": header.log,
        "rows": tables.total(),
        "tables": dict(sorted(tables.items())),
        "sha256": sha256,
    }
