"""The zip, and what the listing says of it."""

from __future__ import annotations

import os
from pathlib import Path
from zipfile import ZipFile

from tools.package.archive import write_zip
from tools.package.listing import Part, list_parts, summed

PACKAGES = ".python_packages/lib/site-packages"
FILES = {
    "function_app.py": "app",
    "handlers/http.py": "edge",
    "handlers/__pycache__/http.cpython-313.pyc": "code",
    f"{PACKAGES}/x/one.py": "one",
    f"{PACKAGES}/x/__pycache__/one.cpython-313.pyc": "bytecode",
    f"{PACKAGES}/typed/two.py": "two",
}


def _folder(root: Path, time: int) -> Path:
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
        os.utime(root / name, (time, time))
    (root / ".funcignore").write_text("# Everything is deployed.")
    return root


def test_times_and_places_leave_no_trace(tmp_path: Path) -> None:
    write_zip(_folder(tmp_path / "a", 1_000_000_000), tmp_path / "a.zip")
    write_zip(_folder(tmp_path / "b", 1_700_000_001), tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with ZipFile(tmp_path / "a.zip") as packed:
        assert packed.namelist() == sorted(FILES)
        assert {entry.external_attr >> 16 for entry in packed.infolist()} == {0o100644}
        assert packed.testzip() is None


def test_parts_are_the_app_and_then_distributions(tmp_path: Path) -> None:
    """Bytecode counts with its source, a file that no distribution claims by its first name."""
    write_zip(_folder(tmp_path / "a", 1_000_000_000), tmp_path / "a.zip")
    parts = list_parts(tmp_path / "a.zip", {f"{PACKAGES}/x/one.py": "x-project"})
    assert [(part.name, part.dependency, part.files, part.size) for part in parts] == [
        ("handlers", False, 2, 8),
        ("function_app.py", False, 1, 3),
        ("x-project", True, 2, 11),
        ("typed", True, 1, 3),
    ]
    total = summed("all", parts)
    assert (total.files, total.size) == (6, 25)
    assert isinstance(total, Part)
    assert not total.dependency
