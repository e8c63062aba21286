"""Times and hosts that remote systems name and that nobody can write."""

from __future__ import annotations

import pytest

from provisioning.explaining.words import clock_time, moment
from provisioning.model import Subscription
from provisioning.operations.documents import timestamp


@pytest.mark.parametrize("seconds", [253_402_387_139.0, 1e300, 1.8e19])
def test_a_time_after_all_years_is_the_last_one(seconds: float) -> None:
    """9999-12-31T23:59:59-23:59 as the end of a subscription, for example."""
    assert timestamp(seconds) == moment(seconds) == "9999-12-31T23:59:59.000Z"
    assert clock_time(seconds) == "9999-12-31 23:59 UTC"


def test_a_time_is_written_with_milliseconds() -> None:
    assert timestamp(1_760_000_000.1234) == "2025-10-09T08:53:20.123Z"
    assert timestamp(-1e300) == "1970-01-01T00:00:00.000Z"
    assert timestamp(None) is timestamp(0.0) is None


@pytest.mark.parametrize(
    ("url", "host"), [("https://a.example/x", "a.example"), ("http://[", ""), ("", ""), ("x", "")]
)
def test_the_host_of_a_subscription(url: str, host: str) -> None:
    """Graph shows subscriptions of other deployments too, and their URLs as they are."""
    made = Subscription(
        id="1",
        resource="users",
        change_types=frozenset(),
        notification_url=url,
        lifecycle_url=None,
        expires_at=0.0,
    )
    assert made.host == host
