"""All checks of the templates together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.infra.bicep.finding import Finding
from tests.infra.bicep.hardening import check_hardening
from tests.infra.bicep.modules import check_modules, check_unused
from tests.infra.bicep.names import check_names
from tests.infra.bicep.resources import check_resources
from tests.infra.bicep.secrets import check_secrets
from tests.infra.bicep.source import Source, check_syntax, parse


def parse_all(texts: Mapping[str, str]) -> Mapping[str, Source]:
    """The trees of all files."""
    return {path: parse(path, text) for path, text in texts.items()}


def check_templates(sources: Mapping[str, Source], extensions: frozenset[str]) -> Iterator[Finding]:
    """What is wrong in the files, and between them. ``extensions``: those of bicepconfig.json."""
    for source in sources.values():
        yield from check_syntax(source)
        yield from check_names(source)
        yield from check_modules(source, sources)
        yield from check_secrets(source, sources)
        yield from check_resources(source)
        yield from check_hardening(source)
        for name in source.extensions:
            if name not in extensions:
                yield source.find("unknown-extension", source.root, f"{name} is not configured")
    yield from check_unused(sources)
