"""``python -m tools.screenshots``: puts the pictures that the tests took of the console into
``docs/images``, compressed as far as it goes without loss.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
TAKEN = ROOT / ".pictures"
SHOWN = ROOT / "docs" / "images"
_PREFIX = "docs-"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_NEEDED = {b"IHDR", b"PLTE", b"tRNS"}


def compressed(png: bytes) -> bytes:
    """The same picture with its data packed anew, and without what no reader needs.

    Raises ``ValueError`` for what is no PNG (PNG specification, section 5).
    """
    if not png.startswith(_SIGNATURE):
        raise ValueError("no PNG")
    chunks = list(_chunks(png[len(_SIGNATURE) :]))
    data = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    kept = [(kind, body) for kind, body in chunks if kind in _NEEDED]
    packed = [*kept, (b"IDAT", zlib.compress(data, 9)), (b"IEND", b"")]
    return _SIGNATURE + b"".join(_chunk(kind, body) for kind, body in packed)


def main() -> int:
    """Writes the pictures; the exit status: 1 if the tests have taken none."""
    taken = sorted(TAKEN.glob(f"{_PREFIX}*.png"))
    if not taken:
        sys.stderr.write("No picture: run tests/demo/test_console.py, with Chromium.\n")
        return 1
    SHOWN.mkdir(exist_ok=True)
    for picture in taken:
        name = f"console-{picture.name.removeprefix(_PREFIX)}"
        (SHOWN / name).write_bytes(compressed(picture.read_bytes()))
    return 0


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        at += size + 12


def _chunk(kind: bytes, body: bytes) -> bytes:
    size, check = len(body).to_bytes(4), zlib.crc32(kind + body).to_bytes(4)
    return size + kind + body + check


if __name__ == "__main__":
    sys.exit(main())
