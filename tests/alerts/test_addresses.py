"""Where alarms go: what the settings mean, and what is refused without showing it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provisioning.alerts.addresses import (
    SmtpServer,
    address,
    addresses,
    default_sender,
    is_host,
    smtp_server,
    webhook_url,
)
from provisioning.setting_values import InvalidSettingError, Secret


def server(raw: str) -> tuple[str, int, str, bool, str | None, str | None]:
    made = smtp_server(raw)
    password = None if made.password is None else made.password.reveal()
    return made.host, made.port, made.encryption, made.loopback, made.user, password


@pytest.mark.parametrize(
    ("raw", "made"),
    [
        ("smtp://mail.example.com", ("mail.example.com", 587, "required", False, None, None)),
        ("smtps://mail.example.com/", ("mail.example.com", 465, "tls", False, None, None)),
        (
            "smtps://jo%40example.com:p%2Fw@mail.example.com:2465",
            ("mail.example.com", 2465, "tls", False, "jo@example.com", "p/w"),
        ),
        (
            "smtp://mail.example.com:25?starttls=required",
            ("mail.example.com", 25, "required", False, None, None),
        ),
        ("smtp://127.0.0.1:2525", ("127.0.0.1", 2525, "offered", True, None, None)),
        ("smtp://localhost?starttls=never", ("localhost", 587, "never", True, None, None)),
        ("smtp://localhost?starttls=offered", ("localhost", 587, "offered", True, None, None)),
        ("smtp://localhost?starttls=required", ("localhost", 587, "required", True, None, None)),
        ("smtps://localhost", ("localhost", 465, "tls", True, None, None)),
    ],
)
def test_a_mail_server_and_how_it_is_spoken_to(
    raw: str, made: tuple[str, int, str, bool, str | None, str | None]
) -> None:
    assert server(raw) == made


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("", "no URL of a mail server"),
        ("smtp://", "no URL of a mail server"),
        ("smtp://mail:0", "no URL of a mail server"),
        ("smtp://mail:70000", "no URL of a mail server"),
        ("smtp://ma il", "no URL of a mail server"),
        ("smtp://mail\\x", "no URL of a mail server"),
        ("smtp://u:p\u00e9@mail", "no URL of a mail server"),
        ("smtp://u:p\x7f@mail", "no URL of a mail server"),
        ("smtp://ma'il", "no URL of a mail server"),
        ("http://mail", "neither smtp:// nor smtps://"),
        ("smtp://mail/path", "a path or a fragment"),
        ("smtp://mail#part", "a path or a fragment"),
        ("smtp://user@mail", "a user without a password"),
        ("smtp://:word@mail", "a user without a password"),
        ("smtp://us%0Aer:word@mail", "a control character"),
        ("smtp://user:wo%00rd@mail", "a control character"),
        ("smtp://mail?tls=1", "a parameter other than starttls"),
        ("smtp://mail?starttls=required&tls=", "a parameter other than starttls"),
        ("smtps://mail?starttls=required", "smtps:// is encrypted from the start"),
        ("smtps://mail?starttls=", "smtps:// is encrypted from the start"),
        ("smtp://mail?starttls=", "none of its values"),
        ("smtp://mail?starttls=yes", "none of its values"),
        ("smtp://mail?starttls=offered", "mail without encryption"),
        ("smtp://mail?starttls=never", "mail without encryption"),
    ],
)
def test_what_is_no_mail_server_is_not_shown(raw: str, why: str) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        smtp_server(raw)
    assert why in str(caught.value)
    assert "word" not in str(caught.value).replace("password", "")
    assert "STARTTLS" in caught.value.remedy or "required" in caught.value.remedy


@pytest.mark.parametrize(
    "raw",
    ["https://hooks.example.com/a?b=c", "http://127.0.0.1:8000/x", "http://localhost/"],
)
def test_a_webhook_is_secret_as_a_whole(raw: str) -> None:
    assert webhook_url(raw).reveal() == raw


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("hooks", "no URL with a host"),
        ("https://hooks:0/", "no URL with a host"),
        ("https://user@hooks/", "a user name or password"),
        ("https://:word@hooks/", "a user name or password"),
        ("http://hooks/", "not encrypted"),
        ("ftp://hooks/", "neither https nor http"),
        ("ftp://localhost/", "neither https nor http"),
        ("https://hooks/#part", "a fragment"),
    ],
)
def test_what_is_no_webhook(raw: str, why: str) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        webhook_url(raw)
    assert why in str(caught.value)
    assert "https URL" in caught.value.remedy


def test_addresses_are_told_once_in_their_order() -> None:
    assert addresses(" b@x.org, a@x.org ,b@x.org,") == ("b@x.org", "a@x.org")
    assert addresses("") == ()
    longest = f"{'a' * 64}@{'b' * 185}.org"
    assert len(longest) == 254
    assert address(longest) == longest


@pytest.mark.parametrize(
    "raw",
    ["jo", "Jo <jo@x.org>", "jo@", "@x.org", "jo@x..org", f"{'a' * 64}@{'b' * 186}.org", "é@x.org"],
)
def test_what_is_no_address(raw: str) -> None:
    with pytest.raises(InvalidSettingError, match="no mail address") as caught:
        address(raw)
    assert len(str(caught.value)) < 130
    assert caught.value.remedy.startswith("Write name@example.com")


@pytest.mark.parametrize(
    ("text", "host"),
    [("a.example.com:8080", True), ("[::1]", False), ("::1", True), ("a b", False), ("", False)],
)
def test_what_may_be_a_host(text: str, host: bool) -> None:
    assert is_host(text) is host
    assert is_host("a" * 253)
    assert not is_host("a" * 254)


def from_user(user: str | None) -> SmtpServer:
    return SmtpServer(host="m", port=25, encryption="tls", loopback=False, user=user)


def test_mails_come_from_an_address_that_the_server_knows() -> None:
    to = ("jo@b.org", "kim@c.org")
    assert from_user("a@b").password is None
    assert default_sender(to, from_user("app@a.org")) == "app@a.org"
    assert default_sender((), from_user("app@a.org")) == "app@a.org"
    for known in (from_user("app"), from_user(None), None):
        assert default_sender(to, known) == "zscloud-provisioning@b.org"
        assert default_sender((), known) is None


Parse = Callable[[str], SmtpServer | Secret]


@pytest.mark.parametrize("parse", [smtp_server, webhook_url])
def test_an_error_hides_what_caused_it(parse: Parse) -> None:
    """The error of the parser would show the URL."""
    with pytest.raises(InvalidSettingError) as caught:
        parse("smtp://user:word@host:port")
    assert caught.value.__suppress_context__
