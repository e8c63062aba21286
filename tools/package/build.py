"""The steps from the project's folder to a package that Azure can run."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.package import bytecode, contents, dependencies, prune

APP = Path(".package/app")
"""The package as a folder, in the folder of the project."""

ARCHIVE = Path(".package/app.zip")
"""The same as it is uploaded."""


@dataclass(frozen=True, slots=True)
class Options:
    """``prune`` leaves out what is never imported, ``compile`` adds bytecode."""

    prune: bool = True
    compile: bool = True


def build(root: Path, folder: Path, options: Options) -> Mapping[str, str]:
    """Builds the package of the project in ``root`` as a new ``folder``.

    Gives the distribution of each installed file, by its path in the package. Raises
    ``PackageError``. A package that was there is replaced.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    contents.copy(root, folder)
    site_packages = folder / dependencies.SITE_PACKAGES
    dependencies.install(root / "requirements.txt", site_packages)
    owners = dependencies.owners(site_packages)
    if options.prune:
        prune.prune(site_packages, root / "requirements.in", owners)
    if options.compile:
        bytecode.compile_all(folder)
    contents.deploy_all(folder)
    prefix = dependencies.SITE_PACKAGES.as_posix()
    return {f"{prefix}/{path}": owner for path, owner in owners.items()}
