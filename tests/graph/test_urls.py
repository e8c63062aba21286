"""Addresses: which endpoints are accepted, which links are followed, how names are quoted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.errors import ConfigurationError
from provisioning.graph import urls
from provisioning.model import ObjectType

PUBLIC = urls.parse_endpoint("https://graph.microsoft.com/v1.0/")


def test_public_endpoint() -> None:
    """A trailing slash does not count; the scope names the host."""
    assert PUBLIC.absolute("/users") == "https://graph.microsoft.com/v1.0/users"
    assert PUBLIC.scope == "https://graph.microsoft.com/.default"
    assert not PUBLIC.loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_loopback_may_be_plain_http(host: str) -> None:
    """A simulator needs no certificate and no credential."""
    assert urls.parse_endpoint(f"http://{host}:8080/v1.0").loopback


@pytest.mark.parametrize(
    "base_url",
    [
        "http://graph.microsoft.com/v1.0",
        "http://127.0.0.1.example.com/v1.0",
        "http://user@127.0.0.1/v1.0",
        "ftp://127.0.0.1/v1.0",
        "https://graph.microsoft.com/v1.0?x=1",
        "https://graph.microsoft.com:nine/v1.0",
        "https://graph.microsoft.com:99999/v1.0",
        "graph.microsoft.com",
        "",
    ],
)
def test_refused_endpoints(base_url: str) -> None:
    """Anything but https, or http on loopback, is a configuration error that names the setting."""
    with pytest.raises(ConfigurationError, match="GRAPH_BASE_URL"):
        urls.parse_endpoint(base_url)


@pytest.mark.parametrize(
    "link",
    [
        "https://graph.microsoft.com/v1.0/users?$skiptoken=x",
        "https://GRAPH.microsoft.com:443/beta/users",
    ],
)
def test_links_of_the_endpoint_are_followed(link: str) -> None:
    """Case and the default port make no difference."""
    assert PUBLIC.admits(link)


@pytest.mark.parametrize(
    "link",
    [
        "http://graph.microsoft.com/v1.0/users",
        "https://graph.microsoft.com:8443/v1.0/users",
        "https://graph.microsoft.com.example.com/v1.0/users",
        "https://graph.microsoft.com@example.com/v1.0/users",
        "https://example.com\\@graph.microsoft.com/v1.0/users",
        "https://graph.microsoft.com\\.example.com/users",
        "https://graph.microsoft.com/v1.0/users\n",
        "//graph.microsoft.com/v1.0/users",
        "users",
        "",
    ],
)
def test_foreign_links_are_not_followed(link: str) -> None:
    """Another scheme, port or host, and whatever two parsers could read differently."""
    assert not PUBLIC.admits(link)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("6e7b768e-07e2-4810-8459-485f84f8f204", "/users/6e7b768e-07e2-4810-8459-485f84f8f204"),
        ("ana@example.com", "/users/ana@example.com"),
        ("ana_x.com#EXT#@example.com", "/users/ana_x.com%23EXT%23@example.com"),
        ("a?b%20@example.com", "/users/a%3Fb%2520@example.com"),
        ("$ana@example.com", "/users(%27%24ana%40example.com%27)"),
        ("o'neil@example.com", "/users/o%27neil@example.com"),
        ("$o'neil@example.com", "/users(%27%24o%27%27neil%40example.com%27)"),
        ("delta", "/users(%27delta%27)"),
        ("../groups", "/users(%27..%2Fgroups%27)"),
        ("..", "/users(%27..%27)"),
    ],
)
def test_user_addresses(key: str, path: str) -> None:
    """Names with a meaning in URLs or in OData are quoted; a function name is no user."""
    assert urls.single(ObjectType.USER, key, ["id"]) == f"{path}?$select=id"


@given(st.text(min_size=1))
def test_a_name_stays_one_path_segment(name: str) -> None:
    """No name can leave its place in the URL."""
    try:
        url = urls.single(ObjectType.USER, name, ["id"])
    except UnicodeEncodeError:
        assert any("\ud800" <= character <= "\udfff" for character in name)
        return
    path, _, query = url.partition("?")
    assert query == "$select=id"
    assert path.count("/") <= 2
    assert "#" not in url
    assert "/.." not in path


def test_filters_double_quotes() -> None:
    """OData literals: a quote is written twice."""
    url = urls.groups_named("Bob's & co", ["id", "displayName"])
    assert url == (
        "/groups?$filter=displayName%20eq%20%27Bob%27%27s%20%26%20co%27"
        "&$select=id,displayName&$top=999"
    )


def test_latest_delta_of_some_groups() -> None:
    """The ids are joined by ``or``; a property named twice is selected once."""
    url = urls.latest_delta(ObjectType.GROUP, ["displayName", "displayName", "members"], ["a", "b"])
    assert url == (
        "/groups/delta?$deltatoken=latest&$select=displayName,members"
        "&$filter=id%20eq%20%27a%27%20or%20id%20eq%20%27b%27"
    )
