"""Puts the code of a mutant into the functions of this process."""

from __future__ import annotations

import functools
import gc
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType


class LiveFunctions:
    """The functions of this process that were made from the files given."""

    def __init__(self, files: set[Path]) -> None:
        names = {str(file) for file in files}
        self._functions: dict[CodeType, list[FunctionType]] = defaultdict(list)
        self._caches = []
        for each in gc.get_objects():
            if isinstance(each, FunctionType) and each.__code__.co_filename in names:
                self._functions[each.__code__].append(each)
            elif isinstance(each, functools._lru_cache_wrapper) and _is_ours(each):
                self._caches.append(each)

    def swap(self, was: CodeType, becomes: CodeType) -> bool:
        """Replaces what differs; whether there was a function for all of it.

        Values that were remembered come from the right code: they are forgotten.
        """
        done = [self._swap(old, new) for old, new in _pairs(was, becomes) if old != new]
        for cache in self._caches:
            cache.cache_clear()
        return bool(done) and any(done)

    def _swap(self, was: CodeType, becomes: CodeType) -> bool:
        functions = self._functions.get(was, [])
        for function in functions:
            if len(function.__code__.co_freevars) == len(becomes.co_freevars):
                function.__code__ = becomes
        return bool(functions)


def _is_ours(cache: object) -> bool:
    return str(getattr(cache, "__module__", "")).startswith("provisioning")


def _pairs(was: CodeType, becomes: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """The same function in both, at every depth."""
    yield was, becomes
    old, new = _inner(was), _inner(becomes)
    if [each.co_qualname for each in old] == [each.co_qualname for each in new]:
        for inner_was, inner_becomes in zip(old, new, strict=True):
            yield from _pairs(inner_was, inner_becomes)


def _inner(code: CodeType) -> list[CodeType]:
    return [each for each in code.co_consts if isinstance(each, CodeType)]
