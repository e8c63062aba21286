"""``python -m tests.soak``: runs scripts from seeds one after the other, and tells what broke.

Exit status 0: no law was broken, or the seeded bug was found. 1: otherwise.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import msgspec

from tests.soak import bugs
from tests.soak.report import Total, table, told
from tests.soak.script import Event, Script, make
from tests.soak.shrink import shrink
from tests.soak.week import Result, play


def main() -> int:
    """The command."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        # Sets are walked in the same order by each run, so that a script can be replayed.
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.soak", *sys.argv[1:]])
    logging.disable(logging.CRITICAL)
    options = _options()
    with bugs.planted(options.bug) if options.bug else nullcontext():
        if options.replay:
            script = msgspec.json.decode(options.replay.read_bytes(), type=Script)
            result = play(script)
            print(told(script, result))
            return bool(result.violations)
        return _soak(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--hours", type=float, default=168.0, help="of each run")
    parser.add_argument("--runs", type=int, default=1, help="how many seeds")
    parser.add_argument("--bug", choices=bugs.BUGS, help="plant a bug, and find it")
    parser.add_argument("--replay", type=Path, help="a script that was written by --script")
    parser.add_argument("--script", type=Path, help="write the smallest script that fails there")
    parser.add_argument("--tries", type=int, default=120, help="runs spent on shrinking")
    parser.add_argument("--json", type=Path, help="write the sum there")
    parser.add_argument("--go-on", action="store_true", help="after a failure too, unshrunk")
    return parser.parse_args()


def _soak(options: argparse.Namespace) -> int:
    total = Total()
    found = False
    for seed in range(options.seed, options.seed + options.runs):
        script = make(seed, options.hours)
        result = play(script)
        total.add(result)
        if options.json:
            options.json.write_bytes(msgspec.json.format(msgspec.json.encode(total)))
        if not result.violations or (options.bug and not _is_planted(script)):
            continue
        found = True
        if options.go_on:
            print(f"seed {seed}: {result.violations[0]}", flush=True)
            continue
        print(f"Seed {seed} fails: {result.violations[0]}\nShrinking ...", flush=True)
        small = smallest(script, result, options.tries)
        print(told(small, play(small)))
        if options.script:
            options.script.write_bytes(msgspec.json.encode(small))
        break
    print(table(total))
    return int(found is not bool(options.bug))


def _is_planted(script: Script) -> bool:
    """Whether it is the planted bug that was found: without it nothing is broken."""
    with bugs.none():
        return not play(script).violations


def smallest(script: Script, result: Result, tries: int) -> Script:
    """The part of a failing script that still breaks the same law."""
    assert result.failed_at is not None
    law = result.violations[0].law
    events = script.events[: result.failed_at + 1]

    def fails(some: Sequence[Event]) -> bool:
        violations = play(script.with_events(tuple(some))).violations
        return bool(violations) and violations[0].law == law

    begun = script.with_events(events)
    hours = events[-1].at / 3600 + 1
    script = msgspec.structs.replace(begun, hours=min(script.hours, hours))
    return script.with_events(tuple(shrink(events, fails, tries)))


if __name__ == "__main__":
    sys.exit(main())
