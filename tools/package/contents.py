"""Which files of the project are deployed: those that ``.funcignore`` leaves.

They are taken from the folder, tracked by git or not, as the tools of Azure take them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pathspec import GitIgnoreSpec

RULES = ".funcignore"

_ALL = """\
# Everything here is deployed. Without this file azd would leave out each __pycache__.
"""


def deployed(root: Path) -> list[PurePosixPath]:
    """The deployed files of the project in ``root``, relative to it and sorted."""
    lines = (root / RULES).read_text(encoding="utf-8").splitlines()
    return sorted(_left(root, PurePosixPath(), GitIgnoreSpec.from_lines(lines)))


def copy(root: Path, folder: Path) -> None:
    """Copies the deployed files into ``folder``."""
    for path in deployed(root):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, target)


def deploy_all(folder: Path) -> None:
    """Lets azd take all of a package. The file itself is deployed by none of Azure's tools.

    For a Python app without such a file azd leaves ``__pycache__`` out, and with it the bytecode
    (azure-dev, ``project_utils.go``).
    """
    (folder / RULES).write_text(_ALL, encoding="utf-8")


def _left(root: Path, folder: PurePosixPath, rules: GitIgnoreSpec) -> Iterator[PurePosixPath]:
    for entry in os.scandir(root / folder):
        path = folder / entry.name
        if entry.is_dir():
            # A folder that is ignored is not entered: git does not look into it either.
            if not rules.match_file(f"{path}/"):
                yield from _left(root, path, rules)
        elif not rules.match_file(path):
            yield path
