"""The state store of one machine: a SQLite file; and one for rows that nobody keeps."""

from provisioning.state.sqlite.scratch import ScratchStore
from provisioning.state.sqlite.store import SqliteStore

__all__ = ["ScratchStore", "SqliteStore"]
