"""Parameter files, the workflows, checkov's files: they parse, and name what exists."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import pytest
import yaml

from tests.infra import checkov
from tests.infra.bicep.source import Declaration, Source, parse, text_of
from tests.infra.conftest import INFRA, ROOT
from tests.infra.workflows import check_workflow


def params(sources: Mapping[str, Source]) -> Mapping[str, Declaration]:
    return sources["main.bicep"].of("param")


def wrong(given: Mapping[str, str], declared: Mapping[str, Declaration]) -> list[str]:
    """What is wrong with the values of a parameters file, as text."""
    found = [f"{name} is no parameter" for name in given if name not in declared]
    for name, param in declared.items():
        if param.body is None and name not in given:
            found.append(f"{name} is missing")
        if param.secure and name in given and not _from_environment(given[name]):
            found.append(f"{name} is a secret, in a file")
    return found


def _from_environment(value: str) -> bool:
    return bool(re.fullmatch(r"\$\{[A-Z_]+=?\}|readEnvironmentVariable\('[A-Z_]+', ''\)", value))


def azd_values() -> dict[str, str]:
    document = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))
    return {name: each["value"] for name, each in document["parameters"].items()}


def bicepparam_values() -> dict[str, str]:
    text = (INFRA / "example.bicepparam").read_text(encoding="utf-8")
    assert "using 'main.bicep'" in text
    # The grammar knows no values of parameters; they are written like variables.
    source = parse("example.bicepparam", re.sub(r"^param ", "var ", text, flags=re.MULTILINE))
    return {each.name: text_of(each.body) for each in source.of("var").values() if each.body}


def test_the_parameters_of_azd_fit(sources: Mapping[str, Source]) -> None:
    assert wrong(azd_values(), params(sources)) == []
    for value in azd_values().values():
        assert re.fullmatch(r"\$\{[A-Z_]+(=[a-z0-9]*)?\}", value)


def test_the_example_parameters_fit(sources: Mapping[str, Source]) -> None:
    assert wrong(bicepparam_values(), params(sources)) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"zscloudToken": "x"}, "zscloudToken is no parameter"),
        ({"environmentName": None}, "environmentName is missing"),
        ({"zscloudScimToken": "abc"}, "zscloudScimToken is a secret, in a file"),
    ],
)
def test_a_seeded_fault_in_parameters_is_found(
    sources: Mapping[str, Source], change: dict[str, str | None], message: str
) -> None:
    changed = {**azd_values(), **change}
    given = {name: value for name, value in changed.items() if value is not None}
    assert wrong(given, params(sources)) == [message]


def test_defaults_of_azd_are_those_of_the_template(sources: Mapping[str, Source]) -> None:
    for name, value in azd_values().items():
        _, sign, default = value[2:-1].partition("=")
        body = params(sources)[name].body
        if sign:
            assert body is not None
            assert text_of(body).strip("'") == default


def workflow(name: str) -> str:
    return (ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["check.yml", "deploy.yml"])
def test_nothing_is_wrong_with_the_workflows(name: str) -> None:
    assert list(check_workflow(yaml.safe_load(workflow(name)), ROOT)) == []


def test_only_the_deploying_job_may_ask_for_a_token() -> None:
    names = sorted(path.name for path in (ROOT / ".github" / "workflows").iterdir())
    assert names == ["check.yml", "deploy.yml"]
    assert workflow("deploy.yml").count("id-token: write") == 1
    assert "id-token" not in workflow("check.yml")
    assert "pull_request_target" not in workflow("check.yml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("on:\n", "when:\n", "nothing starts it"),
        ("contents: read", "contents: write", "a workflow reads the repository, and no more"),
        ("timeout-minutes: 45", "timeout-minutes: 360", "check: it has to end within 60 minutes"),
        ("needs: [check]", "needs: [tests]", "deploy: there is no job tests"),
        ("    environment: production\n", "", "deploy: a job that signs in has an environment"),
        ("    needs: [check]\n", "", "deploy: a job that signs in has an environment"),
        ("      id-token: write", "      packages: write", "deploy: it has rights that nothing"),
        ("3d3c42e5aac5ba805825da76410c181273ba90b1 #", "v7 #", "check: actions/checkout@v7 is not"),
        ("make check", "make checks", "check: there is no target checks"),
        ("make package", "infra/prebuild.sh", "deploy: there is no infra/prebuild.sh"),
        ('"$GROUP"', "${{ vars.GROUP }}", "deploy: an expression in a script runs whatever"),
        ("      - run: make check", "      - name: x", "check: a step either uses an action or"),
    ],
)
def test_a_seeded_fault_in_a_workflow_is_found(old: str, new: str, message: str) -> None:
    text = workflow("deploy.yml")
    assert old in text
    found = list(check_workflow(yaml.safe_load(text.replace(old, new, 1)), ROOT))
    assert any(each.startswith(message) for each in found), found


def test_checkov_skips_nothing_without_a_reason() -> None:
    text = checkov.CONFIG.read_text(encoding="utf-8")
    assert yaml.safe_load(text)["framework"] == ["bicep"]
    heading = ""
    for line in text.splitlines():
        if line.strip().startswith("# --"):
            heading = line
        elif "CKV_" in line:
            assert "#" in line or "seen in the resource" in heading, line


def test_checkov_is_pinned_with_a_parser_that_takes_nested_loops() -> None:
    lock = (INFRA / "checkov" / "requirements.txt").read_text(encoding="utf-8")
    assert re.search(r"^checkov==[\d.]+ ", lock, re.MULTILINE)
    assert re.search(r"^pycep-parser==0\.(7|8|9)\.\d+ ", lock, re.MULTILINE)
    assert lock.count("--hash=sha256:") > lock.count("==")


@pytest.mark.parametrize(
    ("passed", "errors", "failed", "good"),
    [(1, 0, [], True), (0, 0, [], False), (1, 1, [], False), (1, 0, ["CKV_X"], False)],
)
def test_a_report_is_good_only_if_everything_was_looked_at(
    passed: int, errors: int, failed: list[str], good: bool
) -> None:
    failure = {"file_line_range": [1, 2], "file_path": "/a.bicep", "resource": "r"}
    found = [{**failure, "check_id": check, "check_name": "c"} for check in failed]
    document = {
        "summary": {"passed": passed, "parsing_errors": errors},
        "results": {"failed_checks": found},
    }
    assert checkov.read_report(document).good is good
