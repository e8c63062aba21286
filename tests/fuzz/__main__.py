"""``python -m tests.fuzz --minutes N --seed S``: fuzzes for so long, and says what it found."""

from __future__ import annotations

import argparse
import itertools
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.fuzz.judge import Parser
from tests.fuzz.registry import PARSERS
from tests.fuzz.running import run

_ROUND = 400
"""Inputs of one parser before it is the next one's turn."""


@dataclass
class _Tally:
    inputs: int = 0
    seconds: float = 0.0
    findings: list[str] = field(default_factory=list)


def main() -> int:
    """1 if a parser broke what it owes, which is shown with the smallest input and its seed."""
    arguments = _arguments()
    with _app() as more:
        chosen = [each for each in (*PARSERS, *more) if arguments.only in each.name]
        return _fuzzed(chosen, arguments)


@contextmanager
def _app() -> Iterator[tuple[Parser, ...]]:
    """What is sent to the running app, where there is a worker to run it."""
    if sys.version_info < (3, 13):
        yield ()
        return
    from tests.fuzz.calls import parsers, session

    with session() as running:
        yield parsers(running)


def _fuzzed(chosen: Sequence[Parser], arguments: argparse.Namespace) -> int:
    tallies = {parser.name: _Tally() for parser in chosen}
    end = time.monotonic() + arguments.minutes * 60
    for seed in itertools.count(arguments.seed):
        for parser in chosen:
            if time.monotonic() < end:
                _turn(parser, tallies[parser.name], seed)
        if time.monotonic() >= end or not chosen:
            break
    _report(tallies)
    return int(any(tally.findings for tally in tallies.values()) or not chosen)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    parser.add_argument("--only", default="", help="parsers whose name holds this text")
    return parser.parse_args()


def _turn(parser: Parser, tally: _Tally, seed: int) -> None:
    began = time.monotonic()
    try:
        tally.inputs += run(parser, _ROUND, seed=seed)
    except BaseExceptionGroup as several:
        for error in several.exceptions:
            _found(parser, tally, seed, error)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a parser does, the others go on
        _found(parser, tally, seed, error)
    tally.seconds += time.monotonic() - began


def _found(parser: Parser, tally: _Tally, seed: int, error: BaseException) -> None:
    """Says each kind of finding once for a parser."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    kind = f"{type(error).__name__} at {last.filename}:{last.lineno}"
    if kind in tally.findings:
        return
    tally.findings.append(kind)
    lines = traceback.format_exception(error, limit=-6)
    said = "".join(line if len(line) < 4000 else f"{line[:4000]}…\n" for line in lines)
    print(f"\n### {parser.name}, seed {seed}: {kind}\n{said}", flush=True)


def _report(tallies: dict[str, _Tally]) -> None:
    print(f"\n{'parser':<45}{'inputs':>10}{'per second':>12}{'findings':>10}")
    for name, tally in tallies.items():
        pace = tally.inputs / tally.seconds if tally.seconds else 0.0
        print(f"{name:<45}{tally.inputs:>10}{pace:>12.0f}{len(tally.findings):>10}")


if __name__ == "__main__":
    sys.exit(main())
