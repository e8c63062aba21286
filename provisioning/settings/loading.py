"""Reading an environment: every problem is reported, together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.errors import ConfigurationError, Problem, cut
from provisioning.setting_values import InvalidSettingError, token
from provisioning.settings.table import SETTINGS, Setting
from provisioning.settings.together import (
    alarm_problems,
    console_address,
    insights_connection,
    notification_problems,
    storage_problems,
)
from provisioning.settings.values import Settings

_PREFIXES = (
    *("ENTRA_", "ZSCLOUD_", "PROVISIONING_", "ON_", "DELETION_", "HELD_", "NOTIFICATION_"),
    *("ALERT_", "SMTP_"),
)
_LIKENESS = 0.8
_LIKENESS_ELSEWHERE = 0.9
"""Without one of our prefixes a name is sooner somebody else's."""

_KEY_VAULT = "@microsoft.keyvault("


def load_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of an environment. An empty value counts as none.

    Raises ``ConfigurationError`` with all problems: name, value seen (never a secret's), remedy.
    """
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        try:
            values[setting.name.lower()] = _value(setting, environ)
        except InvalidSettingError as error:
            problems.append(Problem(setting.name, error.message, error.remedy))
    problems += _unknown(environ)
    problems += storage_problems(environ, values)
    problems += notification_problems(values)
    problems += alarm_problems(values)
    if problems:
        raise ConfigurationError(tuple(problems))
    return Settings(
        **values,
        insights=insights_connection(environ),
        console=console_address(values["notification_url"], environ),
    )


def _value(setting: Setting, environ: Mapping[str, str]) -> Any:
    given = environ.get(setting.name, "")
    raw = given if given.strip() else setting.default
    if raw is None:
        raise InvalidSettingError("is not set.", setting.remedy)
    if setting.optional and not raw:
        return None
    try:
        raw.encode()
    except UnicodeEncodeError:
        # Python's way to hold what it could not read; neither system could be sent it.
        raise InvalidSettingError("holds bytes that are no text.", "Write UTF-8.") from None
    if raw.strip().lower().startswith(_KEY_VAULT):
        raise InvalidSettingError(
            "is a Key Vault reference that the platform did not resolve.",
            "Check the reference, and that the app's identity may read the secret; elsewhere "
            "than in Azure give the value itself.",
        )
    # A token is taken as it stands: what is wrong with it has to be seen.
    return setting.parse(raw if setting.parse is token else raw.strip())


def _unknown(environ: Mapping[str, str]) -> Iterator[Problem]:
    """Names that look like ours and are not: a misspelled setting would silently not count."""
    known = [setting.name for setting in SETTINGS]
    for name in sorted(environ):
        if name in known:
            continue
        from difflib import get_close_matches

        ours = name.upper().startswith(_PREFIXES)
        likeness = _LIKENESS if ours else _LIKENESS_ELSEWHERE
        near = get_close_matches(name.upper(), known, n=1, cutoff=likeness)
        if not near:
            continue  # somebody else's variable
        yield Problem(
            cut(name, 100),
            "is no setting of this program.",
            f"Did you mean {near[0]}? Rename it or remove it.",
        )
