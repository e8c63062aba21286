"""GitHub workflows: what is wrong with one, as sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}")
_TARGET = re.compile(r"\bmake ([a-z-]+)")
_PATH = re.compile(r"(?<![\w$/])((?:infra|docs|tools|tests)/[\w./-]+)")
MOST_MINUTES = 60


def check_workflow(document: Mapping[Any, Any], root: Path) -> Iterator[str]:
    """Rights that are too wide, actions that are not pinned, what is named and does not exist."""
    if True not in document and "on" not in document:  # YAML 1.1 takes "on" for a truth value
        yield "nothing starts it"
    if document.get("permissions") != {"contents": "read"}:
        yield "a workflow reads the repository, and no more"
    jobs = document["jobs"]
    for name, job in jobs.items():
        yield from (f"{name}: {said}" for said in _check_job(job, jobs, root))


def _check_job(job: Mapping[str, Any], jobs: Mapping[str, Any], root: Path) -> Iterator[str]:
    if not job.get("timeout-minutes", MOST_MINUTES + 1) <= MOST_MINUTES:
        yield f"it has to end within {MOST_MINUTES} minutes"
    for needed in job.get("needs", []):
        if needed not in jobs:
            yield f"there is no job {needed}"
    rights = dict(job.get("permissions", {}))
    if rights.pop("id-token", None) and not (job.get("environment") and job.get("needs")):
        yield "a job that signs in has an environment, and needs the checks"
    if rights not in ({}, {"contents": "read"}):
        yield "it has rights that nothing here needs"
    for step in job["steps"]:
        if ("uses" in step) == ("run" in step):
            yield "a step either uses an action or runs something"
        if "uses" in step and not _PINNED.fullmatch(step["uses"]):
            yield f"{step['uses']} is not pinned to a commit"
        yield from _check_run(step.get("run", ""), root)


def check_targets(run: str, root: Path) -> Iterator[str]:
    """Targets that a script makes and the Makefile does not have."""
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    for target in _TARGET.findall(run):
        if not re.search(rf"^{target}:", makefile, re.MULTILINE):
            yield f"there is no target {target}"


def _check_run(run: str, root: Path) -> Iterator[str]:
    yield from check_targets(run, root)
    for path in _PATH.findall(run):
        if not (root / path).exists():
            yield f"there is no {path}"
    if re.search(r"\$\{\{", run):
        yield "an expression in a script runs whatever it holds: pass it by env"
