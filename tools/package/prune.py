"""Leaves out what the function app can never import.

Nearly all of msgraph-sdk is request builders, models and a text that lists them. The app makes its
requests itself and takes bytes (ADR 2), so it needs the SDK's adapter and middleware only. What the
command line draws with is not needed either, since the command line is not deployed.

The rules name what stays, so that a new version of the SDK brings nothing in by surprise.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tools.package import dependencies
from tools.package.errors import PackageError

COMMAND_LINE = frozenset({"typer", "rich"})
"""Requirements that only ``provisioning.cli`` imports."""

_GENERATED = Path("msgraph/generated")
_KEPT = "base_graph_service_client.py"
"""Imported with ``msgraph``; it imports builders when one is asked for."""

_GUARD = Path(__file__).with_name("left_out.py")


def prune(site_packages: Path, requirements: Path, owners: Mapping[str, str]) -> None:
    """Removes what is not needed from ``site_packages``.

    ``requirements`` is ``requirements.in``. Raises ``PackageError`` when the SDK is not laid out
    as the rules expect.
    """
    _prune_sdk(site_packages)
    needed = dependencies.required(requirements, site_packages, without=COMMAND_LINE)
    for path, owner in owners.items():
        if owner not in needed:
            (site_packages / path).unlink(missing_ok=True)
    _remove_empty_folders(site_packages)


def _prune_sdk(site_packages: Path) -> None:
    generated = site_packages / _GENERATED
    if not (generated / _KEPT).is_file() or (generated / "__init__.py").exists():
        raise PackageError(
            f"msgraph-sdk has another layout than {_GENERATED}/{_KEPT} in a namespace package: "
            "adapt tools/package/prune.py, or use --no-prune."
        )
    for entry in generated.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != _KEPT:
            entry.unlink()
    shutil.copyfile(_GUARD, generated / "__init__.py")
    # It lists 16,000 files that are no longer there, and only installers read it.
    for record in site_packages.glob("msgraph_sdk-*.dist-info/RECORD"):
        record.unlink()


def _remove_empty_folders(folder: Path) -> None:
    for name, _, _ in os.walk(folder, topdown=False):
        path = Path(name)
        if not any(path.iterdir()):
            path.rmdir()
