"""Where a secret could show: in a crash, in arguments, in a file that goes along."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from provisioning.cli.app import app
from tests.devhost.served import environment

ROOT = Path(__file__).parents[2]
TOKEN = "s3cret-token-of-zscloud"
SETTINGS = {
    "ENTRA_SERVICE_PRINCIPAL_ID": "8e881353-1735-45af-af21-ee1344582a4d",
    "ZSCLOUD_SCIM_BASE_URL": "http://127.0.0.1:9/1/2/scim",
    "ZSCLOUD_SCIM_TOKEN": TOKEN,
    "FUNCTION_KEY": "s3cret-key",
    "NOTIFICATION_CLIENT_STATE": "s3cret-client-state",
}


@pytest.mark.parametrize("arguments", [["status"], ["status", "--json"], ["serve", "--json"]])
@pytest.mark.parametrize("where", ["provisioning.settings.load_settings", "asyncio.run"])
def test_a_crash_shows_no_secret(tmp_path: Path, arguments: list[str], where: str) -> None:
    """An error that nothing expected: stack trace and message, and no value of any variable."""
    module, _, name = where.rpartition(".")
    code = (
        f"import sys, {module}\n"
        "from provisioning.cli.app import main\n"
        "import provisioning.cli.serve, provisioning.bootstrap\n"
        f"def broken(*given, **named):\n"
        f"    token = {TOKEN!r}\n"
        "    raise RuntimeError('out of order')\n"
        f"for each in ({module}, provisioning.cli.serve, provisioning.bootstrap):\n"
        f"    if hasattr(each, {name!r}): setattr(each, {name!r}, broken)\n"
        f"sys.argv = ['provisioning', *{arguments!r}]\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**environment(), **SETTINGS},
    )
    assert done.returncode not in (0, 2)
    assert "out of order" in done.stdout + done.stderr
    shown = done.stdout + done.stderr
    # The source of the line that failed is shown; its values are not.
    assert "Traceback" in shown
    assert "s3cret" not in shown.replace(f"token = {TOKEN!r}", "")


def test_no_traceback_of_the_command_line_shows_local_variables() -> None:
    assert not app.pretty_exceptions_enable


def test_no_command_takes_a_secret_as_an_argument() -> None:
    """Arguments are in the list of processes, and in the history of a shell."""

    def options(command: object) -> list[str]:
        names = [name for each in getattr(command, "params", []) for name in each.opts]
        for each in getattr(command, "commands", {}).values():
            names += options(each)
        return names

    names = options(typer.main.get_command(app))
    assert "--json" in names
    assert not [n for n in names if any(w in n.lower() for w in ("token", "secret", "key", "pass"))]


def test_the_file_of_settings_goes_neither_into_the_repository_nor_into_the_package() -> None:
    for name in (".gitignore", ".funcignore"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        assert "local.settings.json" in lines
        assert ".state/" in lines or ".state" in lines
    example = (ROOT / "local.settings.json.example").read_text(encoding="utf-8")
    assert '"ZSCLOUD_SCIM_TOKEN": "replace-with-the-bearer-token"' in example
