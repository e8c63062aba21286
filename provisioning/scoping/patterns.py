"""The patterns of REGEX MATCH, in .NET's language: what gives no answer is undecided."""

from __future__ import annotations

from collections.abc import Callable

from provisioning.dotnet_regex import MatchFailed
from provisioning.dotnet_regex import compile_pattern as compile_dotnet
from provisioning.scoping.values import Undecided


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Whether a text holds the pattern, anywhere in it: .NET's ``Regex.IsMatch``.

    Case counts. Raises ``InvalidPattern``; what it gives raises ``Undecided`` for a text that takes
    too long, or is too long.
    """
    compiled = compile_dotnet(pattern)

    def found(text: str) -> bool:
        try:
            return compiled.search(text) is not None
        except MatchFailed as error:
            raise Undecided(f"since {str(error).removesuffix('.')}") from error

    return found
