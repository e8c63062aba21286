"""An alarm as a mail and as JSON. Pure.

What comes from outside goes into the body, cut and without control characters; the subject is made
of our own words alone, so that no name can become a header.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from provisioning.errors import cut
from provisioning.notice import Alarm, Notice, NoticeState

_SENTENCE = 1000
_NAME = 100
_SUBJECT = 150

_TITLES = {
    Alarm.QUARANTINED: "the job is in quarantine",
    Alarm.TOKEN_REFUSED: "credentials are refused",
    Alarm.CYCLE_FAILED: "a cycle failed",
    Alarm.NO_CYCLE: "no cycle ends well",
    Alarm.HELD: "removals are held",
    Alarm.HELD_EXPIRING: "a held plan is about to expire",
    Alarm.HELD_EXPIRED: "a held plan has expired",
    Alarm.ESCROW_GROWING: "many objects fail",
    Alarm.POISON: "a message was set aside",
    Alarm.SUBSCRIPTION: "change notifications are in trouble",
    Alarm.TEST: "this is a test",
}
_PREFIXES = {NoticeState.BEGUN: "", NoticeState.REMINDER: "Reminder: ", NoticeState.OVER: "Over: "}


def title(notice: Notice) -> str:
    """One line in our own words."""
    return f"{_PREFIXES[notice.state]}{_TITLES[notice.code]}"


def document(notice: Notice) -> dict[str, Any]:
    """What is posted to the webhook. ``text`` is all of it, for receivers that show one field."""
    return {
        "id": notice.id,
        "code": notice.code.value,
        "state": notice.state.value,
        "subject": cut(notice.subject, _NAME),
        "title": title(notice),
        "sentence": cut(notice.sentence, _SENTENCE),
        "names": [cut(name, _NAME) for name in notice.names],
        "remedy": cut(notice.remedy, _SENTENCE),
        "since": _rfc3339(notice.since),
        "time": _rfc3339(notice.time),
        "job": notice.job,
        "link": notice.link,
        "text": text(notice),
    }


def text(notice: Notice) -> str:
    """The body of a mail: what happened, to whom, what to do, and where to look."""
    over = notice.state is NoticeState.OVER
    lines = [
        f"{title(notice)[0].upper()}{title(notice)[1:]}.",
        "",
        f"{'It was' if over else 'What happened'}: {cut(notice.sentence, _SENTENCE)}",
    ]
    if notice.names:
        lines.append(f"Concerned: {', '.join(cut(name, _NAME) for name in notice.names)}")
    if not over:
        lines.append(f"What to do: {cut(notice.remedy, _SENTENCE)}")
    lines += ["", f"Since: {_rfc3339(notice.since)}"]
    if over:
        lines.append(f"Until: {_rfc3339(notice.time)}")
    lines.append(f"Job: {notice.job}")
    if notice.link is not None:
        lines.append(f"Console: {notice.link}")
    return "\n".join(lines) + "\n"


def mail(notice: Notice, *, sender: str, recipients: Sequence[str], id: str) -> EmailMessage:
    """The mail. ``id`` is a fresh identifier. Marked as made by a program (RFC 3834), so that no
    absence notice answers it.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Subject"] = cut(f"ZSCloud provisioning: {title(notice)}", _SUBJECT)
    message["Date"] = format_datetime(datetime.fromtimestamp(notice.time, UTC))
    message["Message-ID"] = f"<{id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text(notice))
    return message


def _rfc3339(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
