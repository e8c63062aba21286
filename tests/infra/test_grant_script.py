"""grant-graph-permissions.sh, run by a real shell with an ``az`` that notes what it is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.infra.conftest import INFRA

SCRIPT = INFRA / "scripts" / "grant-graph-permissions.sh"
PRINCIPAL = "11111111-2222-3333-4444-555555555555"
GRAPH = "99999999-8888-7777-6666-555555555555"
BASE = "https://graph.microsoft.com/v1.0/servicePrincipals"
APPLICATION = "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30"
USER = "df021288-bdef-4463-88db-98f22de89214"
MEMBER = "98830695-27a2-44f7-8c18-0c3ebc9698f6"
GROUP = "5b567255-7703-4780-807c-7be8301ae99b"

AZ = f"""#!{sys.executable}
import json, os, pathlib, sys
arguments = sys.argv[1:]
with open(os.environ["CALLS"], "a", encoding="utf-8") as calls:
    calls.write(json.dumps(arguments) + "\\n")
plan = json.loads(os.environ["ANSWERS"])
kind = "account" if arguments[0] == "account" else arguments[2]
if "appRoleAssignments" in " ".join(arguments):
    kind = "granted"
if kind in plan["refuse"]:
    sys.exit(1)
print(plan.get(kind, ""), end="")
"""


@dataclass(frozen=True)
class Run:
    """How the script ended, and what it asked of ``az``."""

    status: int
    output: str
    errors: str
    calls: list[list[str]]


@pytest.fixture
def run(tmp_path: Path):
    folder = tmp_path / "bin"
    folder.mkdir()
    az = folder / "az"
    az.write_text(AZ, encoding="utf-8")
    az.chmod(0o755)
    calls = tmp_path / "calls"

    def run(*arguments: str, granted: str = "", refuse: str = "", path: str = "") -> Run:
        calls.write_text("", encoding="utf-8")
        answers = {"account": "jo@example.com\n", "GET": f"{GRAPH}\n", "granted": granted}
        done = subprocess.run(
            ["/bin/sh", str(SCRIPT), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
            env={
                "PATH": path or f"{folder}:{os.environ['PATH']}",
                "CALLS": str(calls),
                "ANSWERS": json.dumps({**answers, "refuse": refuse.split()}),
            },
        )
        lines = calls.read_text(encoding="utf-8").splitlines()
        made = [json.loads(line) for line in lines]
        return Run(done.returncode, done.stdout, done.stderr, made)

    return run


def reads() -> list[list[str]]:
    return [
        ["account", "show", "--query", "user.name", "--output", "tsv"],
        ["rest", "--method", "GET",
         "--url", f"{BASE}(appId='00000003-0000-0000-c000-000000000000')?$select=id",
         "--query", "id", "--output", "tsv"],
        ["rest", "--method", "GET",
         "--url", f"{BASE}/{PRINCIPAL}/appRoleAssignments?$top=999",
         "--query", f"value[?resourceId=='{GRAPH}'].appRoleId", "--output", "tsv"],
    ]  # fmt: skip


def grant(role: str) -> list[str]:
    body = f'{{"principalId":"{PRINCIPAL}","resourceId":"{GRAPH}","appRoleId":"{role}"}}'
    return ["rest", "--method", "POST", "--output", "none",
            "--url", f"{BASE}/{GRAPH}/appRoleAssignedTo",
            "--headers", "Content-Type=application/json", "--body", body]  # fmt: skip


def test_the_three_permissions_are_granted(run) -> None:
    done = run("--principal-id", PRINCIPAL)
    assert (done.status, done.errors) == (0, "")
    assert done.calls == [*reads(), grant(APPLICATION), grant(USER), grant(MEMBER)]
    assert done.output.splitlines() == [
        "Signed in as jo@example.com.",
        "Application.Read.All: granted",
        "User.Read.All: granted",
        "GroupMember.Read.All: granted",
    ]
    assert json.loads(done.calls[3][-1])["appRoleId"] == APPLICATION


def test_what_is_granted_is_not_granted_again(run) -> None:
    done = run("--principal-id", PRINCIPAL, granted=f"{USER}\n{MEMBER.upper()}\n{APPLICATION}\n")
    assert done.calls == reads()
    assert done.output.count("granted already") == 3


def test_the_group_permission_is_granted_only_when_asked_for(run) -> None:
    done = run("--change-notifications", "--principal-id", PRINCIPAL, granted=f"{USER}\n{MEMBER}\n")
    assert done.calls[3:] == [grant(APPLICATION), grant(GROUP)]


def test_a_dry_run_grants_nothing(run) -> None:
    done = run("--principal-id", PRINCIPAL, "--dry-run", granted=f"{USER}\n")
    assert done.calls == reads()
    assert "Application.Read.All: would be granted" in done.output
    assert "User.Read.All: granted already" in done.output


def test_another_cloud_is_asked_where_it_is(run) -> None:
    done = run("--principal-id", PRINCIPAL, "--graph", "https://graph.example.com/")
    urls = [call[call.index("--url") + 1] for call in done.calls[1:]]
    assert all(url.startswith("https://graph.example.com/v1.0/") for url in urls)


@pytest.mark.parametrize(
    ("refuse", "message"),
    [
        ("account", "Sign in first: az login"),
        ("GET", "Microsoft Graph could not be read."),
        ("granted", f"There is no identity {PRINCIPAL}"),
        ("POST", "Application.Read.All: refused. Only a Privileged Role Administrator"),
    ],
)
def test_what_fails_is_said_and_ends_it(run, refuse: str, message: str) -> None:
    done = run("--principal-id", PRINCIPAL, refuse=refuse)
    assert done.status == 1
    assert message in done.errors
    assert len([call for call in done.calls if "POST" in call]) == (refuse == "POST")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--principal-id",),
        ("--principal-id", "my-app"),
        ("--principal-id", "zzzzzzzz-2222-3333-4444-555555555555"),
        ("--principal-id", f"{PRINCIPAL}'"),
        ("--principal", PRINCIPAL),
    ],
)
def test_wrong_usage_asks_nothing_of_azure(run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.status, done.calls) == (2, [])
    assert done.errors


def test_without_az_it_says_so(run, tmp_path: Path) -> None:
    done = run("--principal-id", PRINCIPAL, path=str(tmp_path))
    assert (done.status, done.errors) == (2, "The Azure CLI (az) was not found.\n")


def test_help_names_every_option(run) -> None:
    done = run("--help")
    assert done.status == 0
    for option in ("--principal-id", "--change-notifications", "--graph", "--dry-run", "--help"):
        assert option in done.output
