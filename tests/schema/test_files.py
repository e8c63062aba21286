"""What stands in a file, where its bounds are, and what is said of one that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioning.schema.reading import MAX_BYTES, MAX_NESTING, read_export
from tests.schema.test_problems import problems

EXPORT = "Give a schema as Entra exports it."


def unread(path: Path, raw: bytes | str) -> list[tuple[str, str, str]]:
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return problems(lambda: read_export(path))


def test_a_file_is_refused_in_full(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    shown, setting = repr(str(path)), "PROVISIONING_SCHEMA"
    assert unread(path, b" " * (MAX_BYTES + 1)) == [
        (
            setting,
            f"{shown} is larger than 2,000,000 bytes.",
            "Give a schema as Entra exports it; one of ZSCloud has some 100,000 bytes.",
        )
    ]
    deep = "[" * (MAX_NESTING + 1) + "]" * (MAX_NESTING + 1)
    assert unread(path, deep) == [
        (
            setting,
            f"{shown} is nested more than 200 deep.",
            "Nest fewer functions, or export the schema from Entra once more.",
        )
    ]
    ((field, message, remedy),) = unread(path, "{")
    assert (field, remedy) == (setting, EXPORT)
    assert message.startswith(f"{shown} is not JSON: ")
    path.unlink()
    assert problems(lambda: read_export(path)) == [
        (
            setting,
            f"{shown} cannot be read: No such file or directory.",
            "Give the path of a schema file, or leave the setting empty for the shipped one.",
        )
    ]


def test_a_file_at_its_bounds_is_read(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_bytes(b"[]".ljust(MAX_BYTES))
    assert read_export(path) == []
    deep = "[" * MAX_NESTING + "]" * MAX_NESTING
    path.write_text(deep, "utf-8")
    assert json.dumps(read_export(path)) == deep
    # Beside one another is not within.
    path.write_text(f"[{'[],{}' + ',[{}]' * MAX_NESTING}]", "utf-8")
    assert len(read_export(path)) == MAX_NESTING + 2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a@odata.type": 1, "@odata.id": 2, "b": {"@odata.c": 3, "d": 4}}', {"b": {"d": 4}}),
        ('[{"@odata.c": 3}, {"odata.c": 3}, 5]', [{}, {"odata.c": 3}, 5]),
        ('"text"', "text"),
        ('{"a": ["[[[", "\\\\\\"]]"], "b": null}', {"a": ["[[[", '\\"]]'], "b": None}),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_what_stands_in_a_file_is_read(
    tmp_path: Path, text: str, value: object, encoding: str
) -> None:
    path = tmp_path / "schema.json"
    path.write_bytes(text.encode(encoding))
    assert read_export(path) == value


def test_each_place_where_a_field_is_twice(tmp_path: Path) -> None:
    text = '{"a": 1, "b": [[{"c": 1, "c": 2, "d": 0}], 5, {"e": {"f": 1, "g": 2, "f": 3}}], "a": 2}'
    assert unread(tmp_path / "schema.json", text) == [
        (f"PROVISIONING_SCHEMA {at}", "is there more than once.", "Keep one of them.")
        for at in ("$.a", "$.b[0][0].c", "$.b[2].e.f")
    ]
