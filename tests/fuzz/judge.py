"""What every parser owes whoever sends it anything.

A value of its type, or an error of its own that names what is wrong. It ends soon and takes little.
Nothing that a sender wrote breaks a line of a log, fills it, or brings a secret into it.
"""

from __future__ import annotations

import logging
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import msgspec
from hypothesis.strategies import SearchStrategy

from provisioning.errors import ConfigurationError, InvalidRequest, Problem, ProvisioningError
from tests.fuzz import typed

SECONDS = 2.0
"""CPU time for one input. The slowest takes tenths; what has no bound takes hours."""

MEGABYTES = 300
"""By which the process may grow over one input. The largest input has 2 MB."""

_MESSAGE = 1_500
"""Characters of one message: a sentence of ours, and an excerpt of 300 at most from others."""

_PROBLEMS = 1_001


class Broken(AssertionError):
    """A parser does not hold what it owes."""


class _Slow(BaseException):
    """Raised by the alarm: nothing in the program may catch it."""


@dataclass(frozen=True)
class Parser:
    """Something that reads what others send.

    ``covers`` names the functions that it exercises, as ``module:qualified name``. ``inputs`` are
    what it is given; ``refusals`` what it may raise. ``gives`` is the type of what it returns, or
    a function that raises for what is wrong with it. ``secrets`` may stand in no text of ours.
    """

    name: str
    covers: tuple[str, ...]
    inputs: SearchStrategy[Any]
    parse: Callable[[Any], object]
    gives: Any = Any
    refusals: tuple[type[Exception], ...] = (ProvisioningError,)
    secrets: tuple[str, ...] = ()
    examples: int = 40


def judge(parser: Parser, given: Any) -> None:
    """Raises when the parser breaks what it owes for this input."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with _logged() as lines, _bounded(SECONDS):
        try:
            value = parser.parse(given)
        except parser.refusals as error:
            refusal: Exception | None = error
        else:
            refusal = None
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    if grown > MEGABYTES:
        raise Broken(f"it took {grown} MB")
    for line in lines:
        check_text(line, parser.secrets, "a line of the log")
    if refusal is not None:
        check_error(refusal, parser.secrets)
    else:
        _check_stored(value)
    if refusal is None and parser.gives is not Any:
        typed.check(value, parser.gives)


def _check_stored(value: object) -> None:
    """Raises for a value that could not be stored or sent on, if it is of a kind that can."""
    try:
        msgspec.json.encode(value)
    except TypeError:
        return
    except (OverflowError, RecursionError, UnicodeEncodeError) as error:
        raise Broken(f"it cannot be stored: {error}") from error


def check_error(error: BaseException, secrets: tuple[str, ...]) -> None:
    """Raises unless the error says what is wrong, on one line, without what is not to be seen."""
    if isinstance(error, ConfigurationError):
        _check_problems(error.problems, secrets)
    elif isinstance(error, InvalidRequest):
        _check_problems((error.problem,), secrets)
    else:
        check_text(str(error), secrets, "the error")
        if isinstance(error, ProvisioningError):
            check_text(error.remedy, secrets, "the remedy")
    _check_causes(error, secrets)


def _check_problems(problems: tuple[Problem, ...], secrets: tuple[str, ...]) -> None:
    if not 0 < len(problems) <= _PROBLEMS:
        raise Broken(f"an error with {len(problems)} problems")
    for problem in problems:
        for what in ("field", "message", "remedy"):
            said = getattr(problem, what)
            if not said:
                raise Broken(f"a problem without a {what}: {problem}")
            check_text(said, secrets, f"the {what} of a problem")


def _check_causes(error: BaseException, secrets: tuple[str, ...]) -> None:
    """The host logs the stack trace of what is raised, with its causes."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None:
        if cause in seen:
            raise Broken(f"an error that is its own cause: {cause!r}")
        seen.append(cause)
        if any(secret in str(cause) for secret in secrets):
            raise Broken(f"a secret in a cause: {cause!r}")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def check_text(text: str, secrets: tuple[str, ...], what: str) -> None:
    """Raises for a text of ours that would be more than one short line, or tells a secret."""
    if len(text) > _MESSAGE:
        raise Broken(f"{what} has {len(text)} characters: {text[:200]!r}")
    if not text.isprintable():
        raise Broken(f"{what} holds what breaks or turns a line: {text!r}")
    if any(secret in text for secret in secrets):
        raise Broken(f"{what} tells a secret: {text!r}")


@contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    """Raises ``Broken`` when the body takes more CPU time. Only in the main thread."""

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise _Slow

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    except _Slow:
        raise Broken(f"it took more than {seconds:g} seconds of CPU time") from None
    except (RecursionError, MemoryError) as error:
        raise Broken(f"{type(error).__name__}") from error
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(("provisioning", "handlers")):
            self.lines.append(record.getMessage())


@contextmanager
def _logged() -> Iterator[list[str]]:
    """What the program logs, a text for each record."""
    handler, logger = _Lines(), logging.getLogger()
    logger.addHandler(handler)
    try:
        yield handler.lines
    finally:
        logger.removeHandler(handler)
