"""The pure modules: those of the import contract in ``pyproject.toml`` that forbids them I/O."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_CONTRACT = "Pure decisions know only values, and parse with their own libraries"


def pure_modules() -> dict[str, Path]:
    """The file of each pure module, by its name; a package stands for all that is in it."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    names = next(each["source_modules"] for each in contracts if each["name"] == _CONTRACT)
    return {module: path for name in sorted(names) for module, path in _files(name)}


def _files(name: str) -> list[tuple[str, Path]]:
    place = ROOT / name.replace(".", "/")
    if not place.is_dir():
        return [(name, place.with_suffix(".py"))]
    return [(_module(path), path) for path in sorted(place.rglob("*.py"))]


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def chosen_modules(wanted: list[str]) -> dict[str, Path]:
    """The pure modules of these names, or in packages of these names; all when none is named."""
    everything = pure_modules()
    names = [each if _within(each, "provisioning") else f"provisioning.{each}" for each in wanted]
    unknown = [name for name in names if not any(_within(each, name) for each in everything)]
    if unknown:
        raise SystemExit(f"{', '.join(unknown)}: no pure module of that name in pyproject.toml")
    return {
        module: path
        for module, path in everything.items()
        if not names or any(_within(module, name) for name in names)
    }


def _within(module: str, name: str) -> bool:
    return module == name or module.startswith(f"{name}.")
