"""The log on standard error, where one entry is one line whatever its texts hold.

Names come from the directory, and error texts from remote systems: a line break in one would be an
entry of its own, and an escape sequence would write over what a terminal has shown. In Azure the
log is not text: an entry is a record there, and its message a field.
"""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType

_ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


class OneLine(logging.Formatter):
    """Unprintable characters are written as escapes. A stack trace keeps its lines, each marked."""

    converter = staticmethod(time.gmtime)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        """The line of an entry."""
        return _printable(super().formatMessage(record))

    def formatException(self, ei: _ExceptionInfo) -> str:  # noqa: N802
        """The stack trace of an error."""
        return _marked(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        """The stack of an entry that asks for it."""
        return _marked(super().formatStack(stack_info))


def to_stderr(level: int, form: str) -> None:
    """The log of this process, from that level on, in that form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(form, datefmt="%Y-%m-%dT%H:%M:%S"))
    logging.basicConfig(handlers=[handler], level=level, force=True)


def _marked(text: str) -> str:
    return "\n".join(f"  | {_printable(line)}" for line in text.split("\n"))


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
