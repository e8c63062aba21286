"""How the cost grows, as SVG: lines over users in scope, both axes logarithmic. No library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 640, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 170, 40, 50
_COLOURS = ("#1f5fa8", "#c0504d", "#5a8f3c", "#7a52a3", "#b8860b")
_FONT = "font-family='sans-serif' font-size='12'"


def svg(title: str, unit: str, lines: Mapping[str, Points], bound: float | None = None) -> str:
    """A plot of ``lines`` by name; ``bound`` is a dashed line. Values are above 0."""
    points = [point for line in lines.values() for point in line]
    across = _Axis([x for x, _ in points], _LEFT, _WIDTH - _RIGHT)
    values = [y for _, y in points] + ([bound] if bound else [])
    up = _Axis(values, _HEIGHT - _BOTTOM, _TOP)
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {_HEIGHT}' role='img'>",
        f"<title>{escape(title)}</title>",
        f"<rect width='{_WIDTH}' height='{_HEIGHT}' fill='white'/>",
        f"<text x='{_LEFT}' y='20' {_FONT} font-weight='bold'>{escape(title)}</text>",
        f"<text x='{_LEFT}' y='{_HEIGHT - 10}' {_FONT}>users in scope</text>",
        f"<text x='6' y='{_TOP - 8}' {_FONT}>{escape(unit)}</text>",
        *_grid(across, up),
    ]
    if bound:
        at = up.place(bound)
        parts.append(
            f"<line x1='{_LEFT}' x2='{_WIDTH - _RIGHT}' y1='{at:.1f}' y2='{at:.1f}' "
            "stroke='#888' stroke-dasharray='6 4'/>"
        )
        parts.append(f"<text x='{_WIDTH - _RIGHT + 8}' y='{at + 4:.1f}' {_FONT}>bound</text>")
    for number, (name, line) in enumerate(lines.items()):
        parts += _line(name, sorted(line), across, up, _COLOURS[number % len(_COLOURS)], number)
    return "\n".join([*parts, "</svg>\n"])


class _Axis:
    """From values to places, by their logarithm, widened to whole decades."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self.first = math.floor(math.log10(min(values)))
        self.last = max(math.ceil(math.log10(max(values))), self.first + 1)
        self._start, self._end = start, end

    def place(self, value: float) -> float:
        share = (math.log10(value) - self.first) / (self.last - self.first)
        return self._start + share * (self._end - self._start)

    @property
    def marks(self) -> list[float]:
        return [10.0**power for power in range(self.first, self.last + 1)]


def _grid(across: _Axis, up: _Axis) -> list[str]:
    parts = []
    for mark in across.marks:
        at = across.place(mark)
        parts.append(_rule(at, at, _TOP, _HEIGHT - _BOTTOM))
        place = f"x='{at:.1f}' y='{_HEIGHT - _BOTTOM + 16}' text-anchor='middle'"
        parts.append(f"<text {place} {_FONT}>{mark:,.0f}</text>")
    for mark in up.marks:
        at = up.place(mark)
        parts.append(_rule(_LEFT, _WIDTH - _RIGHT, at, at))
        place = f"x='{_LEFT - 6}' y='{at + 4:.1f}' text-anchor='end'"
        parts.append(f"<text {place} {_FONT}>{mark:,.3g}</text>")
    return parts


def _rule(x1: float, x2: float, y1: float, y2: float) -> str:
    return f"<line x1='{x1:.1f}' x2='{x2:.1f}' y1='{y1:.1f}' y2='{y2:.1f}' stroke='#ddd'/>"


def _line(name: str, line: Points, across: _Axis, up: _Axis, colour: str, number: int) -> list[str]:
    places = [(across.place(x), up.place(y)) for x, y in line]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    label = f"x='{_WIDTH - _RIGHT + 8}' y='{_TOP + 16 * number + 10}' {_FONT} fill='{colour}'"
    return [
        f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2'/>",
        *(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3' fill='{colour}'/>" for x, y in places),
        f"<text {label}>{escape(name)}</text>",
    ]
