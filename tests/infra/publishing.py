"""How the package gets to Azure: what is wrong with a service of azd, a step or a command."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from tests.infra.workflows import check_targets
from tools.package.build import APP, ARCHIVE

_TWICE = "Azure would install the dependencies once more"
_COMMAND = re.compile(r"az functionapp deployment source config-zip(?:\\\n|[^\n])*")


def check_service(service: Mapping[str, Any], root: Path) -> Iterator[str]:
    """The app's service in azure.yaml."""
    if (service.get("host"), service.get("language")) != ("function", "python"):
        yield "it is a Python function app"
    # azd runs a hook in the folder of the service, and adds `dist` to that folder to deploy it.
    project = PurePath(service["project"])
    if not (root / project / "Makefile").is_file():
        yield f"the hook would run in {project}, which may not exist"
    elif (deployed := project / service.get("dist", "")) != APP:
        yield f"it deploys {deployed}, and the package is {APP}"
    hook = service.get("hooks", {}).get("prepackage")
    if hook is None:
        yield "nothing builds the package"
    else:
        yield from check_targets(hook["run"], root)
    if service.get("remoteBuild") is not False:
        yield _TWICE


def check_publishing_job(job: Mapping[str, Any]) -> Iterator[str]:
    """The job of a workflow that publishes with Azure/functions-action."""
    steps = job["steps"]
    uses = [str(step.get("uses", "")).partition("@")[0] for step in steps]
    if "Azure/functions-action" not in uses:
        yield "it publishes nothing"
        return
    at = uses.index("Azure/functions-action")
    given = steps[at]["with"]
    if given.get("package") != str(ARCHIVE):
        yield f"it publishes {given.get('package')}, and the package is {ARCHIVE}"
    if given.get("remote-build") != "false":
        yield _TWICE
    if not any("make package" in step.get("run", "") for step in steps[:at]):
        yield "nothing builds the package"


def check_commands(text: str) -> Iterator[str]:
    """The commands of a page that publish with the Azure CLI."""
    commands = _COMMAND.findall(text)
    if not commands:
        yield "no command publishes"
    for command in commands:
        if f"--src {ARCHIVE}" not in command:
            yield f"a command publishes something else than {ARCHIVE}"
        # Left out it is taken for true, for Python on Flex Consumption (azure-cli: appservice).
        if "--build-remote false" not in command:
            yield _TWICE
