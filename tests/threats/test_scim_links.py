"""Addresses in answers of ZSCloud: none is called, and the token goes nowhere else."""

from __future__ import annotations

import pytest

from provisioning.errors import ProtocolError
from provisioning.model import CreateObject, ObjectType, ScimId
from tests.scim.scripted import BASE_URL, TOKEN, answer, scripted

ELSEWHERE = "https://elsewhere.example.com/scim/Users/1"
USER = {
    "id": "1",
    "userName": "ann@example.com",
    "meta": {"location": ELSEWHERE},
    "$ref": ELSEWHERE,
    "groups": [{"value": "g1", "$ref": ELSEWHERE, "display": "Sales"}],
}
LIST = {"totalResults": 2, "Resources": [USER], "nextLink": ELSEWHERE, "next": ELSEWHERE}


async def test_no_address_of_an_answer_is_called() -> None:
    target, transport = scripted(
        answer(201, USER, location=ELSEWHERE),
        answer(201, None, location=ELSEWHERE),
        answer(200, LIST, link=f'<{ELSEWHERE}>; rel="next"'),
        answer(200, LIST),
        answer(200, USER, content_location=ELSEWHERE),
    )
    create = CreateObject(ObjectType.USER, {"userName": "ann@example.com"})
    await target.write(create)
    await target.write(create)
    await target.page(ObjectType.USER, 1, 100)
    await target.find(ObjectType.USER, "userName", "ann@example.com")
    await target.get(ObjectType.USER, ScimId("1"))
    assert len(transport.sent) == 5
    assert all(sent.url.startswith(f"{BASE_URL}/") for sent in transport.sent)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_error_and_carries_no_token_away(status: int) -> None:
    target, transport = scripted(answer(status, None, location=ELSEWHERE))
    with pytest.raises(ProtocolError, match="a redirect"):
        await target.get(ObjectType.USER, ScimId("1"))
    [sent] = transport.sent
    assert sent.url.startswith(BASE_URL)
    assert sent.headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("id", ["../Groups/1", "1?x=1", "1#", "//elsewhere.example.com/1", "1/2"])
async def test_an_id_that_zscloud_gave_stays_one_part_of_a_path(id: str) -> None:
    target, transport = scripted(answer(200, {**USER, "id": id}))
    await target.get(ObjectType.USER, ScimId(id))
    [sent] = transport.sent
    path = sent.url.removeprefix(f"{BASE_URL}/Users/")
    assert path
    assert not set(path) & set("/?#")
