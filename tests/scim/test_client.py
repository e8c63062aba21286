"""The client against a scripted transport: every status, and what must never get out."""

from typing import Any

import pytest

from provisioning.errors import (
    AnswerLost,
    Conflict,
    CredentialsRefused,
    EndpointGone,
    NotFound,
    ProtocolError,
    Rejected,
    RemoteError,
    RemoteUnavailable,
    Throttled,
)
from provisioning.model import (
    AddMembers,
    Capabilities,
    CreateObject,
    DeleteObject,
    MemberRemoval,
    ObjectType,
    RemoveMembers,
    ReplaceObject,
    ScimId,
    TargetObject,
    UpdateObject,
)
from provisioning.ports import Target
from provisioning.scim.transport import (
    Answer,
    AnswerBroken,
    AnswerTooLarge,
    NotSent,
    TransportError,
)
from tests.scim.scripted import BASE_URL, TOKEN, answer, scripted, target_of

USER = ObjectType.USER
GROUP = ObjectType.GROUP
ID = ScimId("u1")
CREATE = CreateObject(USER, {"userName": "a@example.com"})
UPDATE = UpdateObject(USER, ID, {"active": False})
WRITES = [
    CREATE,
    UPDATE,
    DeleteObject(USER, ID),
    AddMembers(ID, (ID,)),
    RemoveMembers(ID, (ID,), MemberRemoval.FILTER),
    ReplaceObject(GROUP, ID, {"displayName": "A"}, (ID,)),
]
SHOWN = {"id": "u1", "userName": "a@example.com"}
LIST = {"totalResults": 1, "Resources": [SHOWN]}


def test_it_is_a_target() -> None:
    """The port's signatures fit: mypy checks this line, and attributes exist at run time."""
    target: Target = scripted()[0]
    assert (target.requests, target.throttled) == (0, 0)


async def test_reads_are_one_get_each() -> None:
    """URL, token and Accept; no content type without a body."""
    target, transport = scripted(answer(200, LIST), answer(200, LIST), answer(200, SHOWN))
    page = await target.page(USER, 1, 100)
    found = await target.find(USER, "userName", "A@example.com")
    assert [*page.objects, *found, await target.get(USER, ID)] == [page.objects[0]] * 3
    assert [sent.url.removeprefix(BASE_URL) for sent in transport.sent] == [
        "/Users?startIndex=1&count=100",
        "/Users?filter=userName%20eq%20%22A%40example.com%22",
        "/Users/u1",
    ]
    for sent in transport.sent:
        assert (sent.method, sent.body) == ("GET", None)
        assert sent.headers == {
            "accept": "application/scim+json",
            "authorization": f"Bearer {TOKEN}",
        }
    assert target.requests == 3


async def test_discovery_is_read_with_the_token() -> None:
    """Zscaler asks for none there, other servers do: without it they answer 401."""
    target, transport = scripted(answer(200, {"patch": {"supported": False}}))
    assert await target.capabilities() == Capabilities(patch=False)
    assert transport.sent[0].path == "/ServiceProviderConfig"
    assert transport.sent[0].headers == {
        "accept": "application/scim+json",
        "authorization": f"Bearer {TOKEN}",
    }


@pytest.mark.parametrize("write", WRITES, ids=lambda write: type(write).__name__)
async def test_writes_are_one_request_each(write: Any) -> None:
    """Content type of SCIM where there is a body, no second request."""
    target, transport = scripted(answer(200, {"id": "u1"}))
    await target.write(write)
    (sent,) = transport.sent
    typed = "application/scim+json" if sent.body is not None else None
    assert sent.headers.get("content-type") == typed
    assert sent.headers["authorization"] == f"Bearer {TOKEN}"
    assert target.requests == 1


async def test_the_published_member_form_can_be_replaced() -> None:
    """``member_add_path`` reaches the wire."""
    target, transport = scripted(answer(204), member_add_path=True)
    assert await target.write(AddMembers(ID, (ID,))) is None
    assert transport.sent[0].json()["Operations"][0]["path"] == "members"


@pytest.mark.parametrize("status", [200, 201, 204])
@pytest.mark.parametrize("write", WRITES[1:], ids=lambda write: type(write).__name__)
async def test_all_successes_are_alike(status: int, write: Any) -> None:
    """With or without a body; the object is returned when it is the one that was written."""
    target, _ = scripted(
        answer(status),
        answer(status, {"ok": 1}),
        answer(status, SHOWN),
        answer(status, {"id": "x"}),
    )
    assert await target.write(write) is None
    assert await target.write(write) is None
    shown = await target.write(write)
    assert (shown and shown.id) == (None if isinstance(write, DeleteObject) else ID)
    assert await target.write(write) is None


async def test_a_created_object_is_returned() -> None:
    """201 with the resource; without a body its Location says that there is one: look."""
    target, _ = scripted(
        answer(201, SHOWN), answer(200, SHOWN), answer(201, location=f"{BASE_URL}/Users/u1")
    )
    created = TargetObject(USER, ID, {"userName": "a@example.com"})
    assert await target.write(CREATE) == created
    assert await target.write(CREATE) == created
    assert await target.write(CREATE) is None


@pytest.mark.parametrize(
    "lost",
    [
        answer(201, b'{"id":"u1","userN'),
        answer(201, {"userName": "a@example.com"}),
        answer(200, b"<html>"),
        answer(201),
        answer(204),
        answer(202, SHOWN),
        answer(500, b"oops"),
        answer(502),
        answer(503),
        answer(504, b"<html>"),
        AnswerBroken("ServerDisconnectedError"),
        AnswerTooLarge("too large"),
    ],
    ids=str,
)
async def test_a_create_of_unknown_outcome_is_lost(lost: Answer | TransportError) -> None:
    """It may have been executed: look before anything else."""
    target, _ = scripted(lost)
    with pytest.raises(AnswerLost):
        await target.write(CREATE)
    assert target.requests == 1


@pytest.mark.parametrize("write", WRITES[1:], ids=lambda write: type(write).__name__)
@pytest.mark.parametrize(
    "lost",
    [answer(500), answer(200, b"<html>ok</html>"), answer(206), AnswerBroken("")],
    ids=["500", "html", "206", "broken"],
)
async def test_other_writes_can_be_lost_too(write: Any, lost: Answer | TransportError) -> None:
    """A page of a proxy with status 200 is not the server's word."""
    target, _ = scripted(lost)
    with pytest.raises(AnswerLost):
        await target.write(write)


async def test_what_was_not_sent_was_not_executed() -> None:
    """Neither counted as a request nor lost."""
    target, _ = scripted(NotSent("refused"), NotSent("refused"))
    with pytest.raises(RemoteUnavailable):
        await target.write(CREATE)
    with pytest.raises(RemoteUnavailable):
        await target.get(USER, ID)
    assert target.requests == 0


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Rejected),
        (401, CredentialsRefused),
        (403, CredentialsRefused),
        (408, RemoteUnavailable),
        (409, Conflict),
        (412, Rejected),
        (413, Rejected),
        (422, Rejected),
        (429, Throttled),
        (501, Rejected),
        (301, ProtocolError),
        (307, ProtocolError),
        (101, ProtocolError),
    ],
)
@pytest.mark.parametrize("detail", [b"", b"<html>no</html>", b'{"detail":"no"}', b"[", b"\xff"])
async def test_statuses_that_mean_the_same_for_reads_and_writes(
    status: int, error: type[RemoteError], detail: bytes
) -> None:
    """By kind, whatever the body."""
    target, _ = scripted(*[Answer(status, {"location": "https://evil.example"}, detail)] * 6)
    with pytest.raises(error) as of_write:
        await target.write(UPDATE)
    assert type(of_write.value) is error
    assert (of_write.value.status, of_write.value.remote) == (status, "ZSCloud")
    assert of_write.value.operation == "PATCH /Users/u1"
    assert "evil" not in str(of_write.value)
    for read in (
        lambda: target.get(USER, ID),
        lambda: target.page(USER, 1, 10),
        lambda: target.find(USER, "userName", "a"),
        target.capabilities,
    ):
        with pytest.raises(error):
            await read()
    assert target.throttled == (5 if status == 429 else 0)


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (answer(500), RemoteUnavailable),
        (answer(503), RemoteUnavailable),
        (answer(204), ProtocolError),
        (answer(200), ProtocolError),
        (answer(200, b'{"totalResults":1,"Resou'), ProtocolError),
        (answer(200, b"<html>sign in</html>"), ProtocolError),
        (AnswerBroken("TimeoutError"), RemoteUnavailable),
        (AnswerTooLarge("too large"), ProtocolError),
    ],
    ids=str,
)
async def test_reads_that_fail(bad: Answer | TransportError, error: type[RemoteError]) -> None:
    """Nothing was changed, so nothing is lost."""
    target, _ = scripted(*[bad] * 4)
    for read in (
        lambda: target.get(USER, ID),
        lambda: target.page(USER, 1, 10),
        lambda: target.find(USER, "userName", "a"),
        target.capabilities,
    ):
        with pytest.raises(error) as failed:
            await read()
        assert type(failed.value) is error


async def test_another_object_than_the_one_asked_for() -> None:
    """An answer that is another object must not be taken for it."""
    target, _ = scripted(answer(200, {"id": "u2"}))
    with pytest.raises(ProtocolError):
        await target.get(USER, ID)


@pytest.mark.parametrize("token", ["", " a", "a\n", "a b", "tök"])
def test_a_token_that_cannot_be_sent(token: str) -> None:
    """Refused before anything is sent, and not repeated in the error."""
    with pytest.raises(ValueError, match="SCIM token") as refused:
        target_of(None, token=token)
    assert token == "" or repr(token) not in str(refused.value)


async def test_close_leaves_a_transport_alone_that_holds_nothing() -> None:
    """A transport in process need not know how to close."""
    target, transport = scripted()
    await target.close()
    assert transport.sent == []


async def test_404_is_an_objects_or_that_of_the_whole_server() -> None:
    """A list and discovery are always there: without them, nothing is known of any object."""
    target, _ = scripted(*[answer(404)] * 5)
    with pytest.raises(NotFound):
        await target.get(USER, ID)
    with pytest.raises(NotFound):
        await target.write(DeleteObject(USER, ID))
    for call in (
        target.capabilities(),
        target.page(USER, 1, 1),
        target.find(USER, "userName", "a"),
    ):
        with pytest.raises(EndpointGone) as gone:
            await call
        assert not isinstance(gone.value, NotFound)
        assert "ZSCLOUD_SCIM_BASE_URL" in gone.value.remedy
