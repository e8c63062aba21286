"""An ingestion endpoint of Application Insights on this machine: it keeps what it is sent."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

INSTRUMENTATION_KEY = "00000000-0000-4000-8000-000000000001"


class Ingestion:
    """``envelopes`` are what came, decoded. ``status`` is what is answered."""

    def __init__(self) -> None:
        self.envelopes: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.status = 200
        self.connection = ""

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The data of the envelopes of a kind: ``EventData``, ``MetricData`` and so on."""
        found = [each["data"] for each in self.envelopes]
        return [data["baseData"] for data in found if data["baseType"] == kind]

    def take(self, path: str, body: bytes) -> bytes:
        items = json.loads(body)
        self.paths.append(path)
        self.envelopes += items
        told = {"itemsReceived": len(items), "itemsAccepted": len(items), "errors": []}
        return json.dumps(told).encode()


@contextmanager
def ingestion() -> Iterator[Ingestion]:
    """The endpoint, as long as the body runs."""
    kept = Ingestion()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            answer = kept.take(self.path, body)
            self.send_response(kept.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    url = f"http://127.0.0.1:{server.server_port}/"
    kept.connection = f"InstrumentationKey={INSTRUMENTATION_KEY};IngestionEndpoint={url}"
    try:
        yield kept
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
