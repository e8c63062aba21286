"""What the mutants showed, as a table and as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.mutation.child import Verdict
from tests.mutation.mutants import Mutant


@dataclass
class ModuleScore:
    """What became of the mutants of one module."""

    module: str
    verdicts: Counter[str] = field(default_factory=Counter)
    survivors: list[Mutant] = field(default_factory=list)

    def note(self, mutant: Mutant, verdict: Verdict | None) -> None:
        """``None``: no test passes through it, and so none notices it."""
        self.verdicts[verdict or Verdict.SURVIVED] += 1
        if verdict in {None, Verdict.SURVIVED}:
            self.survivors.append(mutant)

    @property
    def killed(self) -> int:
        """Those noticed; who never ends is noticed."""
        return self.verdicts[Verdict.KILLED] + self.verdicts[Verdict.TIMEOUT]

    @property
    def tried(self) -> int:
        """All but the explained."""
        return self.killed + self.verdicts[Verdict.SURVIVED]


def score(modules: list[ModuleScore]) -> float:
    """The share that was noticed, in percent."""
    tried = sum(each.tried for each in modules)
    return 100 * sum(each.killed for each in modules) / tried if tried else 100.0


_COLUMNS = (
    f"{'module':<44} {'mutants':>8} {'killed':>7} {'timeout':>8} {'survived':>9} {'score':>8}"
)


def table(modules: list[ModuleScore]) -> str:
    """One line per module, and one for all."""
    total = ModuleScore("all")
    for each in modules:
        total.verdicts.update(each.verdicts)
    rows = [_COLUMNS, *(_row(each) for each in modules if each.tried), _row(total)]
    return "\n".join(rows)


def _row(each: ModuleScore) -> str:
    counts = each.verdicts
    return (
        f"{each.module.removeprefix('provisioning.'):<44} {each.tried:>8} "
        f"{counts[Verdict.KILLED]:>7} {counts[Verdict.TIMEOUT]:>8} "
        f"{counts[Verdict.SURVIVED]:>9} {score([each]):>6.1f} %"
    )


def document(modules: list[ModuleScore], explained: int, seconds: float) -> dict[str, Any]:
    """The same for programs."""
    return {
        "score": round(score(modules), 2),
        "explained": explained,
        "seconds": round(seconds, 1),
        "modules": [
            {
                "module": each.module,
                "mutants": each.tried,
                **{verdict.value: each.verdicts[verdict] for verdict in Verdict},
                "score": round(score([each]), 2),
                "survivors": [
                    {"line": mutant.line, "was": mutant.was, "becomes": mutant.becomes}
                    for mutant in each.survivors
                ],
            }
            for each in modules
            if each.tried
        ],
    }
