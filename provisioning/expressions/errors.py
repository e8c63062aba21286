"""What goes wrong when an expression is evaluated for one object."""

from __future__ import annotations

from provisioning.errors import ProvisioningError, cut

_VALUE_LENGTH = 60
HIDDEN = "[Redact]"
"""What logs show instead of a value that ``Redact`` hides, as Entra's do."""


class EvaluationError(ProvisioningError):
    """A function cannot use a value. Only this object's attribute has no value for it.

    ``argument`` counts from 1 and is ``None`` when no argument is at fault. ``position`` is the
    function's in the expression, from 1. ``value`` is what was seen, cut.
    """

    code = "EvaluationError"

    def __init__(
        self,
        function: str,
        position: int,
        argument: int | None,
        value: str | None,
        reason: str,
        remedy: str,
    ) -> None:
        self.function = function
        self.position = position
        self.argument = argument
        self.value = None if value is None else cut(value, _VALUE_LENGTH)
        self.reason = reason
        place = f"{function} at character {position}"
        if argument is not None:
            place += f", argument {argument}"
        seen = "" if self.value is None else f"{self.value!r} "
        self.message = f"{place}: {seen}{reason}"
        super().__init__(self.message, remedy=remedy)

    def redacted(self) -> EvaluationError:
        """The same without the value."""
        value = None if self.value is None else HIDDEN
        return EvaluationError(
            self.function, self.position, self.argument, value, self.reason, self.remedy
        )


class Unfit(Exception):
    """A value that a function cannot use; who knows the call makes an ``EvaluationError`` of it.

    ``argument`` counts from 1; ``None`` when the argument is the one that is being read.
    """

    def __init__(
        self,
        reason: str,
        remedy: str,
        *,
        value: str | None = None,
        argument: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.value = value
        self.argument = argument
