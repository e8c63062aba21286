"""All parsers, and what is not one although it looks like it.

``tests/fuzz/test_registry.py`` walks the source of ``provisioning`` and ``handlers``. It fails for
every place that decodes something and is neither covered by a parser nor excepted here.
"""

from __future__ import annotations

from tests.fuzz.judge import Parser
from tests.fuzz.subjects import edges, graph, languages, messages, scim, settings, store

PARSERS: tuple[Parser, ...] = (
    *graph.PARSERS,
    *scim.PARSERS,
    *messages.PARSERS,
    *languages.PARSERS,
    *settings.PARSERS,
    *edges.PARSERS,
    *store.PARSERS,
)

BY_NAME = {parser.name: parser for parser in PARSERS}

_CLOCK = "It writes the time of our own clock, which no sender chooses."
_SHOWN = "It shows a document that an operation of this program has just made."

EXCEPTIONS: dict[str, str] = {
    "provisioning.alerts.message:mail": _CLOCK,
    "provisioning.alerts.message:_rfc3339": _CLOCK,
    "provisioning.discovery.entries:LookEntries.young": (
        "The time is at most two minutes after one that was bounded when it was read."
    ),
    "provisioning.graph.subscription_rows:_time": _CLOCK,
    "provisioning.operations.schema_eval:_around": _CLOCK,
    "provisioning.resolve:_around": _CLOCK,
    "provisioning.cli.changes:change_texts": _SHOWN,
    "provisioning.cli.logs:_show_details": _SHOWN,
    "provisioning.cli.on_demand:_show_result": _SHOWN,
    "provisioning.expressions.syntax:_parser": "It is made once, of the grammar.",
    "provisioning.graph.endpoint:_shown": "The URL is a setting that was checked.",
    "provisioning.operations.subscriptions:report_document": "The URL is a checked setting.",
    "provisioning.telemetry.entries:_decode": "It is what this process has just stored.",
}
"""Places that decode what nobody else sends, each with its reason."""
