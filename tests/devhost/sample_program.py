"""``serve`` for another app: run as ``python -m tests.devhost.sample_program FOLDER STATE``."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from devhost.serving import Serve, serve
from provisioning.setting_values import Secret


def _ready(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


async def _close() -> None:
    logging.getLogger("sample").info("closed")


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("azure").setLevel(logging.WARNING)
    key = os.environ.get("FUNCTION_KEY")
    options = Serve(
        host="127.0.0.1",
        port=0,
        key=Secret(key) if key else None,
        environ=os.environ,
        state_path=Path(sys.argv[2]),
        app=Path(sys.argv[1]),
        grace=float(os.environ.get("GRACE", "5")),
        request_seconds=float(os.environ.get("REQUEST_SECONDS", "30")),
        body_seconds=float(os.environ.get("BODY_SECONDS", "30")),
    )
    asyncio.run(serve(options, _ready, _close))


if __name__ == "__main__":
    main()
