"""Pictures of the documentation are those that the tests took, packed without loss."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from tools import screenshots
from tools.screenshots import compressed

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)


ROWS = b"".join(b"\0" + bytes([n]) * 64 for n in range(64))
HEAD = chunk(b"IHDR", b"\0\0\0\x40\0\0\0\x40\x08\0\0\0\0")
LOOSE = zlib.compress(ROWS, 0)
TAKEN = (
    _SIGNATURE
    + HEAD
    + chunk(b"tEXt", b"Comment\0nothing")
    + chunk(b"IDAT", LOOSE[:1000])
    + chunk(b"IDAT", LOOSE[1000:])
    + chunk(b"IEND", b"")
)


def test_a_picture_is_packed_and_stays_the_same() -> None:
    packed = compressed(TAKEN)
    assert len(packed) < len(TAKEN) / 5
    assert compressed(packed) == packed
    assert b"tEXt" not in packed
    data = packed.partition(b"IDAT")[2]
    assert zlib.decompressobj().decompress(data) == ROWS
    assert packed.startswith(_SIGNATURE + HEAD)
    assert packed.endswith(chunk(b"IEND", b""))


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="no PNG"):
        compressed(b"GIF89a")


def test_the_pictures_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(screenshots, "TAKEN", tmp_path / "taken")
    monkeypatch.setattr(screenshots, "SHOWN", tmp_path / "shown")
    assert screenshots.main() == 1
    assert "tests/demo/test_console.py" in capsys.readouterr().err
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "docs-now.png").write_bytes(TAKEN)
    (tmp_path / "taken" / "gate-wide.png").write_bytes(TAKEN)
    assert screenshots.main() == 0
    assert [each.name for each in (tmp_path / "shown").iterdir()] == ["console-now.png"]
