"""The stories, on servers that other people wrote: real HTTP, the real clock."""

from __future__ import annotations

import pytest

from provisioning.model import MemberRemoval
from tests.foreign import stories
from tests.foreign.stories import ForeignTelling
from tests.foreign.target import Target
from tests.foreign.world import tell
from tests.scenarios.steps import everybody, office
from tests.scenarios.stories import (
    STORIES,
    Story,
    a_newcomer_gets_the_name_of_one_who_was_renamed,
    large_group,
    member_removed,
)
from tests.servers.launch import ScimServer


def ending(story: Story, target: Target) -> ForeignTelling:
    """The story as it ends on that server: the best that it is able to."""
    frees_name = target.limits.renamed_user_frees_name
    if story.tell is a_newcomer_gets_the_name_of_one_who_was_renamed and not frees_name:
        return stories.newcomer_whose_name_the_server_keeps_for_another
    return story.tell


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_story(server: ScimServer, target: Target, story: Story) -> None:
    tell(ending(story, target), server, story.tenant, **story.settings)


def test_a_group_larger_than_one_batch(server: ScimServer, target: Target) -> None:
    limit = target.limits.max_group_members
    count = 250 if limit is None else limit + 25
    story = large_group(count) if limit is None else stories.group_over_the_limit(count, limit)
    tell(story, server, everybody(count), ZSCLOUD_BULK="off")


def test_writes_travel_together_where_the_server_offers_it(server: ScimServer) -> None:
    tell(stories.writes_travel_together, server, everybody(60))


def test_groups_travel_with_their_new_members(server: ScimServer) -> None:
    tell(
        stories.groups_travel_with_their_new_members,
        server,
        everybody(12),
        ZSCLOUD_REQUESTS_PER_SECOND="20",
    )


def test_member_removed_in_the_form_that_was_found(server: ScimServer) -> None:
    tell(member_removed(requests_each=1), server, office)


@pytest.mark.parametrize("form", MemberRemoval)
def test_member_removed_in_a_form_that_was_set(
    server: ScimServer, target: Target, form: MemberRemoval
) -> None:
    story: ForeignTelling = stories.removal_in_a_form_that_the_server_refuses
    if target.removes_by(form):
        story = member_removed(requests_each=2 if form is MemberRemoval.PUT else 1)
    tell(story, server, office, ZSCLOUD_MEMBER_REMOVAL=form.value)


def test_leavers_are_deleted(server: ScimServer) -> None:
    tell(stories.leavers_are_deleted, server, office, ON_UNASSIGN="delete")


def test_soft_deleted_is_deleted_then_restored(server: ScimServer) -> None:
    tell(stories.soft_deleted_is_deleted_then_restored, server, office, ON_SOFT_DELETE="delete")


def test_reconcile_finds_nothing_to_do(server: ScimServer) -> None:
    tell(stories.reconcile_finds_nothing_to_do, server, office)


def test_reconcile_repairs_what_was_changed_by_hand(server: ScimServer) -> None:
    tell(stories.reconcile_repairs_what_was_changed_by_hand, server, office)


def test_added_member_whose_account_was_deleted_by_hand(server: ScimServer) -> None:
    tell(stories.added_member_whose_account_was_deleted_by_hand, server, office)


def test_full_batch_with_a_member_whose_account_was_deleted_by_hand(server: ScimServer) -> None:
    tell(
        stories.full_batch_with_a_member_whose_account_was_deleted_by_hand,
        server,
        stories.batch_of_people,
    )
