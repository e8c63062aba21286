"""Reads a pattern of .NET and spells it for the engines.

Every construct is read here, and refused here when it is wrong: no engine ever sees the text of
the pattern, so that none of them can read another meaning into it.
"""

from __future__ import annotations

import re

import msgspec

from provisioning.dotnet_regex.classes import (
    BOUNDARY_WORD,
    INSIDE,
    CharacterClass,
    Spelling,
    category,
    literal,
    member,
)
from provisioning.dotnet_regex.errors import InvalidPattern
from provisioning.dotnet_regex.limits import (
    MAX_DEPTH,
    MAX_GROUPS,
    MAX_PATTERN_LENGTH,
    MAX_REPEAT,
)

_OPTIONS = re.compile(r"\(\?([imnsx]*)(?:-([imnsx]*))?([:)])")
_NAMED = re.compile(r"\(\?(?:<(\w+)>|'(\w+)')")
_COUNTED = re.compile(r"\{([0-9]+)(,?)([0-9]*)\}")
_PROPERTY = re.compile(r"\{([^{}]*)\}")
_REFERENCE = re.compile(r"k(?:<(\w+)>|'(\w+)')|([1-9][0-9]*)")
_HEX = {"x": re.compile("[0-9A-Fa-f]{2}"), "u": re.compile("[0-9A-Fa-f]{4}")}
_OCTAL = re.compile("0[0-7]{0,2}")
_CONTROL = {"a": "\a", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

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
    groups: dict[str, tuple[int, ...]]
    ascii_only: bool
    soft_end: bool


class _Group(msgspec.Struct):
    """An open group: the options outside of it, where it began, the most that it repeats."""

    outer: frozenset[str]
    position: int
    largest: int = 1


class _Reference(msgspec.Struct, frozen=True):
    name: str
    prefix: str
    position: int


def scan(text: str) -> Scanned:
    """The pattern, read. Raises ``InvalidPattern``."""
    if len(text) > MAX_PATTERN_LENGTH:
        message = f"the pattern has {len(text)} characters, more than {MAX_PATTERN_LENGTH},"
        raise InvalidPattern(message, MAX_PATTERN_LENGTH + 1)
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._options: frozenset[str] = frozenset()
        self._open: list[_Group] = []
        self._largest = 1
        """The largest repetition since the innermost open group began."""
        self._pieces: list[Spelling | _Reference] = []
        self._captures: list[str | None] = []
        self._repeatable: int | None = None
        """How often the atom before repeats within itself; ``None`` when nothing can repeat."""
        self._ascii_only = False
        self._soft_end = False

    def scan(self) -> Scanned:
        while self._at < len(self._text):
            self._next()
        if self._open:
            raise InvalidPattern("a parenthesis is not closed", self._open[-1].position)
        groups = self._numbers()
        pieces = [self._resolved(piece, groups) for piece in self._pieces]
        linear: str | None = None
        if all(piece.linear is not None for piece in pieces):
            linear = "".join(piece.linear or "" for piece in pieces)
        full = "".join(piece.full for piece in pieces)
        return Scanned(linear, full, groups, self._ascii_only, self._soft_end)

    def _next(self) -> None:
        character = self._text[self._at]
        if "x" in self._options and (character.isspace() or character == "#"):
            self._skip_blank(character)
        elif character in "*+?" or (character == "{" and _COUNTED.match(self._text, self._at)):
            self._quantifier(character)
        elif character == "(":
            self._parenthesis()
        elif character == ")":
            self._close()
        elif character == "|":
            self._at += 1
            self._add("|", "|", None)
        elif character == "[":
            self._atom(self._class().spelling(self._prefix))
        elif character == "\\":
            self._escape()
        else:
            self._plain(character)

    def _plain(self, character: str) -> None:
        start = self._at
        self._at += 1
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
            end = self._text.find("\n", self._at)
            self._at = len(self._text) if end < 0 else end + 1
        else:
            self._at += 1

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
        if _is_half(character):
            low = self._low_surrogate() if character <= "\udbff" else ""
            if not "\udc00" <= low <= "\udfff":
                raise InvalidPattern("half of a surrogate pair stands alone", start + 1)
            character = chr(0x10000 + ((ord(character) & 0x3FF) << 10) + (ord(low) & 0x3FF))
        text = literal(character)
        if "i" in self._options and character.isalpha():
            text = f"(?i:{text})"
        self._add(text, text)

    def _low_surrogate(self) -> str:
        r"""The second half of a pair, written out or as ``\uXXXX``; or what stands there."""
        if self._text.startswith("\\u", self._at):
            found = _HEX["u"].match(self._text, self._at + 2)
            if found is not None:
                self._at = found.end()
                return chr(int(found[0], 16))
        low = self._text[self._at : self._at + 1]
        self._at += len(low)
        return low

    def _end_of_text(self) -> None:
        self._soft_end = True
        self._add(r"\z", r"(?=\n?\Z)")

    # --- repetition ---

    def _quantifier(self, character: str) -> None:
        start = self._at
        if self._repeatable is None:
            raise InvalidPattern(f"{character!r} has nothing to repeat", start + 1)
        if character == "{":
            counted = _COUNTED.match(self._text, start)
            assert counted is not None
            text, most = counted[0], self._most(counted, start)
            self._at = counted.end()
        else:
            text, most = character, 1
            self._at += 1
        if self._text.startswith("?", self._at):
            text += "?"
            self._at += 1
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
        start, text = self._at, self._text
        if text.startswith("(?#", start):
            end = text.find(")", start)
            if end < 0:
                raise InvalidPattern("a comment is not closed", start + 1)
            self._at = end + 1
            return
        if not text.startswith("(?", start):
            capturing = "n" not in self._options
            self._at += 1
            self._begin("(" if capturing else "(?:", start, name=None, capturing=capturing)
            return
        options = _OPTIONS.match(text, start)
        if options is not None:
            self._set_options(options, start)
            return
        self._special(start)

    def _special(self, start: int) -> None:
        named = _NAMED.match(self._text, start)
        if named is not None:
            self._at = named.end()
            name = named[1] or named[2]
            if name == "0":
                raise InvalidPattern("a group cannot have the number 0", start + 1)
            self._begin("(", start, name=name, capturing=True)
            return
        for mark in ("(?<=", "(?<!", "(?=", "(?!", "(?>"):
            if self._text.startswith(mark, start):
                self._at += len(mark)
                self._begin(mark, start, name=None, capturing=False)
                return
        what = "a condition" if self._text.startswith("(?(", start) else "this kind of group"
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
            raise InvalidPattern("a parenthesis is closed that was not opened", self._at + 1)
        self._at += 1
        group = self._open.pop()
        self._options = group.outer
        inner = self._largest
        self._largest = max(group.largest, inner)
        self._add(")", ")", inner)

    def _set_options(self, found: re.Match[str], start: int) -> None:
        self._at = found.end()
        outer = self._options
        inner = (outer | set(found[1])) - set(found[2] or "")
        if found[3] == ":":
            self._begin("(?:", start, name=None, capturing=False)
        else:
            self._add("", "", None)
        self._options = frozenset(inner)

    def _numbers(self) -> dict[str, tuple[int, ...]]:
        """.NET numbers groups without a name first, then those with one that is no number."""
        numbers: dict[str, tuple[int, ...]] = {"0": (0,)}
        taken = {name for name in self._captures if name is not None and name.isdigit()}
        following = 1
        by_name: dict[str, list[int]] = {}
        for index, name in enumerate(self._captures, 1):
            if name is not None:
                by_name.setdefault(name, []).append(index)
                continue
            while str(following) in taken:
                following += 1
            numbers[str(following)] = (index,)
            following += 1
        for name, indices in by_name.items():
            numbers[name] = tuple(indices)
            if name.isdigit():
                continue
            while str(following) in numbers or str(following) in taken:
                following += 1
            numbers[str(following)] = tuple(indices)
        return numbers

    def _resolved(
        self, piece: Spelling | _Reference, groups: dict[str, tuple[int, ...]]
    ) -> Spelling:
        if isinstance(piece, Spelling):
            return piece
        indices = groups.get(piece.name, ())
        if len(indices) != 1:
            message = f"there is no group {piece.name!r} to refer back to"
            if indices:
                message = f"the group {piece.name!r} to refer back to is there several times"
            raise InvalidPattern(message, piece.position)
        return Spelling(None, f"{piece.prefix}\\g<{indices[0]}>)")

    # --- escapes ---

    def _escape(self) -> None:
        start = self._at
        letter = self._text[start + 1 : start + 2]
        reference = _REFERENCE.match(self._text, start + 1)
        if reference is not None:
            self._at = reference.end()
            name = reference[1] or reference[2] or reference[3]
            self._pieces.append(_Reference(name, self._prefix, start + 1))
            self._repeatable = 1
        elif letter in {"b", "B", "A", "z", "Z", "G"}:
            self._at += 2
            self._anchor(letter)
        elif letter and letter in "dwsDWSpP":
            single = CharacterClass()
            self._add_set(single, start)
            self._atom(single.spelling(self._prefix))
        else:
            self._character(self._escaped_character(inside=False), start)

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

    def _escaped_character(self, *, inside: bool) -> str:
        """The character that an escape stands for, without the classes."""
        start, text = self._at, self._text
        letter = text[start + 1 : start + 2]
        self._at += 2
        if not letter:
            raise InvalidPattern("the pattern ends in a backslash", start + 1)
        if letter in _HEX:
            digits = _HEX[letter].match(text, self._at)
            if digits is None:
                raise InvalidPattern(f"\\{letter} lacks its hexadecimal digits", start + 1)
            self._at = digits.end()
            return chr(int(digits[0], 16))
        octal = _OCTAL.match(text, start + 1)
        if octal is not None:
            self._at = octal.end()
            return chr(int(octal[0], 8))
        if letter == "c":
            return self._control(start)
        if letter == "b" and inside:
            return "\b"
        if letter in _CONTROL:
            return _CONTROL[letter]
        if letter.isalnum() or letter == "_":
            raise InvalidPattern(f"\\{letter} is not known", start + 1)
        return letter

    def _control(self, start: int) -> str:
        letter = self._text[self._at : self._at + 1].upper()
        self._at += 1
        if not letter or not "@" <= letter <= "_":
            raise InvalidPattern("\\c lacks its letter", start + 1)
        return chr(ord(letter) - 64)

    # --- classes ---

    def _add_set(self, found: CharacterClass, start: int) -> None:
        r"""Adds ``\d``, ``\w``, ``\s``, ``\p{…}`` or what is none of them."""
        letter = self._text[start + 1]
        self._at = start + 2
        if letter.lower() != "p":
            inside = INSIDE[letter.lower()]
            if letter.islower():
                found.members += inside
            else:
                found.complements += (inside,)
            return
        name = _PROPERTY.match(self._text, self._at)
        spelling = category(name[1], negated=letter == "P") if name else None
        if name is None or spelling is None:
            raise InvalidPattern(f"\\{letter} lacks a known category or block", start + 1)
        self._at = name.end()
        if spelling.linear is None:
            found.only_full += spelling.full
        else:
            found.members += spelling.full

    def _class(self) -> CharacterClass:
        return self._class_from(self._at, 0)

    def _class_from(self, start: int, depth: int) -> CharacterClass:
        if depth > MAX_DEPTH:
            raise InvalidPattern(f"brackets are nested more than {MAX_DEPTH} deep", start + 1)
        text = self._text
        self._at = start + 1
        found = CharacterClass(negated=text.startswith("^", self._at))
        self._at += found.negated
        first = True
        while True:
            if self._at >= len(text):
                raise InvalidPattern("a bracket is not closed", start + 1)
            if text[self._at] == "]" and not first:
                self._at += 1
                return found
            if not first and text.startswith("-[", self._at):
                self._subtract(found, depth)
                return found
            self._member(found)
            first = False

    def _subtract(self, found: CharacterClass, depth: int) -> None:
        at = self._at + 1
        found.minus = self._class_from(at, depth + 1).spelling(self._prefix)
        if not self._text.startswith("]", self._at):
            raise InvalidPattern("a subtracted class must be the last in its brackets", at + 1)
        self._at += 1

    def _member(self, found: CharacterClass) -> None:
        start = self._at
        low = self._bound(found)
        if low is None:
            return
        text = self._text
        ranged = text.startswith("-", self._at) and text[self._at + 1 : self._at + 2] not in (
            "]",
            "[",
            "",
        )
        if not ranged:
            found.members += member(low)
            return
        self._at += 1
        high = self._bound(None)
        assert high is not None
        if high < low:
            raise InvalidPattern("a range ends before it begins", start + 1)
        found.members += f"{member(low)}-{member(high)}"

    def _bound(self, found: CharacterClass | None) -> str | None:
        """One character of a class; ``None`` when a whole class was added to ``found``."""
        start = self._at
        character = self._text[start]
        if character == "\\":
            letter = self._text[start + 1 : start + 2]
            if letter and letter in "dwsDWSpP":
                if found is None:
                    raise InvalidPattern("a range cannot end in a class", start + 1)
                self._add_set(found, start)
                return None
            character = self._escaped_character(inside=True)
        else:
            self._at += 1
        if _is_half(character):
            raise InvalidPattern("half of a surrogate pair stands in brackets", start + 1)
        return character


def _is_half(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"
