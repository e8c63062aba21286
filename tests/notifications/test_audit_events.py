"""What events of the audit log say: pure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.notifications.audit_events import AuditEvents, read_events
from tests.notifications.audit_payloads import OURS, SOMEBODY, THEIRS, event, record


def read(*records: Any) -> AuditEvents:
    return read_events([event(*records)], OURS)


@pytest.mark.parametrize(
    "activity",
    [
        "Add app role assignment grant to user",
        "Add app role assignment to group",
        "Add app role assignment to service principal",
        "Remove app role assignment from user",
        "Remove app role assignment from group",
        "Remove app role assignment from service principal",
        "REMOVE APP ROLE ASSIGNMENT FROM USER.",
    ],
)
def test_an_assignment_of_our_application_is_heard_of(activity: str) -> None:
    assert read(record(activity)) == AuditEvents(ours=True)


@pytest.mark.parametrize(
    "of_another",
    [
        record("Add app role assignment to group", THEIRS, SOMEBODY),
        record("Add member to group"),
        record("Update service principal", OURS),
        record("Consent to application", OURS),
        record("Add app role assignment to group", result="failure"),
        record(category="SignInLogs"),
    ],
)
def test_what_is_not_of_ours_is_not(of_another: Any) -> None:
    assert read(of_another) == AuditEvents()
    assert read(of_another, record()) == read(record(), of_another) == AuditEvents(ours=True)


def test_ids_are_compared_whatever_their_case() -> None:
    upper = event(record("Add app role assignment to group", OURS.upper()))
    assert read_events([upper], OURS).ours
    assert read_events([upper], OURS.upper()).ours


@pytest.mark.parametrize(
    "targets",
    [[], None, "a text", [None], [7], [{}], [{"id": None}], [{"id": ""}], {"id": THEIRS}],
)
def test_an_assignment_of_nobody_knows_what_counts_as_ours(targets: Any) -> None:
    changed = record()
    changed["properties"]["targetResources"] = targets
    assert read(changed) == AuditEvents(ours=True)


@pytest.mark.parametrize("properties", [None, {}, "{}", 7, {"result": 7}])
def test_so_does_one_whose_properties_cannot_be_read(properties: Any) -> None:
    assert read(record(properties=properties)) == AuditEvents(ours=True)


def test_the_activity_is_taken_from_where_it_is() -> None:
    assert read(record(operationName=None)).ours
    assert not read(record("Add user", operationName=None)).ours
    assert read(record(category=None)).ours


@pytest.mark.parametrize("bad", [None, 7, "text", [], {"operationName": 7}, {"category": []}])
def test_a_malformed_record_is_counted_and_costs_no_other(bad: Any) -> None:
    assert read(record("Add user"), bad) == AuditEvents(malformed=1)
    assert read(bad, record(), bad) == AuditEvents(ours=True, malformed=2)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"records": 7}', b"{}", b"[" * 100_000),
        json.dumps(record()).encode(),
    ],
)
def test_an_event_of_another_form_is_counted_and_costs_no_other(body: bytes) -> None:
    assert read_events([body], OURS) == AuditEvents(malformed=1)
    assert read_events([body, event(record()), body], OURS) == AuditEvents(ours=True, malformed=2)


def test_no_event_says_nothing() -> None:
    assert read_events([], OURS) == read_events([event()], OURS) == AuditEvents()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([OURS, THEIRS]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "records",
                    "category",
                    "operationName",
                    "properties",
                    "activityDisplayName",
                    "result",
                ]
            )
            | st.sampled_from(["targetResources", "id"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.lists(JSON, max_size=4))
def test_whatever_the_records_are_nothing_is_raised_and_ours_is_found(records: list[Any]) -> None:
    found = read(*records)
    assert 0 <= found.malformed <= len(records)
    with_ours = read(*records, record())
    assert with_ours == AuditEvents(ours=True, malformed=found.malformed)


@given(st.lists(st.binary(max_size=60) | JSON.map(lambda each: json.dumps(each).encode())))
def test_whatever_the_bodies_are_nothing_is_raised(bodies: list[bytes]) -> None:
    assert read_events(bodies, OURS).malformed >= 0


@given(st.binary(max_size=8), st.integers(0, 10_000))
def test_a_damaged_event_raises_nothing(noise: bytes, at: int) -> None:
    body = event(record(), record("Add user"))
    at %= len(body)
    read_events([body[:at] + noise + body[at + len(noise) :]], OURS)


def test_an_activity_with_words_before_its_name_and_a_target_that_is_no_application_count() -> None:
    """Whom it is about cannot be told: a hint too many is one read of a list."""
    record = {
        "category": "AuditLogs",
        "operationName": "Add a deletion-marked app role assignment grant to group as part of link "
        "removal",
        "properties": {"targetResources": [{"id": "someone", "type": "User"}]},
    }
    body = json.dumps({"records": [record]}).encode()
    assert read_events([body], "0d4c5a3e-6a43-4b3c-9d52-7a1c54b3e001").ours
    record["properties"] = {"targetResources": [{"id": "another", "type": "ServicePrincipal"}]}
    body = json.dumps({"records": [record]}).encode()
    assert not read_events([body], "0d4c5a3e-6a43-4b3c-9d52-7a1c54b3e001").ours
