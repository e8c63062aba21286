"""What ``.funcignore`` leaves of the project, as each of the tools that deploy reads it."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest

from tools.package.contents import RULES, deployed

ROOT = Path(__file__).parents[2]
TOP = {"function_app.py", "handlers", "host.json", "provisioning", "requirements.txt"}


def test_exactly_the_app_is_deployed() -> None:
    """Whoever adds a folder at the top must say in ``.funcignore`` that it is not deployed."""
    paths = deployed(ROOT)
    assert {path.parts[0] for path in paths} == TOP
    assert {path.suffix for path in paths} == {
        *(".py", ".json", ".txt", ".lark"),
        *(".html", ".css", ".js", ".svg"),
    }


def test_every_source_and_data_file_of_the_program_is_deployed() -> None:
    """All but the command line, which nobody can reach there."""
    left = {path for path in deployed(ROOT) if path.parts[0] == "provisioning"}
    every = {
        PurePosixPath(path.relative_to(ROOT))
        for path in (ROOT / "provisioning").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    command_line = {path for path in every if "cli" in path.parts or path.stem == "__main__"}
    assert left == every - command_line
    assert {path.name for path in left if path.suffix != ".py"} == {
        "expressions.lark",
        "zscloud.json",
    }


def test_nothing_deployed_needs_the_command_line() -> None:
    pattern = re.compile(r"\b(provisioning\.cli|typer|rich)\b")
    sources = [ROOT / path for path in deployed(ROOT) if path.suffix == ".py"]
    assert [path for path in sources if pattern.search(path.read_text(encoding="utf-8"))] == []


def test_core_tools_leave_the_same() -> None:
    """Azure Functions Core Tools read the file by rules of their own."""
    denied = core_tools_pattern((ROOT / RULES).read_text(encoding="utf-8"))
    tracked = {path for path in _every_file() if not denied.match(path.as_posix())}
    assert tracked == set(deployed(ROOT))


@pytest.mark.parametrize(
    "path",
    [
        ".venv/bin/python",
        ".venv-3.11/bin/python",
        "handlers/__pycache__/http.cpython-313.pyc",
        "__pycache__/function_app.cpython-313.pyc",
        ".coverage",
        ".coverage.host.1",
        ".git/HEAD",
        ".github/workflows/ci.yml",
        ".gitignore",
        ".package/app/function_app.py",
        "azure.yaml",
        "local.settings.json",
        "tests/servers/node_modules/x/index.js",
        "provisioning/cli/app.py",
    ],
)
def test_both_readings_leave_it_out(tmp_path: Path, path: str) -> None:
    rules = (ROOT / RULES).read_text(encoding="utf-8")
    assert core_tools_pattern(rules).match(path)
    for name in (RULES, path, "handlers/http.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(rules)
    assert deployed(tmp_path) == [PurePosixPath("handlers/http.py")]


def core_tools_pattern(rules: str) -> re.Pattern[str]:
    """What Core Tools leave out: a path that begins like a line, where ``*`` is one character or
    more of a name (azure-functions-core-tools, ``GitIgnoreParser.cs``).
    """
    lines = [line.strip().removeprefix("/") for line in rules.splitlines()]
    names = [line for line in lines if line and not line.startswith("#")]
    assert not any(name.startswith("!") for name in names), "its exceptions hold over everything"
    alternatives = [
        re.sub(r"[-\[\]/{}()+?.\\^$|]", r"\\\g<0>", name)
        .replace("**", "(.+)")
        .replace("*", r"([^\/]+)")
        for name in names
    ]
    return re.compile("|".join(alternatives))


def _every_file() -> set[PurePosixPath]:
    """Files outside the folders that hold thousands of others, which the next test names."""
    large = {".git", ".package", ".venv", "node_modules"}
    found: set[PurePosixPath] = set()
    folders = [ROOT]
    while folders:
        for entry in folders.pop().iterdir():
            if entry.is_file():
                found.add(PurePosixPath(entry.relative_to(ROOT)))
            elif entry.name not in large:
                folders.append(entry)
    return found
