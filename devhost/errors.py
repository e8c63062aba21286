"""What can go wrong when the function app runs on this machine."""

from __future__ import annotations


class WorkerUnavailable(ImportError):
    """The worker library cannot be imported: it needs Python 3.13 or newer."""


class WorkerError(Exception):
    """The app cannot be loaded, or was called in a way that the host would not call it.

    ``stack`` is the worker's stack trace, empty when there is none.
    """

    def __init__(self, message: str, stack: str = "") -> None:
        super().__init__(message)
        self.stack = stack


class FunctionFailed(WorkerError):
    """The function raised, or the worker could not encode what it returned.

    The message is the worker's: the type of the exception and its text. ``function`` is the
    name of the function, ``stack`` its stack trace with all chained causes.
    """

    def __init__(self, function: str, message: str, stack: str) -> None:
        super().__init__(f"{function}: {message}", stack)
        self.function = function
