"""What importing ``function_app`` must never do: an error there would take all functions away."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = {
    "aiosmtplib",
    "aiohttp",
    "azure.core",
    "azure.data",
    "azure.identity",
    "azure.monitor",
    "azure.storage",
    "cryptography",
    "httpx",
    "kiota_abstractions",
    "kiota_http",
    "lark",
    "msal",
    "msgraph",
    "msgspec",
    "opentelemetry",
    "provisioning",
    "re2",
    "regex",
    "requests",
    "rich",
    "sqlite3",
    "typer",
}
"""What is loaded by the first call that needs it."""

PROGRAM = """
import json, sys
events = []
sys.addaudithook(lambda name, _: events.append(name))
import function_app
sockets = [name for name in events if name.startswith(("socket.", "urllib.", "http."))]
written = [name for name in events if name.startswith(("os.putenv", "os.unsetenv", "subprocess."))]
print(json.dumps({"events": sockets + written, "modules": sorted(sys.modules)}))
"""


def test_import_opens_no_socket_and_loads_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        cwd=ROOT,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["events"] == []
    assert HEAVY & set(seen["modules"]) == set()
