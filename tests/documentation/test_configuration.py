"""``docs/configuration.md`` holds every setting as the code has it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provisioning.settings import SETTINGS
from provisioning.settings.meanings import MEANINGS
from tools.configuration import __main__ as command
from tools.configuration.details import DETAILS
from tools.configuration.page import PAGE, page

TEXT = PAGE.read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([A-Z_]+)` \| (.+ \| .+ \| .+) \|$", TEXT, re.MULTILINE))


def test_the_page_is_as_the_code_has_it() -> None:
    assert page(TEXT) == TEXT, "write it anew: python -m tools.configuration"


def test_every_setting_has_a_row_and_nothing_else_has() -> None:
    names = [setting.name for setting in SETTINGS]
    assert list(ROWS) == names == list(MEANINGS)
    assert DETAILS.keys() <= MEANINGS.keys()


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("ZSCLOUD_SCIM_TOKEN", "a text, secret | required | Bearer token"),
        ("NESTED_GROUPS", "`direct`, `transitive` | `direct` | "),
        ("ZSCLOUD_REQUESTS_PER_SECOND", "a number, 0 to 1000 | `5` | "),
        ("NOTIFICATION_URL", "a URL | none | "),
        ("PROVISIONING_SCHEMA", "a path | the shipped schema | "),
    ],
)
def test_a_row_says_what_a_setting_takes(name: str, cells: str) -> None:
    assert ROWS[name].startswith(cells)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<!-- ENTRA_SERVICE_PRINCIPAL_ID to", "<!-- ENTRA_TENANT_ID to"),
        ("<!-- ENTRA_SERVICE_PRINCIPAL_ID to", "<!-- ENTRA_SOMETHING to"),
        ("to FUNCTION_KEY:", "to LOG_RETENTION_DAYS:"),
    ],
)
def test_a_setting_that_is_in_no_table_is_noticed(old: str, new: str) -> None:
    assert old in TEXT
    with pytest.raises(ValueError, match="setting"):
        page(TEXT.replace(old, new))


def test_a_table_that_is_out_of_date_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "configuration.md"
    old.write_text(TEXT.replace("| `5` |", "| `4` |"), encoding="utf-8")
    monkeypatch.setattr(command, "PAGE", old)
    assert command.main() == 0
    assert old.read_text(encoding="utf-8") == TEXT
