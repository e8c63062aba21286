"""The log as JSON Lines and CSV: nothing lost, and nothing that a spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import msgspec
import pytest

from provisioning.errors import InvalidRequest
from provisioning.model import ChangeMember, EntraId, ModifiedProperty, ScimId
from provisioning.operations.csv_rows import csv_row
from provisioning.operations.log_formats import COLUMNS, LogFormat, head, lines, log_format
from provisioning.provisioning_log import Step
from tests.provisioning_log.entries import ENTRY

OF_JOB = ("job_id", "tenant_id", "service_principal_id", "target_system")


def document(**changes: object) -> dict[str, Any]:
    built = json.loads(msgspec.json.encode(msgspec.structs.replace(ENTRY, **changes)))
    return built | {"time": "2025-11-24T16:00:00.000Z"} | dict.fromkeys(OF_JOB, "x")


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_field_of_an_entry_has_its_column() -> None:
    fields = set(document()) - {"member"}
    assert set(COLUMNS) - {"member_name", "member_source_id", "member_target_id"} == fields


def test_csv_holds_all_of_an_entry() -> None:
    made = document(
        reason='He said "no",\nand left.',
        member=ChangeMember(EntraId("li"), ScimId("20"), "Li"),
        modified_properties=(ModifiedProperty("title", None, "Chief; of"),),
        steps=(Step("match", "success", "linked"),),
    )
    text = head(LogFormat.CSV) + lines(LogFormat.CSV, [made, document()])
    first, second = read(text)
    assert first["reason"] == made["reason"]
    assert (first["member_source_id"], first["member_name"]) == ("li", "Li")
    assert json.loads(first["modified_properties"]) == made["modified_properties"]
    assert json.loads(first["steps"]) == made["steps"]
    assert (second["member_name"], second["error_code"], second["attempt"]) == ("", "", "1")
    assert text.count("\r\n") == 3


def test_a_line_of_json_is_the_document() -> None:
    entries = [document(name="Zoë\u2028\n"), document()]
    text = lines(LogFormat.JSONL, entries)
    assert head(LogFormat.JSONL) == ""
    assert [json.loads(line) for line in text.split("\n")[:-1]] == entries


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\t=1", "'\t'=1"),
        ("\rx", "'\rx"),
        ("\uff1dcmd", "'\uff1dcmd"),
        ("x;=1", "x;'=1"),
        ("x\n =1", "x\n' =1"),
        ('x";=1', "x\";'=1"),
        ("a=b", "a=b"),
        ("a - b", "a - b"),
        ("", ""),
    ],
)
def test_no_part_of_a_text_is_taken_for_a_formula(text: str, cell: str) -> None:
    assert next(csv.reader(io.StringIO(csv_row([text, "y"]), newline=""))) == [cell, "y"]


def test_what_is_nested_is_json_whatever_is_in_it() -> None:
    (cell,) = next(csv.reader(io.StringIO(csv_row([[{"new": "a;=1"}]]), newline="")))
    assert json.loads(cell) == [{"new": "a;'=1"}]
    assert csv_row([True, 7, 1.5, None]) == "true,7,1.5,\r\n"


def test_another_format_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InvalidRequest, match="format: 'xml' is none") as refused:
        log_format("xml")
    assert "jsonl, csv" in refused.value.problem.remedy
