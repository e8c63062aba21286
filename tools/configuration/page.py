"""The tables of ``docs/configuration.md``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from provisioning.alerts.addresses import address, addresses, smtp_server, webhook_url
from provisioning.drift import parse_drift
from provisioning.operations.settings import SECRETS
from provisioning.setting_values import (
    InvalidSettingError,
    access_key,
    client_states,
    guid,
    names,
    schedule,
    state_store,
    text,
    token,
    url,
)
from provisioning.settings import SETTINGS, Setting
from provisioning.settings.meanings import MEANINGS
from tools.configuration.details import DETAILS

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"

_TABLE = re.compile(
    r"(?P<begin><!-- (?P<first>[A-Z_]+) to (?P<last>[A-Z_]+): "
    r"made by `python -m tools\.configuration` -->\n).*?(?P<end><!-- To here\. -->\n)",
    re.DOTALL,
)
_HEAD = "| name | takes | default | meaning |\n|---|---|---|---|\n"
_WORDS: Mapping[Callable[[str], Any], str] = {
    Path: "a path",
    access_key: "a text",
    address: "a mail address",
    addresses: "mail addresses",
    client_states: "one or two texts",
    guid: "a GUID",
    names: "names",
    parse_drift: "words",
    schedule: "NCRONTAB",
    smtp_server: "a URL",
    state_store: "a URL or `azure`",
    text: "a text",
    token: "a text",
    url: "a URL",
    webhook_url: "a URL",
}
_NOTHING = {"PROVISIONING_SCHEMA": "the shipped schema"}
"""What holds without a value, where that is not simply nothing."""
_NO_VALUE = "\0"


def page(text: str) -> str:
    """The page with the tables of now.

    Raises ``ValueError`` where the page's tables do not hold every setting once, in order.
    """
    ranges = [_range(found["first"], found["last"]) for found in _TABLE.finditer(text)]
    shown = [setting for part in ranges for setting in part]
    if shown != list(SETTINGS):
        missing = [setting.name for setting in SETTINGS if setting not in shown]
        raise ValueError(f"the tables do not hold every setting once: {missing} are in none")
    return _TABLE.sub(_filled, text)


def table(settings: Sequence[Setting]) -> str:
    """The settings, a row each."""
    return _HEAD + "".join(map(_row, settings))


def _filled(found: re.Match[str]) -> str:
    made = table(_range(found["first"], found["last"]))
    return f"{found['begin']}\n{made}\n{found['end']}"


def _range(first: str, last: str) -> Sequence[Setting]:
    order = [setting.name for setting in SETTINGS]
    if first not in order or last not in order:
        raise ValueError(f"{first} or {last} is no setting")
    return SETTINGS[order.index(first) : order.index(last) + 1]


def _row(setting: Setting) -> str:
    meaning = " ".join(filter(None, (MEANINGS[setting.name], DETAILS.get(setting.name))))
    cells = (f"`{setting.name}`", _takes(setting), _default(setting), meaning)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _takes(setting: Setting) -> str:
    """Words and ranges are what the parser itself says when it is given something else."""
    words = _WORDS.get(setting.parse) or _asked(setting)
    return f"{words}, secret" if setting.name in SECRETS else words


def _asked(setting: Setting) -> str:
    try:
        setting.parse(_NO_VALUE)
    except InvalidSettingError as error:
        listed = re.fullmatch(r"Write one of (.+)\.", error.remedy)
        if listed is not None:
            return ", ".join(f"`{word}`" for word in listed[1].split(", "))
        bounds = re.fullmatch(r"Write a (whole number|number) from (.+) to (.+)\.", error.remedy)
        if bounds is not None:
            return f"a {bounds[1]}, {bounds[2]} to {bounds[3]}"
    raise ValueError(f"{setting.name} takes what this page has no words for")


def _default(setting: Setting) -> str:
    if setting.default is None:
        return "required"
    return f"`{setting.default}`" if setting.default else _NOTHING.get(setting.name, "none")
