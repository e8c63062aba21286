"""Files that will not do as a state store: each is refused with what to do about it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from provisioning.errors import ConfigurationError
from provisioning.ports import Row
from provisioning.state.sqlite import SqliteStore
from provisioning.state.sqlite.schema import APPLICATION_ID, MIGRATIONS, migrate

_ROW = Row("links", "a", b"1")
_NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@contextmanager
def _without_privileges() -> Iterator[None]:
    """As a user to whom permissions apply, also where the tests run as root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def foreign_folder() -> Iterator[Path]:
    """A folder that the user of ``_without_privileges`` can look into but not write to."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o555)
        yield Path(name)
        Path(name).chmod(0o755)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text)


def _read_text(path: Path) -> str:
    return path.read_text()


def _overwrite_from(path: Path, start: int) -> None:
    """Replaces all bytes from ``start`` on."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(start)
        file.write(b"\xff" * (size - start))


def _chmod(path: Path, mode: int) -> None:
    path.chmod(mode)


async def _refused(path: Path) -> ConfigurationError:
    """The error of the first call, which must be the same for a read and a write."""
    store = SqliteStore(path)
    with pytest.raises(ConfigurationError) as refused:
        await store.get("links", "a")
    with pytest.raises(ConfigurationError) as again:
        await store.write([_ROW])
    assert str(again.value) == str(refused.value)
    await store.close()
    (problem,) = refused.value.problems
    assert problem.field == "STATE_STORE"
    return refused.value


async def test_a_file_that_is_no_database(path: Path) -> None:
    _write_text(path, "name,mail\n" * 200)
    error = await _refused(path)
    assert f"{path} is no SQLite database." in str(error)
    assert "Name a file that does not exist yet" in error.remedy
    assert _read_text(path) == "name,mail\n" * 200


async def test_a_folder(tmp_path: Path) -> None:
    error = await _refused(tmp_path)
    assert f"{tmp_path} cannot be opened." in str(error)
    assert "Name a file, not a folder" in error.remedy


async def test_a_folder_that_is_a_file(path: Path) -> None:
    _write_text(path, "")
    for below in (path / "state.db", path / "deeper" / "state.db"):
        error = await _refused(below)
        assert "Name a file in a folder" in error.remedy


async def test_a_folder_without_write_permission(foreign_folder: Path) -> None:
    with _without_privileges():
        error = await _refused(foreign_folder / "state.db")
        deeper = await _refused(foreign_folder / "deeper" / "state.db")
    assert "state.db cannot be created (Permission denied)." in str(error)
    assert "folder that this user may write to" in error.remedy
    assert "Permission denied" in str(deeper)


async def test_a_database_without_write_permission(foreign_folder: Path) -> None:
    path = foreign_folder / "state.db"
    _chmod(foreign_folder, 0o755)
    store = SqliteStore(path)
    await store.write([_ROW])
    await store.close()
    _chmod(path, 0o444)
    _chmod(foreign_folder, 0o555)
    with _without_privileges():
        error = await _refused(path)
    assert "folder" in error.remedy
    assert "write" in error.remedy


async def test_a_database_of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE rows (id INTEGER)")
    error = await _refused(path)
    assert "another program" in str(error)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("rows",)]


async def test_a_database_that_another_program_marked_as_its_own(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID + 1}")
    assert "another program" in str(await _refused(path))


async def test_a_newer_schema_version(path: Path) -> None:
    store = SqliteStore(path)
    await store.write([_ROW])
    await store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE meta SET value = 7")
        connection.commit()
    error = await _refused(path)
    assert f"has schema version 7; this program knows versions up to {len(MIGRATIONS)}" in str(
        error
    )
    assert error.remedy == "Run the version of the program that wrote it, or a newer one."


async def test_a_damaged_database(path: Path) -> None:
    store = SqliteStore(path)
    await store.write([Row("links", f"{n:05d}", b"v" * 100) for n in range(1000)])
    await store.close()
    _overwrite_from(path, 3 * 4096)
    store = SqliteStore(path)
    with pytest.raises(ConfigurationError, match="is damaged") as refused:
        await store.scan("links", limit=1000)
    assert "Restore a backup" in refused.value.remedy
    await store.close()


async def test_an_older_database_is_brought_forward(path: Path) -> None:
    """With a migration that does not exist yet: what is stored stays, each runs once."""
    store = SqliteStore(path)
    await store.write([_ROW])
    await store.close()
    ran: list[str] = []

    def rename(connection: sqlite3.Connection) -> None:
        ran.append("rename")
        connection.execute("ALTER TABLE rows RENAME TO renamed")

    def add(connection: sqlite3.Connection) -> None:
        ran.append("add")
        connection.execute("ALTER TABLE renamed ADD COLUMN size INTEGER DEFAULT 1")

    with closing(sqlite3.connect(path)) as connection:
        for _ in range(2):
            migrate(connection, (*MIGRATIONS, rename, add))
            connection.commit()
        stored = connection.execute("SELECT * FROM renamed").fetchall()
        versions = connection.execute("SELECT * FROM meta").fetchall()
    assert ran == ["rename", "add"]
    assert stored == [("links", "a", b"1", 1)]
    assert versions == [("schema_version", len(MIGRATIONS) + 2)]
    assert "newer one" in (await _refused(path)).remedy
