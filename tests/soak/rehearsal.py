"""Law 9, the dry run is the run: while nothing else is at work, a dry run and a cycle after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from provisioning.model import Change
from provisioning.provisioning_log import LogEntry, LogStatus
from provisioning.record import CycleKind

if TYPE_CHECKING:
    from tests.soak.week import Run

_log = msgspec.json.Decoder(LogEntry)
_EXCHANGED = "NameExchanged"


async def rehearse(run: Run, changes: list[Any]) -> bool:
    """Makes changes in Entra, then a dry run and a cycle, and compares. Whether both could be."""
    run.host.stopped = True
    try:
        await run.until(run.clock.time() + 60.0)
        for kind, args in changes:
            run.people.do(kind, args)
        run.observe()
        await run.until(run.clock.time() + 200.0)
        run.laws.dry = True
        dry = await run.cycle(CycleKind.INCREMENTAL, dry_run=True)
        run.laws.dry = False
        began = run.clock.time()
        ran = await run.cycle(CycleKind.INCREMENTAL)
    finally:
        run.host.stopped = run.laws.dry = False
    if dry is None or ran is None:
        return False
    rows = run.store.rows("log").items()
    lines = [_log.decode(value) for key, value in rows if float(key[:17]) >= began]
    # What somebody has done by hand, and DRIFT lets stand, no dry run sees.
    by_hand = {each for each in run.portal.touched if isinstance(each, str)}
    if only := unlike(dry[1], lines, ran[0].cycle_id, by_hand):
        run.laws.broken(9, f"the dry run is not the run: {only[:5]}")
    return True


def unlike(
    told: Sequence[Change], lines: Sequence[LogEntry], cycle_id: str, unseen: Collection[str]
) -> list[str]:
    """What a dry run told and the run has not made, or the other way round.

    ``lines`` are what the log says of the run, ``unseen`` are principals that do not count.
    """
    # What ZSCloud refuses, since an object that is not ours has the name, and who waits for that
    # one's name: a dry run reads nothing of strangers (design: target). Whether it was right that
    # it failed is seen at the next quiet, by what is in escrow.
    other = {each.source_id for each in lines if each.status is LogStatus.FAILURE} | set(unseen)
    told = [each for each in told if not _is_about(each, other)]
    done = [each for each in lines if each.status is LogStatus.SUCCESS and each.change_id]
    done = [each for each in done if not _is_about(each, other)]
    if any(each.reason_code == "Matched" for each in lines):
        # Whose name is somebody's who is linked by this very run takes a name of its own for a
        # moment, or need not: that depends on which of both comes first (limits: dry runs).
        told = [each for each in told if each.reason_code != _EXCHANGED]
        done = [each for each in done if each.reason_code != _EXCHANGED]
    # What was in escrow, and is due with this run, keeps the id of the cycle that it comes from
    # (provisioning log: cycleId). Due may be more by now than when the dry run was.
    own = [each for each in done if each.cycle_id == cycle_id]
    every: list[Change | LogEntry] = [*done, *told]
    texts = {each.change_id: f"{each.action} {each.name}" for each in every}
    only = [f"told only: {texts[id]}" for id in _ids(told) - _ids(done)]
    return only + [f"done only: {texts[id]}" for id in _ids(own) - _ids(told)]


def _ids(changes: Sequence[Change | LogEntry]) -> Counter[str | None]:
    return Counter(each.change_id for each in changes)


def _is_about(change: Change | LogEntry, ids: Collection[str]) -> bool:
    member = None if change.member is None else change.member.source_id
    return change.source_id in ids or member in ids
