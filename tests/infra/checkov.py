"""Run checkov over the templates: ``python -m tests.infra.checkov``.

It is in a virtual environment of its own, which ``make infra-check`` makes. Its command line takes
a file that it cannot parse for one without faults, so its report is read here. Before the
templates themselves a copy with seeded faults is looked at: what finds nothing there is broken.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
INFRA = ROOT / "infra"
CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"
CONFIG = INFRA / "checkov" / "config.yaml"
TIMEOUT_SECONDS = 300

SEEDED = ("publicAccess: 'None'", "publicAccess: 'Blob'", "CKV_AZURE_34")
"""A container that anybody may read: the text, what replaces it, and the check that sees it."""


@dataclass(frozen=True, slots=True)
class Report:
    """What checkov found."""

    passed: int
    parsing_errors: int
    failed: tuple[tuple[str, str], ...]
    """Check id, and a line about it."""

    @property
    def good(self) -> bool:
        """Whether everything was looked at and nothing is wrong."""
        return self.passed > 0 and self.parsing_errors == 0 and not self.failed


class CheckovFailed(Exception):
    """checkov ended without a report. The message holds what it said."""


def run_checkov(folder: Path) -> Report:
    """Look at the templates of a folder.

    :raises CheckovFailed: it left no report.
    """
    command = [str(CHECKOV), "--config-file", str(CONFIG), "--output", "json"]
    command += ["--directory", str(folder)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS
    )
    try:
        document = json.loads(done.stdout)
    except ValueError as error:
        raise CheckovFailed(done.stderr[-2000:] or done.stdout[-2000:]) from error
    return read_report(document)


def read_report(document: Mapping[str, Any]) -> Report:
    """The report in checkov's JSON. Without one resource it has no summary of its own."""
    summary = document.get("summary", document)
    failed = document.get("results", {}).get("failed_checks", [])
    return Report(
        passed=summary["passed"],
        parsing_errors=summary["parsing_errors"],
        failed=tuple((each["check_id"], _line(each)) for each in failed),
    )


def seeded_faults_are_found() -> bool:
    """Whether public blobs in one file and a syntax error in another are both reported."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, old, new in (
            ("storage.bicep", *SEEDED[:2]),
            ("roles.bicep", "param principalId string", "param principalId = ="),
        ):
            shutil.copy(INFRA / "modules" / file, folder)
            _replace(folder / file, old, new)
        report = run_checkov(folder)
    return report.parsing_errors == 1 and SEEDED[2] in {check for check, _ in report.failed}


def main() -> int:
    """Print what was found. 0 when nothing is wrong."""
    if not seeded_faults_are_found():
        sys.stderr.write("checkov does not find the faults that were seeded.\n")
        return 1
    report = run_checkov(INFRA)
    for check, line in report.failed:
        sys.stderr.write(f"{check} {line}\n")
    if report.parsing_errors:
        sys.stderr.write(f"{report.parsing_errors} files could not be parsed.\n")
    sys.stdout.write(f"checkov: {report.passed} checks passed, {len(report.failed)} failed.\n")
    return 0 if report.good else 1


def _line(check: Mapping[str, Any]) -> str:
    lines = check["file_line_range"]
    return f"infra{check['file_path']}:{lines[0]} {check['resource']}: {check['check_name']}"


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise CheckovFailed(f"{path.name} has no {old!r}: seed another fault")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
