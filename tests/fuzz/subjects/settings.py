"""Values of settings, the storage account, files of settings, tokens, answers about alarms."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st

from provisioning.alerts.addresses import (
    SmtpServer,
    address,
    addresses,
    is_host,
    smtp_server,
    webhook_url,
)
from provisioning.alerts.webhook import WebhookChannel
from provisioning.alerts.webhook import _retry_after as webhook_wait
from provisioning.cli.environment import LOCAL_SETTINGS, add_local_settings
from provisioning.drift import DriftPolicy, parse_drift
from provisioning.errors import ConfigurationError
from provisioning.setting_values import (
    InvalidSettingError,
    Secret,
    organisation,
    schedule,
    url,
)
from provisioning.settings import SETTINGS, Settings, load_settings
from provisioning.storage.account import StorageAccount, storage_account
from provisioning.storage.retries import _retry_after as storage_wait
from provisioning.token_expiry import expires_at, warning
from tests.fuzz.judge import Broken, Parser
from tests.fuzz.mutations import SECRET, bodies, encodable_texts, texts
from tests.fuzz.subjects.answers import waits

_SMTP = f"smtps://user:{'pw' + 'x' * 20}@mail.example.com:465"
_PASSWORD = "pw" + "x" * 20
_CLEAR = "https://scim.zscloud.net/1234/5678/scim"
_VALID: dict[str, str] = {
    "ENTRA_SERVICE_PRINCIPAL_ID": "59e617e5-e447-4adc-8b88-00af644d7c92",
    "ENTRA_TENANT_ID": "59e617e5-e447-4adc-8b88-00af644d7c93",
    "ZSCLOUD_SCIM_BASE_URL": _CLEAR,
    "ZSCLOUD_SCIM_TOKEN": SECRET,
    "NOTIFICATION_URL": "https://app.example/api/notifications",
    "NOTIFICATION_CLIENT_STATE": f"{SECRET}, {'o' * 20}",
    "ALERT_EMAIL": "a@example.com, b@example.com",
    "SMTP_URL": _SMTP,
    "ALERT_WEBHOOK": f"https://hooks.example/{SECRET.replace('+', '-')}",
    "DRIFT": "report, department=leave",
    "PROTECTED": "admin*, *@example.com",
    "STATE_STORE": "sqlite:///.state/p.db",
    "ZSCLOUD_REQUESTS_PER_SECOND": "5",
    "CYCLE_SCHEDULE": "0 */5 * * * *",
    "AzureWebJobsStorage": f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={SECRET}",
    "FUNCTION_KEY": SECRET,
}
_NAMES = (
    *(each.name for each in SETTINGS),
    *("AzureWebJobsStorage", "AzureWebJobsStorage__accountName", "AzureWebJobsStorage__clientId"),
    *("AzureWebJobsStorage__blobServiceUri", "WEBSITE_HOSTNAME", "WEBSITE_SKU"),
    *("ZSCLOUD_TOKEN", "ENTRA_\r\nX", "ON_UNASIGN", "ALERT_" + "X" * 5000),
)
_HIDDEN = frozenset(
    {
        *("ZSCLOUD_SCIM_TOKEN", "NOTIFICATION_CLIENT_STATE", "SMTP_URL", "ALERT_WEBHOOK"),
        *("AzureWebJobsStorage", "FUNCTION_KEY"),
    }
)
"""Settings whose values nobody may see."""

_VALUES = texts(*_VALID.values(), *(each.default for each in SETTINGS if each.default), "", " ")


def _environment(changes: list[tuple[str, str, bool]]) -> dict[str, str]:
    environ = dict(_VALID)
    for name, value, away in changes:
        shown = value.replace(SECRET, "x").replace(_PASSWORD, "y")
        environ[name] = value if name in _HIDDEN else shown
        if away:
            environ.pop(name)
    return environ


_ENVIRONMENTS = st.lists(
    st.tuples(st.sampled_from(_NAMES), _VALUES, st.sampled_from((False, False, True))), max_size=4
).map(_environment)


def _settings(environ: Mapping[str, str]) -> Settings:
    made = load_settings(environ)
    assert made.job
    if SECRET in repr(made) or _PASSWORD in repr(made):
        raise Broken("settings show a secret")
    return made


def _setting(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """As a parser whose refusal has two sentences."""

    def read(raw: str) -> Any:
        try:
            return parse(raw.strip())
        except InvalidSettingError as error:
            refusal = error
        if not refusal.message or not refusal.remedy:
            raise Broken("a refusal without a word")
        raise refusal

    return read


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-"))


def _local(body: bytes) -> dict[str, str]:
    (_folder() / LOCAL_SETTINGS).write_bytes(body)
    environ: dict[str, str] = {}
    add_local_settings(environ, _folder())
    return environ


def _jwt(given: tuple[bytes, str]) -> float | None:
    payload, text = given
    encoded = base64.urlsafe_b64encode(payload).decode().rstrip("=")
    for token in (f"a.{encoded}.c", text, f"a.{text}.c"):
        end = expires_at(token)
        said = warning(token, 1_760_000_000.0)
        assert said is None or len(said) < 300
    return end


def _storage_wait(stated: str) -> float | None:
    error = Exception()
    error.response = SimpleNamespace(headers={"Retry-After": stated})  # type: ignore[attr-defined]
    return storage_wait(error)


def _webhook_wait(stated: str) -> float | None:
    wait = webhook_wait({"Retry-After": stated}, 1_760_000_000.0)
    assert wait is None or wait >= 0
    return wait


def _scrubbed(text: str) -> str:
    hook = Secret(f"https://hooks.example/{SECRET}?key={SECRET}")
    channel = WebhookChannel(hook, SimpleNamespace())  # type: ignore[arg-type]
    shown = channel._scrubbed(text.replace(SECRET, hook.reveal()))
    if SECRET in shown or not shown.isprintable() or len(shown) > 300:
        raise Broken(f"an answer of the webhook is shown as {shown!r}")
    return shown


def _organisation(text: str) -> str:
    return organisation(url(text))


_VALUE_MODULE = "provisioning.setting_values"

PARSERS = (
    Parser(
        "setting: all of them",
        (
            *(
                "provisioning.settings.loading:load_settings",
                "provisioning.settings.together:console_address",
            ),
            *(f"{_VALUE_MODULE}:number.parse", f"{_VALUE_MODULE}:integer.parse"),
            f"{_VALUE_MODULE}:choice.parse",
        ),
        _ENVIRONMENTS,
        _settings,
        Settings,
        (ConfigurationError,),
        secrets=(SECRET, _PASSWORD),
        examples=60,
    ),
    Parser(
        "setting: URL",
        (
            *(f"{_VALUE_MODULE}:url", f"{_VALUE_MODULE}:is_loopback"),
            f"{_VALUE_MODULE}:organisation",
        ),
        encodable_texts(_CLEAR, "http://localhost:8080/scim", "http://[::1]/x", "https://h/?a=b"),
        _setting(_organisation),
        str,
        (InvalidSettingError,),
    ),
    Parser(
        "setting: mail server",
        ("provisioning.alerts.addresses:_split", "provisioning.alerts.addresses:_encryption"),
        encodable_texts(
            _SMTP, "smtp://localhost:25?starttls=never", "smtp://u:p%40@h?starttls=required"
        ),
        _setting(smtp_server),
        SmtpServer,
        (InvalidSettingError,),
        secrets=(_PASSWORD,),
    ),
    Parser(
        "setting: webhook of alarms",
        ("provisioning.alerts.addresses:webhook_url",),
        encodable_texts(_VALID["ALERT_WEBHOOK"], "http://127.0.0.1:1/x"),
        _setting(webhook_url),
        Secret,
        (InvalidSettingError,),
        secrets=(SECRET.replace("+", "-"),),
    ),
    Parser(
        "setting: mail addresses",
        ("provisioning.alerts.addresses:address",),
        encodable_texts("a@example.com", "a@example.com, b@example.com"),
        _setting(lambda raw: (is_host(raw), addresses(raw), address(raw))[1]),
        tuple[str, ...],
        (InvalidSettingError,),
    ),
    Parser(
        "setting: drift",
        ("provisioning.drift:parse_drift",),
        encodable_texts("repair", "report, department=leave", "a=b=leave,,=,"),
        _setting(parse_drift),
        DriftPolicy,
        (InvalidSettingError,),
    ),
    Parser(
        "setting: schedule",
        ("provisioning.ncrontab:parse_schedule",),
        encodable_texts("0 */5 * * * *", "0 30 2 1,15 Jan-Mar Mon-Fri", "0/7 5-9/2 * 31 * *"),
        _setting(schedule),
        str,
        (InvalidSettingError,),
    ),
    Parser(
        "setting: storage account",
        ("provisioning.storage.account:storage_account",),
        st.dictionaries(
            st.sampled_from([name for name in _NAMES if name.startswith("Azure")]), _VALUES
        ),
        storage_account,
        StorageAccount | None,
        (ConfigurationError,),
    ),
    Parser(
        "setting: file of local settings",
        ("provisioning.cli.environment:_values",),
        bodies({"IsEncrypted": False, "Values": {"A": "1", "TOKEN": SECRET}}),
        _local,
        dict[str, str],
        (ConfigurationError,),
        secrets=(SECRET,),
    ),
    Parser(
        "setting: end of a token",
        ("provisioning.token_expiry:expires_at",),
        st.tuples(bodies({"exp": 1_770_000_000, "iss": "x"}), texts("a.b.c", "a.e30.c")),
        _jwt,
        float | None,
        (),
    ),
    Parser(
        "answer: Retry-After of the storage",
        ("provisioning.storage.retries:_retry_after",),
        waits(),
        _storage_wait,
        float | None,
        (),
    ),
    Parser(
        "answer: Retry-After of the webhook",
        ("provisioning.alerts.webhook:_retry_after",),
        waits(),
        _webhook_wait,
        float | None,
        (),
    ),
    Parser(
        "answer: what the webhook says",
        ("provisioning.alerts.webhook:WebhookChannel._scrubbed",),
        texts(f"no {SECRET}", f"{SECRET}\n{SECRET}"),
        _scrubbed,
        str,
        (),
    ),
)
"""Everything that reads a setting, and what the smaller remote systems answer."""
