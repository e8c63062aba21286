"""``schema check``, ``import``, ``show``, ``diff`` and ``eval`` without any setting."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from provisioning.schema import SHIPPED, digest, load_schema
from tests.cli import prepared
from tests.cli.world import ROOT, Ended
from tests.mapping.schemas import attribute, clause, expression, object_mapping, scope, written


def run(folder: Path, *arguments: str, **settings: str) -> Ended:
    """``schema`` in a process that has no other setting than those given."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = {**inherited, "PYTHONPATH": str(ROOT), **settings}
    status, out, err = prepared.run(["schema", *arguments], environment, folder)
    return Ended(status, out.decode(), err.decode())


def change(export: dict[str, Any]) -> None:
    attribute(export, "displayName")["source"] = expression('Append([displayName], " (X)")')
    attribute(export, "name.givenName")["whenEmpty"] = "keep"
    object_mapping(export)["scope"] = scope(clause("department", "NOT EQUALS", "Sales"))


def break_it(export: dict[str, Any]) -> None:
    attribute(export, "displayName")["source"] = expression("Nope([displayName])")
    attribute(export, "userName")["matchingPriority"] = -1
    object_mapping(export, "Group")["enabled"] = False


def test_check_says_what_is_mapped_and_what_is_worth_a_look(tmp_path: Path) -> None:
    path = written(tmp_path, change)
    shown = run(tmp_path, "check", "schema.json")
    assert shown.status == 0
    assert shown.err == ""
    assert "Users: 7 attributes (userName, " in shown.out
    assert "Groups: 3 attributes" in shown.out
    assert "name.givenName keeps its last value" in shown.out
    document = run(tmp_path, "check", str(path), "--json").json
    assert document["ok"]
    assert [w["path"].rpartition(".")[2] for w in document["warnings"]] == [
        "whenEmpty",
        "clauses[0]",
    ]
    assert set(document["maps"]) == {"user", "group"}


def test_check_names_every_problem(tmp_path: Path) -> None:
    """Exit 2; each with its JSON path, and none with the name of a setting."""
    written(tmp_path, break_it)
    shown = run(tmp_path, "check", "schema.json")
    assert shown.status == 2
    users = "$.synchronizationRules[0].objectMappings[0].attributeMappings"
    assert f"{users}[5].source.expression: unknown function 'Nope'" in shown.out
    assert "PROVISIONING_SCHEMA" not in shown.out
    document = run(tmp_path, "check", "schema.json", "--json")
    assert document.status == 2
    paths = [p["path"] for p in document.json["problems"]]
    assert f"{users}[0].matchingPriority" in paths
    assert "$.synchronizationRules[0].objectMappings[1].enabled" in paths
    assert all(p["message"] and p["remedy"] for p in document.json["problems"])
    missing = run(tmp_path, "check", "none.json")
    assert missing.status == 2
    assert "'none.json' cannot be read" in missing.out


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_import_takes_what_graph_and_powershell_give(tmp_path: Path, encoding: str) -> None:
    """Annotations are dropped, the file is pretty, and means the same."""
    export = json.loads(SHIPPED.read_text(encoding="utf-8"))
    export = {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#x", **export}
    (tmp_path / "entra.json").write_text(json.dumps(export), encoding=encoding)
    shown = run(tmp_path, "import", "entra.json")
    assert shown.status == 0
    assert "Written to schema.json. Set PROVISIONING_SCHEMA to its path" in shown.out
    assert "Switch" in shown.out
    text = (tmp_path / "schema.json").read_text(encoding="utf-8")
    assert "@odata" not in text
    assert text.startswith('{\n  "directories": [\n')
    assert digest(load_schema(tmp_path / "schema.json")) == digest(load_schema(None))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["entra.json", "schema.json"]


def test_import_overwrites_nothing_unless_told(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text("mine")
    refused = run(tmp_path, "import", str(SHIPPED), "--json")
    assert refused.status == 2
    assert refused.json["errors"][0]["field"] == "OUT"
    assert (tmp_path / "schema.json").read_text() == "mine"
    other = run(tmp_path, "import", str(SHIPPED), "other.json", "--json")
    assert other.json["out"] == "other.json"
    assert run(tmp_path, "import", str(SHIPPED), "--force").status == 0
    assert (tmp_path / "schema.json").read_text() != "mine"
    nowhere = run(tmp_path, "import", str(SHIPPED), "no/where.json")
    assert nowhere.status == 2
    assert "cannot be written" in nowhere.err


def test_import_writes_nothing_that_cannot_be_used(tmp_path: Path) -> None:
    path = written(tmp_path, break_it)
    refused = run(tmp_path, "import", str(path), "out.json", "--json")
    assert refused.status == 2
    assert refused.json["out"] is None
    assert len(refused.json["problems"]) >= 3
    assert not (tmp_path / "out.json").exists()


def test_show(tmp_path: Path) -> None:
    """The one in force without a name; filters as sentences."""
    path = written(tmp_path, change)
    assert run(tmp_path, "show", "--json").json["file"] == "shipped"
    shown = run(tmp_path, "show", PROVISIONING_SCHEMA=str(path))
    assert shown.status == 0
    assert 'Append([displayName], " (X)")' in shown.out
    assert "- group 0: department NOT EQUALS 'Sales'" in shown.out
    assert "Scoping filter: none" in shown.out
    document = run(tmp_path, "show", "schema.json", "--json").json
    (given,) = [a for a in document["user"]["attributes"] if a["target"] == "name.givenName"]
    assert given["when_empty"] == "keep"
    assert document["group"]["filter"] == []
    broken = run(tmp_path, "show", "none.json", "--json")
    assert broken.status == 2
    assert broken.json["errors"][0]["field"] == "none.json $"


def test_show_reads_the_local_settings_file(tmp_path: Path) -> None:
    written(tmp_path, change)
    settings = {"Values": {"PROVISIONING_SCHEMA": "schema.json"}}
    (tmp_path / "local.settings.json").write_text(json.dumps(settings))
    assert run(tmp_path, "show", "--json").json["file"] == "schema.json"


def test_diff(tmp_path: Path) -> None:
    """By meaning, with both sides of each field; 0 whatever differs."""
    path = written(tmp_path, change)
    shown = run(tmp_path, "diff", "shipped", "schema.json")
    assert shown.status == 0
    assert "[displayName]" in shown.out
    assert 'Append([displayName], " (X)")' in shown.out
    assert "+ group 0: department NOT EQUALS 'Sales'" in shown.out
    assert "whoever none of these is true of leaves scope" in shown.out
    document = run(tmp_path, "diff", "-", "current", "--json", PROVISIONING_SCHEMA=str(path)).json
    assert not document["equal"]
    targets = [(c["target"], c["change"]) for c in document["user"]["attributes"]]
    assert targets == [("name.givenName", "changed"), ("displayName", "changed")]
    group = document["group"]
    assert not any(group.values())
    same = run(tmp_path, "diff", "shipped", str(SHIPPED))
    assert same.status == 0
    assert "No difference." in same.out


def test_texts_of_a_file_are_no_markup(tmp_path: Path) -> None:
    def colour(export: dict[str, Any]) -> None:
        attribute(export, "displayName")["source"] = expression(
            'Append([displayName], "[red]\x1b[31m")'
        )

    written(tmp_path, colour)
    shown = run(tmp_path, "show", "schema.json")
    assert "[red]" in shown.out
    assert "\x1b" not in shown.out


@pytest.mark.parametrize(
    ("text", "attributes", "type", "value"),
    [
        ('Join("-", [a], [b])', '{"a": "x", "b": ["1", 2, true]}', "text", "x-1-2-True"),
        ('Split([a], ",")', '{"a": "x,y"}', "several texts", ["x", "y"]),
        ("[a]", '{"a": null}', "none", None),
        ("IgnoreFlowIfNullOrEmpty([a])", '{"a": ""}', "ignored", None),
        ("Not([a])", '{"a": true}', "text", "False"),
    ],
)
def test_eval_of_given_attributes(
    tmp_path: Path, text: str, attributes: str, type: str, value: Any
) -> None:
    document = run(tmp_path, "eval", text, "--attributes", attributes, "--json").json
    assert (document["type"], document["value"]) == (type, value)
    assert document["missing"] == []
    assert document["error"] is None


def test_eval_says_where_an_error_is(tmp_path: Path) -> None:
    """Of a value: function, argument and position. Of the text: the same, before any value."""
    failed = run(tmp_path, "eval", "Mid([a], [b], 1)", "--attributes", '{"b": "x"}', "--json")
    assert failed.status == 2
    error = failed.json["error"]
    assert (error["function"], error["argument"], error["position"]) == ("Mid", 2, 1)
    assert failed.json["missing"] == ["a"]
    shown = run(tmp_path, "eval", "Mid([a], [b], 1)", "--attributes", '{"b": "x"}')
    assert "not given" in shown.out
    wrong = run(tmp_path, "eval", "Left([a])", "--attributes", "{}")
    assert wrong.status == 2
    assert "Left at character 1 takes 2 arguments" in wrong.err


@pytest.mark.parametrize(
    "arguments", [(), ("--attributes", "[1]"), ("--attributes", "{", "--json")]
)
def test_eval_of_what_is_no_input(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert run(tmp_path, "eval", "[a]", *arguments).status == 2


def test_hostile_files_end_in_a_sentence(tmp_path: Path) -> None:
    """No traceback, whichever command reads them."""
    path = tmp_path / "bad.json"
    for raw in (b"[" * 100_000, b" " * 10_000_000):
        path.write_bytes(raw)
        for arguments in (("check",), ("import",), ("show",), ("diff", "shipped")):
            ended = run(tmp_path, *arguments, "bad.json")
            assert ended.status == 2
            assert "Traceback" not in ended.out + ended.err
            assert "bad.json" in ended.out + ended.err
