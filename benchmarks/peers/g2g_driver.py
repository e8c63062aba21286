"""g2g-scim-sync 1.0.0 on ZSCloud, run by the interpreter of an environment of its own.

Reads one JSON document (``url``, ``token``, ``people``) and prints one line of JSON. The package
syncs Google to GitHub: its directory is a stub here, and its base URL is ZSCloud's. It is helped
over two things that would end it at once: an account without ``emails`` or ``name``, as a portal
administrator's, is read, and the ``displayName`` is sent that ZSCloud requires. All else is the
package's own.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from typing import Any

import httpx
from g2g_scim_sync.config import GitHubConfig, SyncConfig
from g2g_scim_sync.github_client import GitHubScimClient
from g2g_scim_sync.models import GoogleUser
from g2g_scim_sync.sync_engine import SyncEngine


class ZSCloudClient(GitHubScimClient):
    """The package's client with another base URL."""

    url = ""

    def _create_client(self) -> httpx.AsyncClient:
        headers = {
            "Authorization": f"Bearer {self.scim_token}",
            "Content-Type": "application/scim+json",
            "Accept": "application/scim+json",
        }
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=self.timeout)

    def _parse_scim_user(self, user_data: dict[str, Any]) -> Any:
        return super()._parse_scim_user({"emails": [], "name": {}, **user_data})

    def _scim_user_to_dict(self, user: Any) -> dict[str, Any]:
        return {**super()._scim_user_to_dict(user), "displayName": user.name["formatted"]}


class Directory:
    """The stub: organisational units make the groups ("flattened")."""

    def __init__(self, people: list[dict[str, Any]]) -> None:
        self._people = people

    async def get_all_users(self, ou_paths: list[str], individual: list[str]) -> list[GoogleUser]:
        """Everybody."""
        del ou_paths, individual
        return [
            GoogleUser(
                id=person["name"],
                primary_email=person["name"],
                given_name=person["display_name"].partition(" ")[0],
                family_name=person["display_name"].partition(" ")[2],
                full_name=person["display_name"],
                org_unit_path="/" + "/".join(person["groups"]),
            )
            for person in self._people
        ]


async def main() -> None:
    """One synchronization."""
    logging.disable(logging.CRITICAL)
    given = json.load(sys.stdin)
    client = ZSCloudClient("zscloud.example", given["token"], "none", timeout=60.0)
    client.url = given["url"]
    config = GitHubConfig(
        hostname="zscloud.example", scim_token=given["token"], enterprise_account="none"
    )
    engine = SyncEngine(Directory(given["people"]), client, SyncConfig(), config)
    began = time.perf_counter()
    result = await engine.synchronize(ou_paths=["/"])
    await client.close()
    stats = result.stats
    said = {
        "seconds": time.perf_counter() - began,
        "success": result.success,
        "error": result.error or "",
        "failed": stats.users_failed + stats.groups_failed,
    }
    sys.stdout.write(json.dumps(said) + "\n")


asyncio.run(main())
