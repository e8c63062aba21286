"""Source attributes under the names that the provisioning service has for them."""

from __future__ import annotations

import pytest

from provisioning.model import EntraId
from provisioning.source_attributes import (
    COMPUTED,
    ROLES,
    graph_property,
    home_principal_name,
    source_row,
)

OLDER = {
    "dirSyncEnabled": "onPremisesSyncEnabled",
    "facsimileTelephoneNumber": "faxNumber",
    "immutableId": "onPremisesImmutableId",
    "mobile": "mobilePhone",
    "physicalDeliveryOfficeName": "officeLocation",
    "telephoneNumber": "businessPhones",
    "userState": "externalUserState",
}
EXTENSIONS = "onPremisesExtensionAttributes"
ID = EntraId("u")


@pytest.mark.parametrize(("older", "name"), OLDER.items())
def test_names_of_the_older_graph_are_read_from_their_successors(older: str, name: str) -> None:
    assert graph_property(older) == name
    row = source_row(ID, {name: "x"})
    assert row[older] == row[name] == "x"
    assert older not in source_row(ID, {})


def test_a_list_of_one_number_is_the_number() -> None:
    assert source_row(ID, {"businessPhones": ["1", "2"]})["telephoneNumber"] == "1"
    assert source_row(ID, {"businessPhones": ("1",)})["telephoneNumber"] == "1"
    assert source_row(ID, {"businessPhones": []})["telephoneNumber"] is None
    assert source_row(ID, {"businessPhones": None})["telephoneNumber"] is None


@pytest.mark.parametrize(
    ("name", "property"),
    [
        ("department", "department"),
        ("originalUserPrincipalName", "userPrincipalName"),
        ("objectId", None),
        ("IsSoftDeleted", None),
        ("appRoleAssignments", None),
        ("extensionAttribute1", EXTENSIONS),
        ("extensionAttribute9", EXTENSIONS),
        ("extensionAttribute10", EXTENSIONS),
        ("extensionAttribute15", EXTENSIONS),
        ("extensionAttribute0", "extensionAttribute0"),
        ("extensionAttribute16", "extensionAttribute16"),
        ("myextensionAttribute1", "myextensionAttribute1"),
    ],
)
def test_what_is_selected_in_graph(name: str, property: str | None) -> None:
    assert graph_property(name) == property


def test_what_the_service_computes() -> None:
    assert ROLES == "appRoleAssignments"
    assert {
        *("objectId", "IsSoftDeleted", "originalUserPrincipalName", "appRoleAssignments")
    } == COMPUTED
    row = source_row(ID, {"title": "Clerk"}, IsSoftDeleted=True)
    assert row == {"title": "Clerk", "objectId": "u", "IsSoftDeleted": True}


def test_the_fifteen_extension_attributes_are_there_when_any_is() -> None:
    row = source_row(ID, {EXTENSIONS: {"extensionAttribute3": "x"}})
    assert row["extensionAttribute3"] == "x"
    others = [row[f"extensionAttribute{n}"] for n in range(1, 16) if n != 3]
    assert others == [None] * 14
    assert "extensionAttribute0" not in row
    assert "extensionAttribute16" not in row
    assert source_row(ID, {EXTENSIONS: None})["extensionAttribute15"] is None
    assert "extensionAttribute1" not in source_row(ID, {})


@pytest.mark.parametrize(
    ("name", "home"),
    [
        ("jo@example.com", "jo@example.com"),
        ("jo_home.org#EXT#@example.com", "jo@home.org"),
        ("jo_smith_home.org#ext#@example.com", "jo_smith@home.org"),
        ("jo\nsmith_home.org#EXT#@example.com", "jo\nsmith@home.org"),
        ("#EXT#@example.com", "#EXT#@example.com"),
        ("jo#1@example.com", "jo#1@example.com"),
    ],
)
def test_a_guest_is_known_by_the_name_at_home(name: str, home: str) -> None:
    assert home_principal_name(name) == home
    row = source_row(ID, {"userPrincipalName": name})
    assert row["userPrincipalName"] == home
    assert row["originalUserPrincipalName"] == name


def test_a_name_that_is_no_text_is_left_alone() -> None:
    row = source_row(ID, {"userPrincipalName": None})
    assert row["userPrincipalName"] is None
    assert "originalUserPrincipalName" not in row
