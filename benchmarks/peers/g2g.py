"""g2g-scim-sync 1.0.0, the peer that installs in one line, in its own environment."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict
from pathlib import Path

from benchmarks.peers.wanted import Said, Wanted
from benchmarks.servers import ROOT, ZSCloud

_FOLDER = ROOT / ".venv-peers"
_DRIVER = Path(__file__).with_name("g2g_driver.py")
_PATIENCE = 3600.0


def is_installed() -> bool:
    """Whether ``make bench`` has made its environment. The package needs Python 3.12."""
    return any(_FOLDER.glob("lib/python*/site-packages/g2g_scim_sync"))


def synchronize(zscloud: ZSCloud, source: Wanted) -> Said:
    """Makes the tenant as the source says; what it has to say about failures."""
    people = [asdict(person) for person in source.people]
    given = {"url": zscloud.url, "token": zscloud.token, "people": people}
    done = subprocess.run(
        [_FOLDER / "bin" / "python", _DRIVER],
        input=json.dumps(given),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=_PATIENCE,
    )
    said = json.loads(done.stdout)
    if not said["success"]:
        return Said("gives up", said["seconds"])
    failed = f"{said['failed']} failed, and reports success" if said["failed"] else ""
    return Said(failed, said["seconds"])
