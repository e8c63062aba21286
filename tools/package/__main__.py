"""``python -m tools.package``: builds the package that is deployed, and says what is in it.

Writes ``.package/app``, the folder as Azure runs it, and ``.package/app.zip``. Exit status 1 when
it could not be built.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from tools.package.archive import write_zip
from tools.package.build import APP, ARCHIVE, Options, build
from tools.package.errors import PackageError
from tools.package.listing import list_parts, print_parts, summed

ROOT = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Builds what the arguments ask for; the exit status."""
    chosen = _parser().parse_args(arguments)
    folder, archive = ROOT / APP, ROOT / ARCHIVE
    try:
        owners = build(ROOT, folder, Options(chosen.prune, chosen.compile))
    except PackageError as error:
        Console(stderr=True).print(str(error), style="red", markup=False)
        return 1
    write_zip(folder, archive)
    parts = list_parts(archive, owners)
    if chosen.json:
        document = {
            "archive": str(ARCHIVE),
            "archive_bytes": archive.stat().st_size,
            "pruned": chosen.prune,
            "compiled": chosen.compile,
            "parts": [asdict(part) for part in parts],
            "all": asdict(summed("all", parts)),
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        print_parts(parts, Console())
        sys.stdout.write(f"{ARCHIVE}: {archive.stat().st_size:,} bytes\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.package", description=__doc__)
    off = argparse.BooleanOptionalAction
    parser.add_argument(
        "--prune", action=off, default=True, help="leave out what the app never imports"
    )
    parser.add_argument("--compile", action=off, default=True, help="add bytecode")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


if __name__ == "__main__":
    sys.exit(main())
