"""What the rules of a job say by themselves: who is protected, and whether all are judged anew."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.deprovisioning import Deprovision, DeprovisioningPolicy
from provisioning.drift import DriftPolicy, Treatment
from provisioning.rules import Rules
from provisioning.scope import Reason

PLAIN = DeprovisioningPolicy(dict.fromkeys(Reason, Deprovision.DISABLE))


def rules(**changed: Any) -> Rules:
    return Rules(**{"deprovisioning": PLAIN, **changed})


@pytest.mark.parametrize(
    ("pattern", "name", "protects"),
    [
        ("root@example.com", "root@example.com", True),
        ("root@example.com", "ROOT@example.com", True),
        ("Root@example.com", "root@example.com", True),
        ("*-admin@example.com", "jo-Admin@example.com", True),
        ("*-admin@example.com", "jo@example.com", False),
        ("root", "root@example.com", False),
    ],
)
def test_a_name_or_a_pattern_protects_in_any_case_of_letters(
    pattern: str, name: str, *, protects: bool
) -> None:
    assert rules(protected=("nobody@example.com", pattern)).protects(name) is protects


def test_without_patterns_nobody_is_protected() -> None:
    assert not rules().protects("root@example.com")


@pytest.mark.parametrize("group", ["Vault", "vault", "Service Admin", "SERVICE admin"])
def test_a_group_is_protected_by_its_name_or_as_that_of_the_administrators(group: str) -> None:
    assert rules(protected=("v*",)).protects_group(group)
    assert not rules(protected=("v*",), admin_group="Admins").protects_group("Sales")


def test_what_means_the_same_for_leavers_is_told_the_same() -> None:
    one = rules(protected=("b*", "A"), admin_group="Service Admin")
    assert one.leaving == rules(protected=("a", "B*"), admin_group="service admin").leaving
    assert one.leaving == rules(protected=("a", "b*"), member_batch=5, log_retention_days=1).leaving
    assert one.leaving == rules(protected=("a", "b*"), drift=DriftPolicy(Treatment.REPORT)).leaving


@pytest.mark.parametrize("reason", list(Reason))
def test_another_setting_for_leavers_is_told_otherwise(reason: Reason) -> None:
    other = DeprovisioningPolicy({**PLAIN.by_reason, reason: Deprovision.NONE})
    assert rules(deprovisioning=other).leaving != rules().leaving


def test_another_grace_period_is_told_otherwise() -> None:
    other = DeprovisioningPolicy(PLAIN.by_reason, delete_after=86_400.0)
    assert rules(deprovisioning=other).leaving != rules().leaving


def test_other_protected_objects_are_told_otherwise() -> None:
    told = {
        rules().leaving,
        rules(protected=("a",)).leaving,
        rules(protected=("a", "b")).leaving,
        rules(admin_group="Admins").leaving,
        rules(protected=("Admins",), admin_group="").leaving,
    }
    assert len(told) == 5
