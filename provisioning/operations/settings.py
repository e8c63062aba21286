"""The settings in effect, for people: no secret's value, and nothing that could hold one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from provisioning.alerts.addresses import SmtpServer
from provisioning.drift import DriftPolicy
from provisioning.operations.documents import Document
from provisioning.services import Services
from provisioning.setting_values import Secret
from provisioning.settings import SETTINGS, Setting
from provisioning.settings.meanings import MEANINGS

SECRETS = frozenset(
    {
        "ZSCLOUD_SCIM_TOKEN",
        "NOTIFICATION_CLIENT_STATE",
        "SMTP_URL",
        "ALERT_WEBHOOK",
        "FUNCTION_KEY",
    }
)
"""Of these is shown whether they are set, and no more. SMTP_URL may hold a password."""

_NOTHING = {"STATE_STORE": "azure", "ZSCLOUD_MEMBER_REMOVAL": "auto"}
"""The words of settings that are no value in the program."""


async def list_settings(services: Services) -> Document:
    """Every setting, in the order of the documentation: ``{items, next}``.

    An item is ``{name, value, default, changed, secret, set, meaning}``. ``value`` and ``default``
    are texts as in the environment; ``value`` is ``None`` for a secret and for what has none,
    ``default`` for what has to be set. ``changed``: it is another than the default.
    """
    return {"items": [_item(services, setting) for setting in SETTINGS], "next": None}


def _item(services: Services, setting: Setting) -> Document:
    value = getattr(services.settings, setting.name.lower())
    secret = setting.name in SECRETS or _holds_secret(value)
    shown = None if secret else _text(setting, value)
    default = _default(setting)
    return {
        "name": setting.name,
        "value": shown,
        "default": default,
        "changed": bool(value) if secret else setting.default is not None and shown != default,
        "secret": secret,
        "set": bool(value) if secret else shown is not None,
        "meaning": MEANINGS[setting.name],
    }


def _default(setting: Setting) -> str | None:
    """The default, written as a value is."""
    return _text(setting, setting.parse(setting.default)) if setting.default else None


def _holds_secret(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(_holds_secret(each) for each in value)
    return isinstance(value, Secret | SmtpServer)


def _text(setting: Setting, value: Any) -> str | None:
    if value is None or value == ():
        return _NOTHING.get(setting.name)
    if setting.name == "STATE_STORE":
        return f"sqlite:///{value.as_posix()}"
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, DriftPolicy):
        return ",".join([value.default.value, *(f"{n}={t.value}" for n, t in value.items())])
    if isinstance(value, float):
        return f"{value:g}"
    return value.as_posix() if isinstance(value, Path) else str(value)
