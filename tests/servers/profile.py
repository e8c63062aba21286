"""How the servers differ, as data: one table of ``profiles.toml`` each.

Every entry is proven by ``test_profiles.py`` against the running server. An entry that names forms
or attributes lists those that work. A limit that is left out was not found by the test.
"""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from tests.servers.launch import ServerName

PROFILES = Path(__file__).with_name("profiles.toml")

Treatment = Literal["refused", "ignored", "kept"]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What one server does. Attribute names are SCIM paths, the enterprise one with its URN."""

    # Users
    user_create_keeps: tuple[str, ...]
    """Attributes that a POST sends and a GET then shows."""
    user_without_active_is: Literal["active", "inactive", "unsaid"]
    """What GET says of a user that was created without ``active``."""
    requires_domain: bool
    """Whether a userName without a domain is refused."""
    unknown_attribute_on_create: Treatment
    unknown_attribute_on_patch: Treatment
    duplicate_user_name_status: int
    duplicate_user_name_scim_type: str | None = None
    rename_to_taken_user_name_status: int
    user_name_unique_ignores_case: bool
    external_id_unique: bool
    recreated_user_has_new_id: bool
    """Whether a user created again after its DELETE gets another id."""
    user_patch_changed_status: int
    """Status of a PATCH that changes something: 200 with the user, or 204."""
    user_patch_unchanged_status: int
    user_patch_replaces: tuple[str, ...]
    """Paths that ``replace`` works on where there is a value."""
    user_patch_replaces_absent: tuple[str, ...]
    """Paths that ``replace`` works on where there is none."""
    user_patch_removes: tuple[str, ...]
    """Paths after whose ``remove`` the user has no value."""
    department_cleared_by: tuple[str, ...]
    user_patch_without_path: tuple[str, ...]
    """Forms of the value of a ``replace`` without a path."""
    nested_name_keeps_siblings: bool
    """Whether replacing name.givenName by a nested object leaves name.familyName."""
    patch_op_ignores_case: bool
    """Whether Entra's ``Replace`` works as ``replace`` does."""
    active_as_string: bool
    """Whether Entra's ``"False"`` disables a user."""
    failed_patch_changes_nothing: bool
    user_put_clears_omitted: tuple[str, ...]
    """Attributes that a PUT without them clears."""
    user_delete_status: int
    deleted_user_status: int
    """Status of a GET, and of another DELETE, after the DELETE."""

    # Groups
    group_create_keeps: tuple[str, ...]
    group_without_members_key: bool
    """Whether a group may be created without the key ``members``."""
    group_display_name_unique: bool
    group_display_name_unique_ignores_case: bool
    group_external_id_unique: bool
    group_patch_replaces: tuple[str, ...]
    group_patch_changed_status: int
    group_patch_unchanged_status: int
    group_put_clears_omitted_members: bool
    deleted_group_status: int
    user_shows_groups: tuple[str, ...]
    """Where a user shows its groups: ``get``, ``list``, both or nowhere."""
    group_list_has_members: bool

    # Members
    member_addition: tuple[str, ...]
    """``path``: path "members" and an array; ``pathless``: {"members": [...]}; ``single``: path
    "members" and one object."""
    member_removal: tuple[str, ...]
    """``filter``: path members[value eq "id"]; ``filter or``: two ids in one such path; ``value``:
    path "members" and an array; ``put``: PUT of the group without them."""
    failed_removal_keeps_members: bool
    """Whether a removal form that is refused leaves the group as it was."""
    removes_all_members: bool
    """Whether ``remove`` of the path "members" without a value empties the group."""
    replaces_members: bool
    adds_and_removes_in_one_patch: bool
    member_added_again: Literal["kept once", "duplicated", "refused"]
    unknown_member: Literal["kept", "dropped", "refused"]
    absent_member_removal_status: int
    max_members_per_patch: int | None = None
    """Members that one operation may add. Left out: 1,000 were taken."""
    delete_ends_membership: bool
    """Whether the DELETE of a user takes it out of its groups."""
    disable_keeps_membership: bool
    user_put_keeps_membership: bool
    groups_as_members: bool

    # Lists
    user_filters: tuple[str, ...]
    filter_by_last_modified: bool
    group_filters: tuple[str, ...]
    unsupported_filter: Literal["refused", "nothing", "everything"]
    """The answer to a filter on an attribute that no schema has."""
    user_name_filter_ignores_case: bool
    external_id_filter_ignores_case: bool
    group_name_filter_ignores_case: bool
    filter_value_escapes: tuple[str, ...]
    """Characters in a name that a filter for it still finds."""
    max_page_size: int | None = None
    """Users on a page when more are asked for. Left out: all of 1,001 came."""
    default_page_size: int | None = None
    """Users on a page when no count is given. Left out: all of 1,001 came."""
    items_per_page_is_page_length: bool
    """Whether itemsPerPage counts the page, rather than repeating the count asked for."""
    count_zero_lists_nothing: bool
    page_beyond_end: Literal["empty", "first page", "refused"]
    pages_partition_the_list: bool

    # Protocol
    patch_content_types: tuple[str, ...]
    wrong_token_status: int
    discovery_without_token: tuple[str, ...]
    discovery_with_token: tuple[str, ...]
    errors_have_scim_body: bool
    create_answers_location: bool
    meta_version: bool
    stale_if_match_status: int
    """Status of a PATCH whose If-Match names no version: 412, or 200 where it is not read."""
    search: bool
    """Whether POST /Users/.search works."""
    bulk: bool
    bulk_offered: bool
    """What ServiceProviderConfig says of bulk."""
    bulk_max_operations: int | None = None
    filter_max_results: int | None = None
    """What ServiceProviderConfig says of filter.maxResults."""


ENTRIES = tuple(field.name for field in dataclasses.fields(Profile))
"""Every entry of a profile."""


def load_profiles(path: Path = PROFILES) -> dict[ServerName, Profile]:
    """The profile of each server.

    :raises msgspec.ValidationError: an entry is missing, unknown or of another type, or a table
        names no server.
    """
    tables = msgspec.convert(tomllib.loads(path.read_text()), dict[ServerName, dict[str, object]])
    return {name: _profile(name, table) for name, table in tables.items()}


def _profile(name: str, table: dict[str, object]) -> Profile:
    unknown = sorted(table.keys() - set(ENTRIES))
    if unknown:
        raise msgspec.ValidationError(f"profile of {name} has unknown entries: {unknown}")
    return msgspec.convert(table, Profile)
