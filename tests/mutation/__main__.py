"""``python -m tests.mutation``: the score of the pure modules, and what survived.

``--module`` names a module or package, and may be repeated. ``--sample`` tries so many mutants,
chosen by ``--seed``. Tests that are named are used instead of those of ``chosen``. It exits with 1
below ``--bound`` percent, and when an explanation explains no mutant any more.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from pathlib import Path

from tests.mutation import report
from tests.mutation.child import Verdict
from tests.mutation.explained import explanations, unmatched
from tests.mutation.mutants import Mutant, Source
from tests.mutation.pure import chosen_modules
from tests.mutation.session import run


def main(arguments: list[str]) -> int:
    """Runs the mutants and prints the table; the exit status."""
    options = _options(arguments)
    began = time.monotonic()
    modules = chosen_modules(options.module)
    sources = [Source(module, path) for module, path in modules.items()]
    mutants = [mutant for source in sources for mutant in source.mutants()]
    known = explanations()
    void = unmatched(known, mutants, modules)
    tried = [each for each in mutants if not any(why.explains(each) for why in known)]
    explained = len(mutants) - len(tried)
    if options.sample and options.sample < len(tried):
        chance = random.Random(options.seed)
        chosen = chance.sample(range(len(tried)), options.sample)
        tried = [tried[at] for at in sorted(chosen)]
    scores = {module: report.ModuleScore(module) for module in modules}
    progress = _Progress(len(tried))

    def told(mutant: Mutant, verdict: Verdict | None) -> None:
        scores[mutant.module].note(mutant, verdict)
        progress.one()

    session = run(sources, tried, options.tests, told)
    seconds = time.monotonic() - began
    results = list(scores.values())
    for each in results:
        for mutant in each.survivors:
            print(mutant.diff())
    print(report.table(results))
    print(
        f"{explained} explained as equivalent. {seconds:.0f} s, of these "
        f"{session.baseline_seconds:.0f} s for the tests with nothing wrong."
    )
    for each in void:
        print(f"WRONG: this explains no mutant any more: {each.module}: {each.was.strip()}")
    if options.json:
        text = json.dumps(report.document(results, explained, seconds), indent=1)
        options.json.write_text(text, "utf-8")
    return 1 if void or report.score(results) < options.bound else 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--module", action="append", default=[])
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--bound", type=float, default=90.0)
    parser.add_argument("tests", nargs="*")
    return parser.parse_args(arguments)


class _Progress:
    """How far it is, on stderr."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._began = time.monotonic()

    def one(self) -> None:
        self._done += 1
        if self._done % 100 == 0:
            pace = self._done / (time.monotonic() - self._began)
            sys.stderr.write(f"{self._done} of {self._total}, {pace:.1f} a second\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
