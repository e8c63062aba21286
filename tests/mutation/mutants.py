"""The mutants of a module: each is the module's text with one small thing wrong."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import CodeType

from tests.mutation.sites import Site, sites


@dataclass(frozen=True)
class Mutant:
    """One mutant: where, and what the lines were and became."""

    module: str
    number: int
    statement: int
    line: int
    last_line: int
    was: str
    becomes: str
    at_import: bool

    def diff(self) -> str:
        """As lines of a diff."""
        was = "\n".join(f"-{line}" for line in self.was.splitlines())
        becomes = "\n".join(f"+{line}" for line in self.becomes.splitlines())
        return f"@@ {self.module}:{self.line} @@\n{was}\n{becomes}"


class Source:
    """A module's text, of which mutants are made and compiled."""

    def __init__(self, module: str, path: Path) -> None:
        self.module = module
        self.path = path
        self.text = path.read_text("utf-8")
        self._tree = ast.parse(self.text)
        self._sites = list(sites(self._tree))

    @cached_property
    def code(self) -> CodeType:
        """The module's code as it is."""
        return self._compiled()

    def mutants(self) -> list[Mutant]:
        """All, in the order of the lines. Some may mean the same when compiled: ``mutated``."""
        return [self._mutant(number) for number in range(len(self._sites))]

    def mutated(self, mutant: Mutant) -> CodeType | None:
        """The code of the module with this one thing wrong; ``None``: it is the same code, or
        none at all.
        """
        code = self._code_of(self._sites[mutant.number])
        return None if code == self.code else code

    def _mutant(self, number: int) -> Mutant:
        site = self._sites[number]
        shown = site.parent if isinstance(site.parent, ast.JoinedStr) else site.node
        first, last = shown.lineno, shown.end_lineno or shown.lineno
        lines = self.text.encode().splitlines()  # Columns count bytes of UTF-8.
        head = lines[first - 1][: shown.col_offset].decode()
        tail = lines[last - 1][shown.end_col_offset :].decode()
        return Mutant(
            self.module,
            number,
            site.statement,
            first,
            last,
            b"\n".join(lines[first - 1 : last]).decode(),
            f"{head}{self._wrong_text(site)}{tail}",
            site.at_import,
        )

    def _wrong_text(self, site: Site) -> str:
        """What stands there instead, in a string that is formatted the whole of it."""
        if not isinstance(site.parent, ast.JoinedStr):
            return ast.unparse(site.wrong)
        values: list[ast.expr] = [
            site.wrong if each is site.node else each  # type: ignore[misc]
            for each in site.parent.values
        ]
        return ast.unparse(ast.JoinedStr(values))

    def _code_of(self, site: Site) -> CodeType | None:
        holder = getattr(site.parent, site.field)
        new = ast.fix_missing_locations(ast.copy_location(site.wrong, site.node))
        if site.index is None:
            setattr(site.parent, site.field, new)
        else:
            holder[site.index] = new
        try:
            return self._compiled()
        except (SyntaxError, ValueError):
            return None
        finally:
            if site.index is None:
                setattr(site.parent, site.field, site.node)
            else:
                holder[site.index] = site.node

    def _compiled(self) -> CodeType:
        return compile(self._tree, str(self.path), "exec", dont_inherit=True)
