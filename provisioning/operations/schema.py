"""Looking at schema files: check, import, show, compare. Nothing else is read, nothing is sent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from provisioning.errors import ConfigurationError, InvalidRequest, Problem
from provisioning.operations.documents import Document
from provisioning.schema import SHIPPED, Schema, load_schema, schema_of
from provisioning.schema.advice import warnings
from provisioning.schema.compare import compare
from provisioning.schema.decode import SETTING
from provisioning.schema.describe import filter_sentences, lines_of, summary
from provisioning.schema.deviations import deviations
from provisioning.schema.reading import read_export

_SHIPPED = ("-", "shipped")
_CURRENT = "current"


def path_in_force(environ: Mapping[str, str]) -> Path | None:
    """What ``PROVISIONING_SCHEMA`` names; ``None`` for the shipped schema. No other setting is
    looked at.
    """
    name = environ.get(SETTING, "").strip()
    return Path(name) if name else None


def check(path: Path) -> Document:
    """Whether a file can be used: ``{file, ok, problems, warnings, maps}``."""
    try:
        schema = load_schema(path)
    except ConfigurationError as error:
        return _refused(path, error)
    return _sound(path, schema)


def import_(source: Path, out: Path, *, force: bool) -> Document:
    """Takes over an export of Entra: the document of ``check``, and ``{out, deviations}``.

    ``out`` is ``None`` when the export cannot be used: then nothing is written. Raises
    ``InvalidRequest`` for a file that is there already, or cannot be written.
    """
    try:
        export = read_export(source)
        schema = schema_of(export)
    except ConfigurationError as error:
        return {**_refused(source, error), "out": None, "deviations": []}
    found = msgspec.to_builtins(deviations(schema, export))
    _write(out, export, force=force)
    return {**_sound(source, schema), "out": str(out), "deviations": found}


def show(name: str, environ: Mapping[str, str]) -> Document:
    """What a schema maps and whom it lets in: ``{file, user, group}``.

    Raises ``ConfigurationError`` for one that cannot be used.
    """
    schema = load_named(name, environ)
    objects = {each.type.value: each for each in (schema.user, schema.group)}
    shown: Document = {"file": _shown(name, environ)}
    for type, each in objects.items():
        lines = [msgspec.to_builtins(line) for line in lines_of(each)]
        shown[type] = {"attributes": lines, "filter": list(filter_sentences(each.filter))}
    return shown


def diff(old: str, new: str, environ: Mapping[str, str]) -> Document:
    """What a schema means otherwise than another: ``{old, new, equal, user, group}``.

    Raises ``ConfigurationError`` for one that cannot be used.
    """
    difference = compare(load_named(old, environ), load_named(new, environ))
    return {
        "old": _shown(old, environ),
        "new": _shown(new, environ),
        "equal": difference.equal,
        "user": msgspec.to_builtins(difference.user),
        "group": msgspec.to_builtins(difference.group),
    }


def load_named(name: str, environ: Mapping[str, str]) -> Schema:
    """The schema of a file, of ``shipped`` (or ``-``), or of ``current``.

    Raises ``ConfigurationError``; its problems name the file.
    """
    path = _path(name, environ)
    try:
        return load_schema(path)
    except ConfigurationError as error:
        raise _about(path, error) from error


def _path(name: str, environ: Mapping[str, str]) -> Path | None:
    if name in _SHIPPED:
        return None
    return path_in_force(environ) if name == _CURRENT else Path(name)


def _shown(name: str, environ: Mapping[str, str]) -> str:
    return str(_path(name, environ) or _SHIPPED[1])


def _about(path: Path | None, error: ConfigurationError) -> ConfigurationError:
    """The same of a file that no setting names yet."""
    name = str(path or SHIPPED)
    return ConfigurationError(
        tuple(Problem(f"{name} {_at(p)}", p.message, p.remedy) for p in error.problems)
    )


def _sound(path: Path, schema: Schema) -> Document:
    return {
        "file": str(path),
        "ok": True,
        "problems": [],
        "warnings": [_problem(problem) for problem in warnings(schema)],
        "maps": {each.type.value: summary(each) for each in (schema.user, schema.group)},
    }


def _refused(path: Path, error: ConfigurationError) -> Document:
    problems = [_problem(problem) for problem in error.problems]
    return {"file": str(path), "ok": False, "problems": problems, "warnings": [], "maps": None}


def _problem(problem: Problem) -> Document:
    return {"path": _at(problem), "message": problem.message, "remedy": problem.remedy}


def _at(problem: Problem) -> str:
    return problem.field.removeprefix(SETTING).strip() or "$"


def _write(out: Path, export: Any, *, force: bool) -> None:
    """Writes the whole file or none: a schema cut short would stop the program."""
    text = msgspec.json.format(msgspec.json.encode(export), indent=2) + b"\n"
    if out.exists() and not force:
        message = f"{str(out)!r} is there already"
        raise InvalidRequest(Problem("OUT", message, "Name another file, or say --force."))
    unfinished = out.with_name(f"{out.name}.new")
    try:
        with unfinished.open("wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(out)
    except OSError as error:
        message = f"{str(out)!r} cannot be written: {error.strerror or error}"
        raise InvalidRequest(Problem("OUT", message, "Name a file that can.")) from error
