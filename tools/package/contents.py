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


def _left(root: Path, folder: PurePosixPath, rules: GitIgnoreSpec) -> Iterator[PurePosixPath]:
    for entry in os.scandir(root / folder):
        path = folder / entry.name
        if entry.is_dir():
            # A folder that is ignored is not entered: git does not look into it either.
            if not rules.match_file(f"{path}/"):
                yield from _left(root, path, rules)
        elif not rules.match_file(path):
            yield path
