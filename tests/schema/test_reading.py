"""Files as editors, PowerShell and Graph write them, and files that are made to do harm."""

from __future__ import annotations

import codecs
import json
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioning.errors import ConfigurationError, Problem
from provisioning.schema import SHIPPED, digest, load_schema
from provisioning.schema.decode import MAX_PROBLEMS
from provisioning.schema.reading import MAX_BYTES, read_export
from tests.mapping.schemas import attribute, clause, expression, object_mapping, scope, written

USERS = "$.synchronizationRules[0].objectMappings[0]"
TEXT = SHIPPED.read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _bounded() -> Iterator[None]:
    """No file takes long, and none takes much memory."""
    tracemalloc.start()
    began = time.process_time()
    yield
    took = time.process_time() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 40  # Tracing costs a multiple.
    assert peak < 200_000_000


def problems(folder: Path, raw: bytes | str) -> tuple[Problem, ...]:
    path = folder / "schema.json"
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    with pytest.raises(ConfigurationError) as caught:
        load_schema(path)
    return caught.value.problems


def changed(change: Callable[[dict[str, Any]], None]) -> str:
    export = json.loads(TEXT)
    change(export)
    return json.dumps(export)


@pytest.mark.parametrize(
    "raw",
    [
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode(),
    ],
    ids=["utf-8 mark", "utf-16", "utf-16-be", "le, no mark", "be, no mark", "crlf"],
)
def test_every_encoding_means_the_same(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "schema.json"
    path.write_bytes(raw)
    assert digest(load_schema(path)) == digest(load_schema(None))


def test_annotations_of_graph_are_dropped(tmp_path: Path) -> None:
    """At any depth, before or after the dot of a name."""

    def annotate(export: dict[str, Any]) -> None:
        export["@odata.context"] = "https://graph.microsoft.com/v1.0/$metadata"
        export["directories@odata.context"] = "more"
        object_mapping(export)["@odata.type"] = "#microsoft.graph.objectMapping"

    path = written(tmp_path, annotate)
    assert read_export(path) == json.loads(TEXT)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b" " * 10_000_000, "larger than 2,000,000 bytes"),
        (TEXT.encode() + b" " * MAX_BYTES, "larger than 2,000,000 bytes"),
        (b"[" * 100_000 + b"]" * 100_000, "nested more than 200 deep"),
        (b'{"a":' * 100_000, "nested more than 200 deep"),
        (b'"' + b'[{\\"' * 300_000, "is not JSON"),
        (b'["' + b"\\" * 99_999, "is not JSON"),
        (TEXT.replace('"matchingPriority": 1', '"matchingPriority": ' + "9" * 50_000), "range"),
        (TEXT.replace('"matchingPriority": 1', '"matchingPriority": 1e999'), "range"),
        (TEXT.replace('"matchingPriority": 1', '"matchingPriority": NaN'), "is not JSON"),
        (TEXT.replace('"userName"', '"\\ud800"'), "is not JSON"),
        (b"", "is not JSON"),
        (b"\0" * 1000, "is not JSON"),
        (b"\xff\xfe\xff", "is not JSON"),
        (b"<Objs/>", "is not JSON"),
        (b"[]", "expected an object"),
    ],
)
def test_what_is_no_schema_is_one_problem(tmp_path: Path, raw: bytes | str, message: str) -> None:
    (problem,) = problems(tmp_path, raw)
    assert message in problem.message
    assert problem.remedy
    assert len(problem.message) < 1000


def test_a_file_without_end_is_not_read_to_it() -> None:
    with pytest.raises(ConfigurationError, match="larger"):
        load_schema(Path("/dev/zero"))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_schema(tmp_path)


def test_parameters_are_bounded_too(tmp_path: Path) -> None:
    """Also where nothing is read from: the parser goes down with them."""
    deep = TEXT.replace('"parameters": []', '"parameters": ' + "[" * 5000 + "]" * 5000, 1)
    assert "nested" in problems(tmp_path, deep)[0].message


def test_brackets_in_texts_are_not_nesting(tmp_path: Path) -> None:
    text = changed(lambda e: attribute(e, "displayName").update(source=expression('"[[[{{{"')))
    path = tmp_path / "schema.json"
    path.write_text(text.replace("[[[", "[" * 400).replace("{{{", '\\\\\\"{' * 300), "utf-8")
    assert load_schema(path).user.attributes


def test_a_field_that_is_there_twice(tmp_path: Path) -> None:
    """Nobody sees which one counts; each place is named."""
    text = TEXT.replace(
        '"matchingPriority": 1',
        '"matchingPriority": 1, "matchingPriority": 0, "flowType": "Always"',
    )
    found = problems(tmp_path, text)
    at = f"PROVISIONING_SCHEMA {USERS}.attributeMappings[0]"
    assert [p.field for p in found[:2]] == [f"{at}.flowType", f"{at}.matchingPriority"]
    assert "more than once" in found[0].message
    assert len(found) == 4


def _extend(count: int, item: Callable[[int], dict[str, Any]]) -> str:
    return changed(
        lambda e: object_mapping(e)["attributeMappings"].extend(item(n) for n in range(count))
    )


def test_lists_are_bounded(tmp_path: Path) -> None:
    many = _extend(2_100, lambda _: {})
    assert "2107 elements; at most 2000" in problems(tmp_path, many)[0].message
    several = _extend(120, lambda n: {"targetAttributeName": f"a{n}"})
    (problem,) = problems(tmp_path, several)
    assert problem.field.endswith(USERS)
    assert "127 attribute mappings; at most 100" in problem.message


def test_clauses_are_bounded(tmp_path: Path) -> None:
    clauses = [clause("department", "EQUALS", str(n)) for n in range(201)]
    (problem,) = problems(
        tmp_path, changed(lambda e: object_mapping(e).update(scope=scope(*clauses)))
    )
    assert "201 clauses; at most 200" in problem.message


def test_problems_are_bounded(tmp_path: Path) -> None:
    """Each is named, up to a number that nobody reads to its end."""

    def faulty(export: dict[str, Any]) -> None:
        made = {"name": "x", "attributes": [{}] * 400}
        export["directories"].append({"name": "x", "objects": [made] * 3})

    found = problems(tmp_path, changed(faulty))
    assert MAX_PROBLEMS <= len(found) <= MAX_PROBLEMS + 1
    wrong = "Join(" + "Isnul()," * 22 + ")"
    found = problems(
        tmp_path,
        _extend(60, lambda n: {"targetAttributeName": f"t{n}", "source": expression(wrong)}),
    )
    assert len([p for p in found if "unknown function 'Isnul'" in p.message]) <= MAX_PROBLEMS


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("Nope([mail])", "unknown function 'Nope' at character 1"),
        ("Left([mail])", "Left at character 1 takes 2 arguments; it has 1"),
        ("ToLower(" * 60 + "[mail]" + ")" * 60, "nested 60 deep; at most 50"),
        ("ToLower(" * 1000 + "[mail]" + ")" * 1000, "nested 1000 deep"),
        ('"' + "x" * 20_000 + '"', "20002 characters; at most 10000"),
        ("[nothing]", "'nothing' is not defined"),
        (f'Replace([mail], , "{"(a|b)" * 500}", , "x", , )', "more than 2000"),
        ("(" * 3000, "unexpected"),
    ],
)
def test_an_expression_that_cannot_be_used(tmp_path: Path, source: str, message: str) -> None:
    (problem,) = problems(
        tmp_path, changed(lambda e: attribute(e, "displayName").update(source=expression(source)))
    )
    assert f"{USERS}.attributeMappings[5].source.expression" in problem.field
    assert message in problem.message
    assert len(problem.message) < 1000


@pytest.mark.parametrize("pattern", ["a" * 1_000_000, "(" * 1900, "((a{1000}){1000}){1000}"])
def test_a_pattern_that_cannot_be_used(tmp_path: Path, pattern: str) -> None:
    filter = scope(clause("department", "REGEX MATCH", pattern))
    found = problems(tmp_path, changed(lambda e: object_mapping(e).update(scope=filter)))
    assert "is no regular expression" in found[0].message
    assert len(found[0].message) < 1000


def test_names_that_lead_in_a_circle(tmp_path: Path) -> None:
    """Nothing is followed by name but from a mapping to its definitions."""

    def circle(export: dict[str, Any]) -> None:
        for directory in export["directories"]:
            for made in directory["objects"]:
                for item in made["attributes"]:
                    item["referencedObjects"] = [{"referencedObjectName": made["name"]}]
        rule = export["synchronizationRules"][0]
        rule["targetDirectoryName"] = rule["sourceDirectoryName"]

    found = problems(tmp_path, changed(circle))
    assert all("no definition" in p.message or "not defined" in p.message for p in found)


def test_wrong_types_are_all_named(tmp_path: Path) -> None:
    def break_types(export: dict[str, Any]) -> None:
        export["directories"] = {"a": 1}
        mapping = object_mapping(export)
        mapping["enabled"] = "yes"
        mapping["scope"] = {"groups": "none"}
        mapping["attributeMappings"][0]["matchingPriority"] = "first"
        mapping["attributeMappings"][1]["source"] = 7
        mapping["attributeMappings"][2] = None

    found = problems(tmp_path, changed(break_types))
    assert [p.field.rpartition("$")[2] for p in found] == [
        ".directories",
        ".synchronizationRules[0].objectMappings[0].attributeMappings[0].matchingPriority",
        ".synchronizationRules[0].objectMappings[0].attributeMappings[1].source",
        ".synchronizationRules[0].objectMappings[0].attributeMappings[2]",
        ".synchronizationRules[0].objectMappings[0].enabled",
        ".synchronizationRules[0].objectMappings[0].scope.groups",
    ]
