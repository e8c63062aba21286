"""A notice for the tests."""

from __future__ import annotations

from typing import Any

import msgspec

from provisioning.notice import Alarm, Notice, NoticeState

NOTICE = Notice(
    id="held/p1",
    code=Alarm.HELD,
    state=NoticeState.BEGUN,
    subject="p1",
    sentence="412 removals are held above the deletion threshold.",
    remedy="Approve or reject them.",
    names=("Ada Adler", "Jürgen Öztürk"),
    since=1_700_000_000.0,
    time=1_700_000_060.0,
    job="0b1c2d3e@example.com/1234567",
    link="https://app.example.com/api/console",
)


def notice(**fields: Any) -> Notice:
    return msgspec.structs.replace(NOTICE, **fields)
