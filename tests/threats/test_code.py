"""What the deployed code does nowhere, read from its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOYED = sorted(
    [
        ROOT / "function_app.py",
        *(ROOT / "handlers").rglob("*.py"),
        *(ROOT / "provisioning").rglob("*.py"),
    ]
)
_RUNS_TEXT = {"eval", "exec", "compile", "__import__"}
_RUNS_DATA = {"pickle", "marshal", "shelve", "dill", "yaml", "xml", "subprocess", "ctypes"}
_UNVERIFIED = {"verify", "ssl", "verify_ssl", "check_hostname", "connection_verify"}


def faults(tree: ast.AST) -> Iterator[str]:
    """Where data could become code, or a connection is not verified."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            names = [module] if module else [each.name for each in node.names]
            for name in names:
                if name and name.partition(".")[0] in _RUNS_DATA:
                    yield f"line {node.lineno}: imports {name}"
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in _RUNS_TEXT:
                yield f"line {node.lineno}: calls {node.func.id}"
            if isinstance(node.func, ast.Attribute) and node.func.attr.startswith("_create_unver"):
                yield f"line {node.lineno}: verifies no certificate"
            for each in node.keywords:
                off = isinstance(each.value, ast.Constant) and each.value.value in (False, 0)
                if each.arg in _UNVERIFIED and off:
                    yield f"line {node.lineno}: {each.arg} is off"


def test_no_data_becomes_code_and_every_certificate_is_verified() -> None:
    assert len(DEPLOYED) > 100
    found = {path: list(faults(ast.parse(path.read_text(encoding="utf-8")))) for path in DEPLOYED}
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from yaml import load",
        "eval(text)",
        "httpx.AsyncClient(verify=False)",
        "aiohttp.TCPConnector(ssl=False)",
        "ssl._create_unverified_context()",
    ],
)
def test_a_seeded_fault_in_the_code_is_found(code: str) -> None:
    assert len(list(faults(ast.parse(code)))) == 1


def untrusted(text: str) -> Iterator[str]:
    """Headers that a caller can write himself, believed without what makes them believable."""
    low = text.lower()
    if "client-principal" in low and "website_auth_enabled" not in low:
        yield "X-MS-CLIENT-PRINCIPAL counts only where WEBSITE_AUTH_ENABLED says that it is checked"
    if "x-operator" in low and "claimed" not in low:
        yield "X-Operator is what a caller claims, and has to be shown as claimed"


def test_no_header_says_by_itself_who_calls() -> None:
    found = {path: list(untrusted(path.read_text(encoding="utf-8"))) for path in DEPLOYED}
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(
    "code", ['req.headers["x-ms-client-principal-name"]', 'req.headers.get("X-Operator")']
)
def test_a_seeded_belief_is_found(code: str) -> None:
    assert len(list(untrusted(code))) == 1
