"""The templates, read and parsed once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.infra.bicep.check import parse_all
from tests.infra.bicep.source import Source, read_templates

ROOT = Path(__file__).parent.parent.parent
INFRA = ROOT / "infra"


@pytest.fixture(scope="session")
def texts() -> Mapping[str, str]:
    return read_templates(INFRA)


@pytest.fixture(scope="session")
def sources(texts: Mapping[str, str]) -> Mapping[str, Source]:
    return parse_all(texts)
