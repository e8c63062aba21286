"""What is installed and run is what was looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt", "infra/checkov/requirements.txt")
_PINNED = re.compile(r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9,_-]+\])?==[^\s;]+( ; [^\\]+?)?")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
_PYTHON_INSTALL = re.compile(r"\b(pip|uv pip) install\b")


def problems(lock: str) -> Iterator[str]:
    """Requirements of a lock that somebody else than the index's maker of that file could fill."""
    for entry in re.split(r"\n(?=\S)", lock.replace("\\\n", " ")):
        text = " ".join(
            line.split(" #")[0] for line in entry.splitlines() if line.strip()[:1] != "#"
        )
        hashes = _HASH.findall(text)
        name = " ".join(_HASH.sub("", text).split())
        if not name:
            continue
        if not _PINNED.fullmatch(name):
            yield f"{name[:80]!r} is not a package at one version"
        elif not hashes:
            yield f"{name} has no hash"


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_by_its_hash_and_comes_from_no_other_index(name: str) -> None:
    assert list(problems((ROOT / name).read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--extra-index-url https://packages.example.com/simple", "is not a package"),
        ("--index-url https://packages.example.com/simple", "is not a package"),
        ("--trusted-host packages.example.com", "is not a package"),
        ("idna>=3.10 --hash=sha256:" + "0" * 64, "is not a package"),
        ("idna @ https://packages.example.com/idna.whl --hash=sha256:" + "0" * 64, "is not a"),
        ("-e git+https://github.com/example/idna", "is not a package"),
        ("idna==3.10", "has no hash"),
        ("idna==3.10 --hash=md5:" + "0" * 32, "is not a package"),
    ],
)
def test_a_seeded_fault_in_a_lock_is_found(line: str, said: str) -> None:
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    [found] = problems(f"{lock}{line}\n")
    assert said in found


def test_whatever_installs_a_lock_asks_for_hashes() -> None:
    """The Makefile, and the program that makes the package."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    installs = [line for line in lines if _PYTHON_INSTALL.search(line) and " -r " in line]
    assert installs
    assert all("--require-hashes" in line for line in installs), installs
    package = (ROOT / "tools" / "package" / "dependencies.py").read_text(encoding="utf-8")
    # A wheel runs no code when it is installed; --no-config lets no file name another index.
    for option in ("--require-hashes", "--only-binary", "--no-config"):
        assert option in package
