"""What a server can do, as far as a story ends differently there."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from provisioning.model import MemberRemoval
from tests.servers.launch import ServerName
from tests.servers.profile import Profile, load_profiles

TARGETS = Path(__file__).with_name("targets.toml")
MEMBER_BATCH_SIZE = 100
"""The default of the setting."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """One table of ``targets.toml``."""

    renamed_user_frees_name: bool
    """Whether a userName may be given to another user once its first owner was renamed."""
    resolves_several_references: bool = False
    """Whether Bulk puts the id in the place of each of several bulkIds in one operation."""
    max_group_members: int | None = None
    """Members that one group may have. Left out: no limit was found."""


@dataclass(frozen=True)
class Target:
    """A server's proven profile with its limits."""

    profile: Profile
    limits: Limits

    @property
    def member_add_path(self) -> bool:
        """Whether the form of adding members that Zscaler publishes does not work."""
        return "pathless" not in self.profile.member_addition

    @property
    def settings(self) -> dict[str, str]:
        """What an operator would set for such a server, where the defaults do not fit it."""
        most = self.profile.max_members_per_patch or MEMBER_BATCH_SIZE
        return {"MEMBER_BATCH_SIZE": str(most)} if most < MEMBER_BATCH_SIZE else {}

    def removes_by(self, form: MemberRemoval) -> bool:
        """Whether members can be taken out in that form."""
        return form.value in self.profile.member_removal


def load_targets(path: Path = TARGETS) -> dict[ServerName, Target]:
    """The target of each server that has a profile.

    :raises msgspec.ValidationError: an entry is missing or of another type.
    :raises KeyError: a server has a profile, and no limits.
    """
    limits = msgspec.convert(tomllib.loads(path.read_text()), dict[ServerName, Limits])
    return {name: Target(profile, limits[name]) for name, profile in load_profiles().items()}
