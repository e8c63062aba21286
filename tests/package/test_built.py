"""The package as it is shipped: pruned and compiled, and alone in its process."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from simulator.entra import EntraSimulator, Tenant
from simulator.http import Server
from simulator.zscloud import Options as ZSCloudOptions
from simulator.zscloud import ZSCloudSimulator
from tests.servers import azurite
from tools.package import bytecode
from tools.package.build import Options, build
from tools.package.contents import RULES, deployed
from tools.package.dependencies import SITE_PACKAGES, install
from tools.package.errors import PackageError
from tools.package.isolation import command, make_host
from tools.package.prune import prune

ROOT = Path(__file__).parents[2]
STORY = Path(__file__).with_name("story.py")
SDK = {"msgraph._version", "msgraph.graph_request_adapter", "msgraph.graph_service_client"}
GENERATED = {"msgraph.generated", "msgraph.generated.base_graph_service_client"}


def test_it_holds_the_app_and_its_dependencies(package: Path) -> None:
    inside = {PurePosixPath(path.relative_to(package)) for path in package.rglob("*")}
    sources = {path for path in inside if path.parts[0] != ".python_packages"}
    kept = {p for p in sources if "__pycache__" not in p.parts and (package / p).is_file()}
    assert kept == {*deployed(ROOT), PurePosixPath(RULES)}
    installed = {path.name for path in (package / SITE_PACKAGES).iterdir()}
    assert {"aiohttp", "azure", "httpx", "lark", "msgraph", "msgspec", "re2", "regex"} <= installed
    assert not installed & {"bin", "rich", "typer", "pydantic", "pygments"}


def test_every_source_has_bytecode_that_holds_whatever_its_times(package: Path) -> None:
    for path in package.rglob("*.py"):
        bytecode = path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc"
        assert bytecode.read_bytes()[4:8] == b"\x01\0\0\0", path  # PEP 552: hash, unchecked


@pytest.mark.parametrize("name", ["azure-data-tables", "azure-storage-blob", "azure-storage-queue"])
def test_the_storage_sdks_are_whole(package: Path, name: str) -> None:
    (found,) = distributions(name=name, path=[str(package / SITE_PACKAGES)])
    files = found.files or []
    assert len(files) > 50
    assert [path for path in files if not path.locate().exists()] == []


def test_azd_leaves_nothing_out(package: Path) -> None:
    """It reads these rules, and would apply its own if there were none."""
    lines = (package / RULES).read_text(encoding="utf-8").splitlines()
    assert lines
    assert all(line.startswith("#") for line in lines)


@pytest.fixture(params=["sqlite", "azure"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The settings of where state, lease and queues are."""
    if request.param == "sqlite":
        yield {"STATE_STORE": f"sqlite:///{tmp_path}/state.db"}
        return
    with azurite.running() as emulator:
        yield {"STATE_STORE": "azure", **emulator.environ}


async def test_it_works_alone_in_the_worker(
    package: Path, tmp_path: Path, storage: dict[str, str]
) -> None:
    tenant = Tenant.empty()
    ada = tenant.add_user("ada@example.com", displayName="Ada Adler", department="Sales")
    ben = tenant.add_user("ben@example.com", displayName="Ben Berg", department="Legal")
    tenant.assign(ada)
    tenant.assign(tenant.add_group("Writers", [ben]))
    told = await _story(package, tmp_path, tenant, storage)
    assert {"health", "incremental_cycle", "work"} <= set(told["functions"])
    assert told["health"] == {"status": "alive"}
    assert [cycle["status"] for cycle in told["cycles"]] == ["completed"] * 3
    assert [cycle["counts"]["created"] for cycle in told["cycles"]] == [3, 0, 0]
    assert told["on_demand"] == 200
    assert set(told["answers"].values()) == {200}
    assert all(check["status"] != "failed" for check in told["checks"]["checks"])
    assert set(told["sdk"]) == SDK | GENERATED
    assert "--no-prune" in told["left_out"]
    allowed = (str(package), str(tmp_path / "host"), sysconfig.get_path("stdlib"))
    assert [path for path in told["origins"] if not path.startswith(allowed)] == [str(STORY)]


async def _story(package: Path, tmp_path: Path, tenant: Tenant, storage: dict[str, str]) -> Any:
    zscloud = ZSCloudSimulator(ZSCloudOptions(strict=True, rate=0))
    make_host(tmp_path / "host")
    async with Server(EntraSimulator(tenant)) as graph, Server(zscloud) as scim:
        process = await asyncio.create_subprocess_exec(
            *command(package, tmp_path / "host", STORY, "ada@example.com"),
            env={
                "ENTRA_SERVICE_PRINCIPAL_ID": tenant.service_principal_id,
                "GRAPH_BASE_URL": f"{graph.url}/v1.0",
                "ZSCLOUD_SCIM_BASE_URL": f"{scim.url}{zscloud.options.base_path}",
                "ZSCLOUD_SCIM_TOKEN": zscloud.options.token,
                "ZSCLOUD_REQUESTS_PER_SECOND": "0",
                "PROVISIONING_STATUS": "on",
                **storage,
            },
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, problems = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, problems.decode()
    return json.loads(printed)


def test_graph_tests_pass_with_the_pruned_sdk(package: Path) -> None:
    """Every Graph call and every error path, with the modules of the package.

    Pytest rewrites the modules of its plugins, and anyio is one: it would keep their bytecode
    beside them, in the package that all tests share.
    """
    before = set(package.rglob("*"))
    environ = {
        **os.environ,
        "PYTHONPATH": str(package / SITE_PACKAGES),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    where = "import msgraph; print(msgraph.__file__)"
    found = _python(environ, "-c", where)
    assert found.stdout.strip() == str(package / SITE_PACKAGES / "msgraph" / "__init__.py")
    done = _python(environ, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "tests/graph")
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    assert set(package.rglob("*")) == before


def _python(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_the_same_project_gives_the_same_package(package: Path, tmp_path: Path) -> None:
    """The bytecode of the app alone is made again: that of all dependencies takes long."""
    again, first = tmp_path / "again", _digests(package)
    build(ROOT, again, Options(compile=False))
    assert _digests(again) == {p: d for p, d in first.items() if "__pycache__" not in p}
    shutil.rmtree(again / SITE_PACKAGES.parts[0])
    bytecode.compile_all(again)
    assert _digests(again) == {p: d for p, d in first.items() if not p.startswith(".python")}
    assert any("__pycache__" in path for path in _digests(again))


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_an_sdk_of_another_layout_is_not_pruned(tmp_path: Path) -> None:
    (tmp_path / "msgraph" / "generated").mkdir(parents=True)
    with pytest.raises(PackageError, match="--no-prune"):
        prune(tmp_path, ROOT / "requirements.in", {})


def test_a_wrong_hash_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"idna==3.10 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(PackageError, match="could not be installed"):
        install(lock, tmp_path / "site-packages")


def test_no_code_of_a_package_runs_while_it_is_installed(tmp_path: Path) -> None:
    """A source distribution would run its ``setup.py``; only wheels are taken."""
    ran = tmp_path / "ran"
    source = tmp_path / "sample-1.0"
    source.mkdir()
    (source / "setup.py").write_text(
        f"import pathlib, setuptools\npathlib.Path({str(ran)!r}).touch()\n"
        "setuptools.setup(name='sample', version='1.0')\n"
    )
    archive = tmp_path / "sample-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(source, source.name)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"sample @ {archive.as_uri()} --hash=sha256:{digest}\n")
    with pytest.raises(PackageError, match="could not be installed"):
        install(lock, tmp_path / "site-packages")
    assert not ran.exists()
