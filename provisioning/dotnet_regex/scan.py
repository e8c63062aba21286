"""Reads a pattern of .NET and spells it for the engines.

Every construct is read here, and refused here when it is wrong: no engine ever sees the text of
the pattern, so that none of them can read another meaning into it.
"""

from __future__ import annotations

import re

import msgspec

from provisioning.dotnet_regex.brackets import SETS, add_set, read_class
from provisioning.dotnet_regex.characters import escaped_character, is_half, low_surrogate
from provisioning.dotnet_regex.classes import BOUNDARY_WORD, CharacterClass, Spelling, literal
from provisioning.dotnet_regex.cursor import Cursor
from provisioning.dotnet_regex.errors import InvalidPattern
from provisioning.dotnet_regex.groups import Groups, Reference, numbered, referred
from provisioning.dotnet_regex.limits import (
    MAX_DEPTH,
    MAX_GROUPS,
    MAX_PATTERN_LENGTH,
    MAX_REPEAT,
)

_OPTIONS = re.compile(r"\(\?([imnsx]*)(?:-([imnsx]*))?([:)])")
_NAMED = re.compile(r"\(\?(?:<(\w+)>|'(\w+)')")
_COUNTED = re.compile(r"\{([0-9]+)(,?)([0-9]*)\}")
_REFERENCE = re.compile(r"k(?:<(\w+)>|'(\w+)')|([1-9][0-9]*)")

_WORD = f"[{BOUNDARY_WORD}]"
_AT_BOUNDARY = f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))"
_NOT_AT_BOUNDARY = f"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))"


class Scanned(msgspec.Struct, frozen=True):
    """A pattern for the engines.

    ``linear`` is ``None`` when RE2 cannot have it. Where ``ascii_only``, it holds for texts of
    ASCII only, since RE2 knows no other word boundaries; where ``soft_end``, for texts that do
    not end in a line feed, since RE2 has no end before that. ``groups`` are the numbers of the
    engines' groups by .NET's name or number; several where one name is used several times.
    """

    linear: str | None
    full: str
    groups: Groups
    ascii_only: bool
    soft_end: bool


class _Group(msgspec.Struct):
    """An open group: the options outside of it, where it began, the most that it repeats."""

    outer: frozenset[str]
    position: int
    largest: int = 1


def scan(text: str) -> Scanned:
    """The pattern, read. Raises ``InvalidPattern``."""
    if len(text) > MAX_PATTERN_LENGTH:
        message = f"the pattern has {len(text)} characters, more than {MAX_PATTERN_LENGTH},"
        raise InvalidPattern(message, MAX_PATTERN_LENGTH + 1)
    return _Scanner(text).scan()


class _Scanner(Cursor):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._options: frozenset[str] = frozenset()
        self._open: list[_Group] = []
        self._largest = 1
        """The largest repetition since the innermost open group began."""
        self._pieces: list[Spelling | Reference] = []
        self._captures: list[str | None] = []
        self._repeatable: int | None = None
        """How often the atom before repeats within itself; ``None`` when nothing can repeat."""
        self._ascii_only = False
        self._soft_end = False

    def scan(self) -> Scanned:
        while self.at < len(self.text):
            self._next()
        if self._open:
            raise InvalidPattern("a parenthesis is not closed", self._open[-1].position)
        groups = numbered(self._captures)
        pieces = [
            piece if isinstance(piece, Spelling) else referred(piece, groups)
            for piece in self._pieces
        ]
        linear: str | None = None
        if all(piece.linear is not None for piece in pieces):
            linear = "".join(piece.linear or "" for piece in pieces)
        full = "".join(piece.full for piece in pieces)
        return Scanned(linear, full, groups, self._ascii_only, self._soft_end)

    def _next(self) -> None:
        character = self.text[self.at]
        if "x" in self._options and (character.isspace() or character == "#"):
            self._skip_blank(character)
        elif character in "*+?" or (character == "{" and _COUNTED.match(self.text, self.at)):
            self._quantifier(character)
        elif character == "(":
            self._parenthesis()
        elif character == ")":
            self._close()
        elif character == "|":
            self.at += 1
            self._add("|", "|", None)
        elif character == "[":
            self._atom(read_class(self, self._prefix, self.at).spelling(self._prefix))
        elif character == "\\":
            self._escape()
        else:
            self._plain(character)

    def _plain(self, character: str) -> None:
        start = self.at
        self.at += 1
        if character == ".":
            dot = "(?s:.)" if "s" in self._options else "[^\\n]"
            self._add(dot, dot)
        elif character == "^":
            anchor = "(?m:^)" if "m" in self._options else "\\A"
            self._add(anchor, anchor)
        elif character == "$" and "m" in self._options:
            self._add("(?m:$)", "(?m:$)")
        elif character == "$":
            self._end_of_text()
        else:
            self._character(character, start)

    def _skip_blank(self, character: str) -> None:
        if character == "#":
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end + 1
        else:
            self.at += 1

    # --- pieces ---

    @property
    def _prefix(self) -> str:
        return "(?i:" if "i" in self._options else "(?:"

    def _add(self, linear: str | None, full: str, repeatable: int | None = 1) -> None:
        self._pieces.append(Spelling(linear, full))
        self._repeatable = repeatable

    def _atom(self, spelling: Spelling) -> None:
        self._pieces.append(spelling)
        self._repeatable = 1

    def _character(self, character: str, start: int) -> None:
        """A literal character; the halves of a surrogate pair are one."""
        if is_half(character):
            low = low_surrogate(self) if character <= "\udbff" else ""
            if not "\udc00" <= low <= "\udfff":
                raise InvalidPattern("half of a surrogate pair stands alone", start + 1)
            character = chr(0x10000 + ((ord(character) & 0x3FF) << 10) + (ord(low) & 0x3FF))
        text = literal(character)
        if "i" in self._options and character.isalpha():
            text = f"(?i:{text})"
        self._add(text, text)

    def _end_of_text(self) -> None:
        self._soft_end = True
        self._add(r"\z", r"(?=\n?\Z)")

    # --- repetition ---

    def _quantifier(self, character: str) -> None:
        start = self.at
        if self._repeatable is None:
            raise InvalidPattern(f"{character!r} has nothing to repeat", start + 1)
        if character == "{":
            counted = _COUNTED.match(self.text, start)
            assert counted is not None
            text, most = counted[0], self._most(counted, start)
            self.at = counted.end()
        else:
            text, most = character, 1
            self.at += 1
        if self.text.startswith("?", self.at):
            text += "?"
            self.at += 1
        largest = max(most, 1) * self._repeatable
        if largest > MAX_REPEAT:
            message = f"repetitions within one another come to more than {MAX_REPEAT}"
            raise InvalidPattern(message, start + 1)
        self._largest = max(self._largest, largest)
        self._add(text, text, None)

    def _most(self, counted: re.Match[str], start: int) -> int:
        # int() of an endless row of digits would take endless time.
        least_text, comma, most_text = counted[1].lstrip("0"), counted[2], counted[3].lstrip("0")
        if max(len(least_text), len(most_text)) > len(str(MAX_REPEAT)):
            raise InvalidPattern(f"a repetition is larger than {MAX_REPEAT}", start + 1)
        least = int(least_text or "0")
        most = int(most_text or "0") if comma and counted[3] else least
        if most < least:
            raise InvalidPattern("a repetition ends before it begins", start + 1)
        return most

    # --- groups ---

    def _parenthesis(self) -> None:
        start, text = self.at, self.text
        if text.startswith("(?#", start):
            end = text.find(")", start)
            if end < 0:
                raise InvalidPattern("a comment is not closed", start + 1)
            self.at = end + 1
            return
        if not text.startswith("(?", start):
            capturing = "n" not in self._options
            self.at += 1
            self._begin("(" if capturing else "(?:", start, name=None, capturing=capturing)
            return
        options = _OPTIONS.match(text, start)
        if options is not None:
            self._set_options(options, start)
            return
        self._special(start)

    def _special(self, start: int) -> None:
        named = _NAMED.match(self.text, start)
        if named is not None:
            self.at = named.end()
            name = named[1] or named[2]
            if name == "0":
                raise InvalidPattern("a group cannot have the number 0", start + 1)
            self._begin("(", start, name=name, capturing=True)
            return
        for mark in ("(?<=", "(?<!", "(?=", "(?!", "(?>"):
            if self.text.startswith(mark, start):
                self.at += len(mark)
                self._begin(mark, start, name=None, capturing=False)
                return
        what = "a condition" if self.text.startswith("(?(", start) else "this kind of group"
        raise InvalidPattern(f"{what} is not supported or not known", start + 1)

    def _begin(self, mark: str, start: int, *, name: str | None, capturing: bool) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise InvalidPattern(f"groups are nested more than {MAX_DEPTH} deep", start + 1)
        if capturing:
            self._captures.append(name)
            if len(self._captures) > MAX_GROUPS:
                raise InvalidPattern(f"there are more than {MAX_GROUPS} groups", start + 1)
        self._open.append(_Group(self._options, start + 1, self._largest))
        self._largest = 1
        self._add(mark if mark in ("(", "(?:") else None, mark, None)

    def _close(self) -> None:
        if not self._open:
            raise InvalidPattern("a parenthesis is closed that was not opened", self.at + 1)
        self.at += 1
        group = self._open.pop()
        self._options = group.outer
        inner = self._largest
        self._largest = max(group.largest, inner)
        self._add(")", ")", inner)

    def _set_options(self, found: re.Match[str], start: int) -> None:
        self.at = found.end()
        outer = self._options
        inner = (outer | set(found[1])) - set(found[2] or "")
        if found[3] == ":":
            self._begin("(?:", start, name=None, capturing=False)
        else:
            self._add("", "", None)
        self._options = frozenset(inner)

    # --- escapes ---

    def _escape(self) -> None:
        start = self.at
        letter = self.text[start + 1 : start + 2]
        reference = _REFERENCE.match(self.text, start + 1)
        if reference is not None:
            self.at = reference.end()
            name = reference[1] or reference[2] or reference[3]
            self._pieces.append(Reference(name, self._prefix, start + 1))
            self._repeatable = 1
        elif letter in {"b", "B", "A", "z", "Z", "G"}:
            self.at += 2
            self._anchor(letter)
        elif letter and letter in SETS:
            single = CharacterClass()
            add_set(self, single, start)
            self._atom(single.spelling(self._prefix))
        else:
            self._character(escaped_character(self, inside=False), start)

    def _anchor(self, letter: str) -> None:
        if letter == "Z":
            self._end_of_text()
        elif letter in "bB":
            self._ascii_only = True
            self._add(f"\\{letter}", _AT_BOUNDARY if letter == "b" else _NOT_AT_BOUNDARY)
        elif letter == "z":
            self._add(r"\z", r"\Z")
        else:
            self._add(r"\A" if letter == "A" else None, f"\\{letter}")
