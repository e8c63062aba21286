"""The zip that is uploaded. The same files give the same bytes, at any time and in any folder."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from tools.package.contents import RULES

_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can hold."""

_MODE = 0o100644 << 16
_UNIX = 3


def write_zip(folder: Path, archive: Path) -> None:
    """Packs the contents of ``folder``, not the folder itself, sorted by path.

    Its ``.funcignore`` stays behind, as with the tools of Azure.
    """
    rules = folder / RULES
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != rules)
    with ZipFile(archive, "w") as packed:
        for path in paths:
            entry = ZipInfo(path.relative_to(folder).as_posix(), _TIME)
            entry.compress_type = ZIP_DEFLATED
            entry.create_system = _UNIX
            entry.external_attr = _MODE
            packed.writestr(entry, path.read_bytes())
