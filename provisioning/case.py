"""One principal's situation, as it was decided: what it should be, and what it is."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from provisioning.held import Mark, Withheld
from provisioning.mapping import Mapped
from provisioning.model import ChangeMember, Key, Link, MirrorGroup, MirrorUser, Presence, ScimId
from provisioning.scope import Verdict


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A principal with its verdict, its mapped attributes and its link.

    For groups: ``wanted`` are the members that belong there and have an account, ``missing`` those
    without one (in no order), ``recorded`` the members last confirmed in ZSCloud (true: we added
    it), and ``ours`` those of them that we may remove. For users ``awaited`` is who they report to,
    as long as that person has no account: the attribute is left alone then. ``lost``: a rebuild
    has found its object; the link, if it is given, is what would link it.
    """

    key: Key
    row: MirrorUser | MirrorGroup
    verdict: Verdict
    mapped: Mapped
    link: Link | None
    wanted: Mapping[ScimId, ChangeMember] = {}
    missing: tuple[Key, ...] = ()
    recorded: Mapping[ScimId, bool] = {}
    ours: Mapping[ScimId, ChangeMember] = {}
    awaited: tuple[Key, ...] = ()
    withheld: Mapping[ScimId, Withheld] = {}
    stays: bool = False
    lost: bool = False

    @property
    def free(self) -> Mapping[ScimId, ChangeMember]:
        """The members that may be taken out now: neither held by the brake nor kept."""
        if not self.withheld:
            return self.ours
        kept = {id for id, mark in self.withheld.items() if mark.mark is not Mark.APPROVED}
        return {id: member for id, member in self.ours.items() if id not in kept}

    @property
    def forgettable(self) -> bool:
        """Whether the mirror row of a user may go: neither near scope nor linked."""
        if self.link is not None or self.lost or not isinstance(self.row, MirrorUser):
            return False
        if self.verdict.assigned:
            return False
        near = bool(self.row.roles or self.row.groups)
        return self.row.presence is Presence.GONE or not near

    @property
    def keeps_its_name(self) -> bool:
        """Whether the principal is there and in scope: its ZSCloud object cannot be another's."""
        here = self.verdict.assigned and not self.verdict.left_out
        return here and self.row.presence is Presence.PRESENT

    @property
    def name(self) -> str:
        """What people know the principal by."""
        return self.mapped.name or self.key.id
