"""Paths as they are shown to whoever watches."""

from __future__ import annotations

import pytest

from provisioning.graph.urls import path_template as graph_path
from provisioning.scim.wire import path_template as scim_path

ID = "0b1c2d3e-0000-4000-8000-00000000abcd"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"/users/{ID}?$select=id", "/users/{id}"),
        ("/users/jo@example.com?$select=id", "/users/{id}"),
        ("/users/jo", "/users/{id}"),
        ("/users('$jo%40example.com')", "/users/{id}"),
        ("https://graph.microsoft.com/v1.0/users/delta()?$deltatoken=secret", "/users/delta"),
        ("http://127.0.0.1:8001/v1.0/groups/delta?$skiptoken=x", "/groups/delta"),
        (f"/servicePrincipals/{ID}/appRoleAssignedTo?$top=9", "/servicePrincipals/{id}/appRoleAssignedTo"),  # noqa: E501
        (f"/directory/deletedItems/{ID}", "/directory/deletedItems/{id}"),
        ("/groups?$filter=displayName%20eq%20'Sales'", "/groups"),
        ("/$batch", "/$batch"),
        ("http://[broken", "/"),
        ("", "/"),
    ],
)  # fmt: skip
def test_a_path_names_nobody(url: str, shown: str) -> None:
    assert graph_path(url) == shown


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/Users", "/Users"),
        ('/Users?filter=userName eq "jo@example.com"', "/Users"),
        ("/Groups/1234", "/Groups/{id}"),
        ("/Users/a%2Fb", "/Users/{id}"),
        ("/Bulk", "/Bulk"),
        ("/ServiceProviderConfig", "/ServiceProviderConfig"),
    ],
)
def test_a_path_of_scim_names_nobody(path: str, shown: str) -> None:
    assert scim_path(path) == shown
