"""What a story found: figures, and what was wrong."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Telling:
    """One story as it was told."""

    name: str
    figures: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def measured(self, **figures: float) -> None:
        """Notes figures; seconds and counts."""
        self.figures |= figures

    def check(self, holds: bool, otherwise: str) -> None:  # noqa: FBT001  reads like an assertion
        """Notes what is wrong if something does not hold."""
        if not holds:
            self.wrong.append(otherwise)
