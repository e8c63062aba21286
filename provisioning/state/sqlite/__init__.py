"""The state store of one machine: a SQLite file."""

from provisioning.state.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
