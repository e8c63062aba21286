"""What of an entry of the provisioning log leaves the process, under which name.

Pure. Names and values of people stay here unless ``TELEMETRY_PERSONAL_DATA`` lets them out: the
sentences of reasons and remedies, and the details of steps, name people too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from provisioning.explaining.words import moment
from provisioning.provisioning_log import LogEntry
from provisioning.telemetry.catalogue import LOG_ENTRY

Fields = dict[str, str | int | float | bool]

LONGEST = 8000
"""Characters of a value. Application Insights cuts at 8,192, which would break JSON."""

_LEFT_OUT = "left_out"
_decode = msgspec.json.Decoder(LogEntry).decode
_KEPT = {False: LOG_ENTRY.fields, True: (*LOG_ENTRY.fields, *LOG_ENTRY.personal)}
_PARTS = {
    "member": ("source_id", "target_id"),
    "modified_properties": ("name",),
    "steps": ("name", "status"),
}
"""What is kept of a nested value where names and values of people are not."""


def fields(stored: bytes, *, personal: bool) -> tuple[LogEntry, Fields]:
    """An entry as it is stored, and its fields by the names that they have there; those without a
    value are left out. Raises ``msgspec.MsgspecError`` for what is no entry.
    """
    entry = _decode(stored)
    found: Fields = {}
    for name in _KEPT[personal]:
        value = getattr(entry, name)
        if value is None or value in ("", ()):
            continue
        found[name] = _nested(name, value, personal=personal) if name in _PARTS else _plain(value)
    found["time"] = moment(entry.time)
    return entry, found


def _plain(value: Any) -> str | int | float | bool:
    if isinstance(value, str):
        return str(value)[:LONGEST]
    return value if isinstance(value, int | float) else str(value)[:LONGEST]


def _nested(name: str, value: Any, *, personal: bool) -> str:
    built = msgspec.to_builtins(value)
    if isinstance(built, Mapping):
        return _json(_cut(name, built, personal=personal))
    return _fitting(_cut(name, each, personal=personal) for each in built)


def _cut(name: str, value: Mapping[str, Any], *, personal: bool) -> Mapping[str, Any]:
    return value if personal else {part: value[part] for part in _PARTS[name]}


def _fitting(parts: Iterable[Any]) -> str:
    """A JSON list of as many as fit; how many do not is its last element."""
    texts = [_json(part) for part in parts]
    size, kept = 2, 0
    while kept < len(texts) and size + len(texts[kept]) + 1 <= LONGEST - 30:
        size += len(texts[kept]) + 1
        kept += 1
    rest = [] if kept == len(texts) else [_json({_LEFT_OUT: len(texts) - kept})]
    return f"[{','.join([*texts[:kept], *rest])}]"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
