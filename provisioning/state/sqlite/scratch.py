"""Rows that are nobody's to keep: a SQLite database that is gone with its connection.

SQLite keeps a part of it in memory and the rest in a file that is deleted as soon as it is made, so
that no end of the process leaves it behind (SQLite: Temporary Files Used By SQLite, section 2.7,
and Opening A New Database Connection: "If the filename is an empty string").
"""

from __future__ import annotations

import sqlite3

from provisioning.state.sqlite.schema import migrate
from provisioning.state.sqlite.store import SqliteStore

_NAMELESS = ""


class ScratchStore(SqliteStore):
    """``ports.Store`` whose rows end with it. See ``SqliteStore`` for ``threaded``."""

    def __init__(self, *, threaded: bool = True) -> None:
        super().__init__("a temporary database", threaded=threaded)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(_NAMELESS, isolation_level=None, check_same_thread=False)
        try:
            # Nothing of it is to outlast the process, so nothing waits for the disk.
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA temp_store = FILE")
            migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection
