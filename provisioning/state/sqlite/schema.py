"""The tables of the SQLite store, and how a database of an older version gets to this one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from provisioning.errors import ConfigurationError, Problem

SETTING = "STATE_STORE"
"""The setting that names the database."""

APPLICATION_ID = 0x5A534350
"""Marks the file as ours (SQLite: PRAGMA application_id): "ZSCP"."""

Migration = Callable[[sqlite3.Connection], None]


def _create(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE rows (tbl TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
        " PRIMARY KEY (tbl, key)) WITHOUT ROWID"
    )
    connection.execute(
        "CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until REAL NOT NULL,"
        " payload BLOB NOT NULL) WITHOUT ROWID"
    )


MIGRATIONS: tuple[Migration, ...] = (_create,)
"""The migration at index n makes version n + 1 out of version n. Never changed, only added to."""


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Brings the database to the newest version. Runs inside the caller's transaction.

    Raises ``ConfigurationError`` for a newer version, or for a database of another program.
    """
    version = _version(connection)
    if version > len(migrations):
        raise refusal(
            f"the database has schema version {version}; this program knows versions up to"
            f" {len(migrations)}.",
            "Run the version of the program that wrote it, or a newer one.",
        )
    if version == len(migrations):
        return
    for migration in migrations[version:]:
        migration(connection)
    connection.execute(
        "INSERT INTO meta VALUES ('schema_version', ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (len(migrations),),
    )


def _version(connection: sqlite3.Connection) -> int:
    """The schema version. An empty database is marked as ours, with version 0."""
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    if mark == APPLICATION_ID:
        row = connection.execute("SELECT value FROM meta WHERE name = 'schema_version'").fetchone()
        return 0 if row is None else int(row[0])
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if mark or tables:
        raise refusal(
            "the file is a database of another program.",
            "Name a file that does not exist yet, or the database of this program.",
        )
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID"
    )
    return 0


def refusal(message: str, remedy: str) -> ConfigurationError:
    """The error for a database that this program cannot work with."""
    return ConfigurationError((Problem(SETTING, message, remedy),))
