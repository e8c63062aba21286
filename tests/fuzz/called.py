"""Which functions of the program have run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from tests.fuzz.scan import PACKAGES, ROOT

_FOLDERS = tuple(f"{ROOT / package}/" for package in PACKAGES)


@contextmanager
def called() -> Iterator[set[str]]:
    """The functions that the body calls, as ``module:qualified name``."""
    places: set[str] = set()

    def note(code: CodeType) -> None:
        if code.co_filename.startswith(_FOLDERS):
            path = code.co_filename.removeprefix(f"{ROOT}/").removesuffix(".py")
            module = path.replace("/", ".").removesuffix(".__init__")
            places.add(f"{module}:{code.co_qualname.replace('.<locals>', '')}")

    watching = _monitored if sys.version_info >= (3, 12) else _profiled
    with watching(note):
        yield places


@contextmanager
def _monitored(note: Any) -> Iterator[None]:
    """Each function is reported once, which costs next to nothing (Python 3.12)."""
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
    tool, start = monitoring.PROFILER_ID, monitoring.events.PY_START

    def once(code: CodeType, _offset: int) -> Any:
        note(code)
        return monitoring.DISABLE

    monitoring.use_tool_id(tool, "fuzz")
    monitoring.register_callback(tool, start, once)
    monitoring.set_events(tool, start)
    monitoring.restart_events()
    try:
        yield
    finally:
        monitoring.set_events(tool, 0)
        monitoring.register_callback(tool, start, None)
        monitoring.free_tool_id(tool)


@contextmanager
def _profiled(note: Any) -> Iterator[None]:
    seen: set[CodeType] = set()

    def call(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code not in seen:
            seen.add(frame.f_code)
            note(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(call)
    try:
        yield
    finally:
        sys.setprofile(before)
