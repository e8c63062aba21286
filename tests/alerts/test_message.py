"""An alarm as people and programs read it; no text from outside becomes a header."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.alerts.message import document, mail, text, title
from provisioning.notice import Alarm, Notice, NoticeState
from tests.alerts.notices import NOTICE, notice

HEADERS = {
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version"),
    *("Content-Type", "Content-Transfer-Encoding"),
}


def received(one: Notice) -> EmailMessage:
    """The mail as the other side parses it."""
    sent = mail(
        one, sender="from@example.com", recipients=("a@example.com", "b@example.com"), id="1"
    )
    return message_from_bytes(sent.as_bytes(policy=policy.SMTP), policy=policy.default)


def test_a_mail_says_what_happened_to_whom_and_what_to_do() -> None:
    message = received(NOTICE)
    assert message["Subject"] == "ZSCloud provisioning: removals are held"
    assert (message["From"], message["To"]) == ("from@example.com", "a@example.com, b@example.com")
    assert message["Date"].datetime.timestamp() == NOTICE.time
    assert message["Message-ID"] == "<1@example.com>"
    assert message.get_content_type() == "text/plain"
    assert message.get_content().replace("\r\n", "\n") == (
        "Removals are held.\n"
        "\n"
        "What happened: 412 removals are held above the deletion threshold.\n"
        "Concerned: Ada Adler, Jürgen Öztürk\n"
        "What to do: Approve or reject them.\n"
        "\n"
        "Since: 2023-11-14T22:13:20Z\n"
        "Job: 0b1c2d3e@example.com/1234567\n"
        "Console: https://app.example.com/api/console\n"
    )


def test_the_end_of_an_alarm_asks_for_nothing() -> None:
    said = text(notice(state=NoticeState.OVER, link=None, names=()))
    assert said.startswith("Over: removals are held.\n\nIt was: 412 removals")
    assert "Until: 2023-11-14T22:14:20Z" in said
    assert "What to do" not in said
    assert "Console" not in said


@pytest.mark.parametrize("code", list(Alarm))
@pytest.mark.parametrize("state", list(NoticeState))
def test_every_alarm_has_a_title(code: Alarm, state: NoticeState) -> None:
    assert title(notice(code=code, state=state))


def test_the_document_is_the_one_that_is_documented() -> None:
    from tests.infra.conftest import ROOT

    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = page.partition("**The webhook** gets")[2].partition("\n\nChats")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    fields = [field.strip(" `") for row in rows for field in row.split(",")]
    found = document(NOTICE)
    assert sorted(found) == sorted(fields)
    assert found["names"] == ["Ada Adler", "Jürgen Öztürk"]
    assert (found["since"], found["time"]) == ("2023-11-14T22:13:20Z", "2023-11-14T22:14:20Z")
    alarms = page.partition("\n## Alarms")[2].partition("\n## ")[0]
    assert all(f"`{code.value}`" in alarms for code in Alarm)


ANYTHING = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
HOSTILE = st.sampled_from(
    [
        "Ada\r\nBcc: thief@example.com",
        "Ada\nSubject: nothing is wrong\n\nAll is well.",
        "\r\n.\r\nMAIL FROM:<thief@example.com>",
        "=?utf-8?q?=0ABcc=3A_thief=40example=2Ecom?=",
        "Ada\x00\x1b[2J\u2028Bcc: thief@example.com",
    ]
)


@given(ANYTHING | HOSTILE, ANYTHING | HOSTILE, st.lists(ANYTHING | HOSTILE, max_size=5))
def test_no_name_becomes_a_header_or_a_line(sentence: str, remedy: str, names: list[str]) -> None:
    hostile = notice(sentence=sentence, remedy=remedy, names=tuple(names), subject=sentence)
    message, harmless = received(hostile), received(NOTICE)
    assert set(message.keys()) == HEADERS
    for name in ("From", "To", "Subject"):
        assert message[name] == harmless[name]
    lines = message.get_content().splitlines()
    known = ("What happened: ", "Concerned: ", "What to do: ", "Since: ", "Job: ", "Console: ")
    assert all(line == "" or line.startswith(("Removals are held.", *known)) for line in lines)
    assert all(
        ord(c) >= 32 for value in document(hostile).values() for c in str(value) if c != "\n"
    )


def test_what_is_very_long_is_cut() -> None:
    long = notice(sentence="x" * 10_000, names=("y" * 10_000,) * 5, remedy="z" * 10_000)
    assert len(text(long)) < 4000
