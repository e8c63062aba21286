"""What happens to who leaves, at each time of the grace period."""

from __future__ import annotations

import msgspec
import pytest

from provisioning.deprovisioning import Deprovision, DeprovisioningPolicy, is_active_user
from provisioning.model import Link
from provisioning.scope import Reason, Verdict
from tests.decisions.principals import DAY, GROUP, IN, JO, NOW, OFF, OUT, UNDECIDED, link

DELETE = {Reason.UNASSIGNED: Deprovision.DELETE}
AT_ONCE = DeprovisioningPolicy(DELETE)
LATER = DeprovisioningPolicy(DELETE, delete_after=7 * DAY)
SINCE = NOW - 3 * DAY
SWITCHED_OFF = link(attributes={**JO, "active": False})
WAITING = msgspec.structs.replace(SWITCHED_OFF, leaving_since=SINCE)
EMPTIED = link(GROUP, leaving_since=SINCE)


def test_what_nobody_set_is_disabled() -> None:
    assert DeprovisioningPolicy({}).of(Reason.UNASSIGNED) is Deprovision.DISABLE
    assert DeprovisioningPolicy({}).delete_after == 0.0
    assert AT_ONCE.of(Reason.UNASSIGNED) is Deprovision.DELETE
    assert AT_ONCE.of(Reason.DISABLED) is Deprovision.DISABLE


@pytest.mark.parametrize(
    ("policy", "one", "what"),
    [
        (AT_ONCE, link(), Deprovision.DELETE),
        (LATER, link(), Deprovision.DISABLE),
        (LATER, WAITING, Deprovision.DISABLE),
        (LATER, EMPTIED, Deprovision.DISABLE),
        (DeprovisioningPolicy(DELETE, 3 * DAY), WAITING, Deprovision.DELETE),
        (DeprovisioningPolicy(DELETE, 3 * DAY), EMPTIED, Deprovision.DELETE),
        (DeprovisioningPolicy(DELETE, 3 * DAY + 1), WAITING, Deprovision.DISABLE),
        # Switched on by hand meanwhile: it is disabled first, whatever the time.
        (DeprovisioningPolicy(DELETE, DAY), link(leaving_since=SINCE), Deprovision.DISABLE),
        (
            DeprovisioningPolicy({Reason.UNASSIGNED: Deprovision.NONE}, DAY),
            WAITING,
            Deprovision.NONE,
        ),
    ],
)
def test_a_delete_waits_for_its_time(
    policy: DeprovisioningPolicy, one: Link, what: Deprovision
) -> None:
    assert policy.now(OUT, one) is what


def test_when_it_is_to_be_deleted() -> None:
    assert LATER.delete_at(OUT, WAITING) == SINCE + 7 * DAY
    assert LATER.delete_at(OUT, SWITCHED_OFF) is None
    for verdict in (IN, OFF, UNDECIDED):
        assert LATER.delete_at(verdict, WAITING) is None
    assert LATER.delete_at(OUT, msgspec.structs.replace(WAITING, protected=True)) is None


@pytest.mark.parametrize(
    ("policy", "verdict", "one", "emptied", "since"),
    [
        (LATER, OUT, SWITCHED_OFF, True, NOW),
        (LATER, OUT, WAITING, True, SINCE),
        (LATER, OUT, link(), True, None),  # not switched off yet
        (LATER, OUT, link(leaving_since=SINCE), True, None),  # on again
        (LATER, OUT, link(GROUP), True, NOW),
        (LATER, OUT, link(GROUP), False, None),  # members are left
        (LATER, OUT, EMPTIED, False, None),
        (AT_ONCE, OUT, SWITCHED_OFF, True, None),
        (AT_ONCE, OUT, WAITING, True, SINCE),  # fewer days begin nothing anew
        (LATER, IN, WAITING, True, None),
        (LATER, OFF, WAITING, True, None),
        (LATER, UNDECIDED, WAITING, True, SINCE),
        (LATER, UNDECIDED, SWITCHED_OFF, True, None),
        (DeprovisioningPolicy({}, DAY), OUT, WAITING, True, None),
    ],
)
def test_since_when_it_waits(
    policy: DeprovisioningPolicy, verdict: Verdict, one: Link, emptied: bool, since: float | None
) -> None:
    assert policy.leaving_since(verdict, one, NOW, emptied=emptied) == since
    if emptied:
        assert policy.leaving_since(verdict, one, NOW) == since


def test_what_follows_is_announced_with_its_days() -> None:
    assert LATER.announcement(OUT, link()) == ("It is deleted after 7 days, unless it comes back.")
    one_day = DeprovisioningPolicy(DELETE, DAY)
    assert one_day.announcement(OUT, link()) == "It is deleted after 1 day, unless it comes back."
    assert AT_ONCE.announcement(OUT, link()) == ""
    assert LATER.announcement(OFF, link()) == ""


def test_a_group_is_no_active_user() -> None:
    assert is_active_user(link())
    assert not is_active_user(SWITCHED_OFF)
    assert not is_active_user(link(GROUP))
