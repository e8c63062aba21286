"""azd, the workflow and the commands of the documentation publish the package, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from tests.infra.conftest import ROOT
from tests.infra.publishing import check_commands, check_publishing_job, check_service


def service() -> dict[str, Any]:
    document = read("azure.yaml")
    found: dict[str, Any] = document["services"]["app"]
    return found


def job() -> dict[str, Any]:
    found: dict[str, Any] = read(".github/workflows/deploy.yml")["jobs"]["deploy"]
    return found


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_azure_yaml_names_what_exists(texts: Mapping[str, str]) -> None:
    document = read("azure.yaml")
    assert document["infra"] == {"provider": "bicep", "path": "infra"}
    assert (ROOT / document["infra"]["path"] / "main.bicep").is_file()
    # The first that takes `remoteBuild` for a function app (azure-dev: changelog).
    assert document["requiredVersions"] == {"azd": ">= 1.23.5"}
    # azd looks for the app by this tag.
    for name in document["services"]:
        assert f"'azd-service-name': '{name}'" in texts["modules/app.bicep"]


def test_azd_publishes_the_package() -> None:
    assert list(check_service(service(), ROOT)) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"language": "docker"}, "it is a Python function app"),
        ({"project": ".package/app"}, "the hook would run in .package/app, which may not exist"),
        ({"dist": ".package"}, "it deploys .package, and the package is .package/app"),
        ({"dist": None}, "it deploys ., and the package is .package/app"),
        ({"hooks": {}}, "nothing builds the package"),
        ({"hooks": {"prepackage": {"shell": "sh", "run": "make pack"}}}, "there is no target pack"),
        ({"remoteBuild": True}, "Azure would install the dependencies once more"),
        ({"remoteBuild": None}, "Azure would install the dependencies once more"),
    ],
)
def test_a_seeded_fault_in_the_service_is_found(changes: dict[str, Any], message: str) -> None:
    changed = {**service(), **changes}
    given = {name: value for name, value in changed.items() if value is not None}
    assert list(check_service(given, ROOT)) == [message]


def test_the_workflow_publishes_the_package() -> None:
    assert list(check_publishing_job(job())) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (".package/app.zip", ".", "it publishes ., and the package is .package/app.zip"),
        ("'false'", "'true'", "Azure would install the dependencies once more"),
        ("make package", "make setup", "nothing builds the package"),
        ("functions-action", "webapps-deploy", "it publishes nothing"),
    ],
)
def test_a_seeded_fault_in_the_job_is_found(old: str, new: str, message: str) -> None:
    text = yaml.safe_dump(job())
    assert old in text
    assert list(check_publishing_job(yaml.safe_load(text.replace(old, new)))) == [message]


def test_the_commands_of_the_documentation_publish_the_package() -> None:
    assert list(check_commands(page())) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (".package/app.zip", "app.zip", "a command publishes something else than .package/app.zip"),
        (" --build-remote false", "", "Azure would install the dependencies once more"),
        ("config-zip", "sync", "no command publishes"),
    ],
)
def test_a_seeded_fault_in_a_command_is_found(old: str, new: str, message: str) -> None:
    assert old in page()
    assert list(check_commands(page().replace(old, new))) == [message]


def page() -> str:
    return (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
