"""The whole explanation, and the one sentence on top."""

from __future__ import annotations

import msgspec
import pytest

from provisioning.deprovisioning import Deprovision
from provisioning.explaining.assembly import explanation
from provisioning.explaining.attributes import (
    explained_attributes,
)
from provisioning.explaining.findings import Findings, Look
from provisioning.explaining.steps import steps_of
from provisioning.explaining.words import clause, quoted
from provisioning.model import (
    Action,
    ScimId,
    planned_id,
)
from provisioning.provisioning_log import Step
from tests.decisions.principals import (
    NOW,
    OUT,
    UNDECIDED,
    link,
)
from tests.explaining.findings import (
    OTHER,
    WHEN,
    group,
    planned,
    there,
    unlinked,
    user,
)
from tests.explaining.plans import (
    CREATE,
    ID,
    PATCH,
    UNFIT,
    UPDATE,
    change,
    doing,
    escrowed,
)


def verdict(found: Findings) -> str:
    return explanation(found).verdict


ESCROW = {"escrow": (escrowed(1),)}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (user(), "Jo is in scope (assigned), has an account, and nothing differs."),
        (group(), "Sales is in scope (assigned), has a group in ZSCloud, and nothing differs."),
        (
            user({"verdict": OUT}, link=link(attributes={"active": False})),
            (
                "Jo is to have no access (not assigned), has a disabled account, and nothing is "
                "to be done."
            ),
        ),
        (
            unlinked(user({"verdict": UNDECIDED})),
            (
                "Jo may or may not be in scope (nobody knows), has no account, and nothing is to "
                "be done."
            ),
        ),
        (
            doing(UPDATE),
            "Jo is in scope (assigned), has an account, and the next cycle is to update title.",
        ),
        (
            user({}, {"plans": (UPDATE,)}, {"off": True}),
            (
                "Jo is in scope (assigned), has an account, and what is to be done (update "
                "title) waits: "
                "PROVISIONING_STATUS is 'off': no cycle sends anything."
            ),
        ),
        (
            user({}, {"skipped": UNFIT}),
            "Jo is in scope (assigned), has an account, and cannot be provisioned: it has no name.",
        ),
        (
            user({}, {}, ESCROW),
            (
                f"Jo is in scope (assigned), has an account, and: in escrow since {WHEN} "
                "after 1 try, "
                f"tried again {WHEN}: No such title."
            ),
        ),
        (
            user({}, {"vanished": True}),
            (
                "Jo is in scope (assigned), has no account, and: linked to s since "
                f"{WHEN}, created by us. That object is gone from ZSCloud."
            ),
        ),
        (
            unlinked(user({}, {"blocked_by": OTHER})),
            (
                "Jo is in scope (assigned), has no account, and: there is no link. Looked for by "
                "userName = 'jo@example.com': that name is still that of user 'Other' (o), "
                "which is to be "
                "renamed first."
            ),
        ),
        (
            user({"verdict": OUT}, policy=Deprovision.NONE),
            (
                "Jo is to have no access (not assigned), has an account, and nothing is done: "
                "ON_UNASSIGN=none leaves it as it is."
            ),
        ),
        (
            user({"verdict": OUT}, {}, {"young": NOW}, delete_at=NOW),
            (
                "Jo is to have no access (not assigned), has an account, and: a removal "
                "waits until "
                f"{WHEN}: the assignment is too young to be believed gone."
            ),
        ),
        (
            user({"verdict": OUT}, delete_at=NOW),
            (
                "Jo is to have no access (not assigned), has an account, and nothing is "
                "done: it is "
                f"disabled, and deleted at {WHEN}."
            ),
        ),
    ],
)
def test_one_sentence_on_top(found: Findings, said: str) -> None:
    assert verdict(found) == said


def test_everything_is_in_the_explanation() -> None:
    found = doing(UPDATE)
    told = explanation(found)
    assert msgspec.structs.asdict(told.principal) == {"id": "u", "type": "user", "name": "Jo"}
    assert [step.name for step in told.steps] == ["import", "scope", "match", "action", "export"]
    assert told.changes == UPDATE.changes
    assert told.would_send == (PATCH,)
    assert told.attributes == explained_attributes(found)
    assert (told.filter, told.paths, told.members) == ((), (), None)


def test_the_steps_of_a_log_entry() -> None:
    case = user().case
    assert steps_of(case, UPDATE, ID) == (
        Step("import", "success", "read from Entra as jo@example.com"),
        Step("scope", "success", "Assigned."),
        Step("match", "success", "linked to s"),
        Step("action", "success", "update"),
        Step("export", "success", "accepted by ZSCloud as s"),
    )
    two = planned(UPDATE.write, change(Action.UPDATE), change(Action.ENABLE), change(Action.UPDATE))
    assert steps_of(case, two, ID)[3].detail == "enable, update"
    rehearsed = steps_of(case, UPDATE, ID, dry_run=True)
    assert rehearsed[4] == Step("export", "skipped", "would be sent; a dry run sends nothing")
    newcomer = msgspec.structs.replace(case, link=None)
    made = steps_of(newcomer, CREATE, ID)
    assert made[2].detail == "no object in ZSCloud matches"
    assert steps_of(newcomer, UPDATE, planned_id(case.key))[2] == made[2]
    new = msgspec.structs.replace(case, link=None, verdict=OUT)
    assert steps_of(new, None, None) == (
        Step("import", "success", "read from Entra as jo@example.com"),
        Step("scope", "skipped", "Not assigned."),
        Step("match", "success", "not linked; objects are matched by userName"),
    )
    assert steps_of(new, None, ScimId("t"))[2].detail == "linked to t"
    assert steps_of(msgspec.structs.replace(case, verdict=UNDECIDED), None, None)[1].status == (
        "failure"
    )


@pytest.mark.parametrize(
    ("sentence", "part"),
    [
        ("Assigned directly.", "assigned directly"),
        ("ZSCloud is away.", "ZSCloud is away"),
        ("A removal waits.", "a removal waits"),
        ("DRIFT=repair leaves it.", "DRIFT=repair leaves it"),
        ("", ""),
    ],
)
def test_a_sentence_within_another_keeps_its_names(sentence: str, part: str) -> None:
    assert clause(sentence) == part


def test_names_are_quoted() -> None:
    assert quoted(["a", "b"]) == "'a', 'b'"
    assert quoted([]) == ""


def test_a_search_that_found_one_is_no_obstacle() -> None:
    one = Look("userName", "jo@example.com", (there(),))
    found = unlinked(user({}, {"looks": (one,), "matched": True, "plans": (UPDATE,)}))
    assert verdict(found).endswith("has no account, and the next cycle is to update title.")
