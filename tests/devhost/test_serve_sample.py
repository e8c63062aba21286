"""What the host does around an app that fails, blocks and runs late: a real process each time."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devhost.front import LARGEST_BODY
from provisioning.state.sqlite import SqliteStore
from tests.devhost.served import KEY, NEVER, PATIENCE, SAMPLE, Served, serving_sample, until

EVERY_SECOND = "* * * * * *"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The sample app with a key, for tests that leave it as it is."""
    folder = tmp_path_factory.mktemp("sample")
    with serving_sample(folder, FUNCTION_KEY=KEY, REQUEST_SECONDS="0.3") as served:
        yield served


def test_anonymous_function_is_open_and_gets_what_was_sent(sample: Served) -> None:
    forged = {"X-MS-CLIENT-PRINCIPAL-NAME": "forged@example.com", "X-Operator": "kim"}
    answer = sample.call("PUT", "/API/Echo/%C3%A9?a=1&a=2", b"12345", key=None, headers=forged)
    seen = answer.json
    assert (answer.status, seen["method"], seen["name"], seen["length"]) == (200, "PUT", "é", 5)
    assert seen["url"] == f"{sample.url}/API/Echo/%C3%A9?a=1&a=2"
    assert seen["params"] == {"a": "1,2"}
    assert seen["headers"]["x-operator"] == "kim"
    assert not any(name.startswith("x-ms-client-principal") for name in seen["headers"])
    assert answer.headers["set-cookie"] == "seen=1"


@pytest.mark.parametrize("path", ["/api/guarded", "/api/admin-only"])
def test_key_is_asked_for_in_header_or_query(sample: Served, path: str) -> None:
    assert sample.call("GET", path).body == b"open"
    assert sample.call("GET", f"{path}?code=a-key%2Fof%2Btests%3D%3D", key=None).status == 200
    for wrong in (None, "another", f"{KEY}=", KEY[:-1]):
        answer = sample.call("GET", path, key=wrong)
        assert (answer.status, answer.body) == (401, b"")
    assert sample.call("GET", f"{path}?code=wrong", key=None).status == 401
    assert sample.call("GET", f"{path}?code=", key=None).status == 401
    assert KEY not in sample.log


def test_unknown_route_is_not_found_with_or_without_a_key(sample: Served) -> None:
    for path in ("/", "/api", "/api/nowhere", "/guarded", "/favicon.ico", "/admin/host/status"):
        assert sample.call("GET", path, key=None).status == 404


def test_wrong_method_is_not_allowed(sample: Served) -> None:
    answer = sample.call("DELETE", "/api/guarded")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")


def test_head_is_get_without_the_body(sample: Served) -> None:
    answer = sample.call("HEAD", "/api/guarded")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "4")
    assert sample.call("HEAD", "/api/guarded", key=None).status == 401


def test_options_names_the_methods_without_a_key(sample: Served) -> None:
    answer = sample.call("OPTIONS", "/api/guarded", key=None)
    assert (answer.status, answer.headers["allow"]) == (204, "GET, POST, HEAD, OPTIONS")
    assert sample.call("OPTIONS", "/api/nowhere").status == 404


def test_failed_function_is_a_500_without_a_body_and_with_a_log(sample: Served) -> None:
    answer = sample.call("GET", "/api/fails")
    assert (answer.status, answer.body) == (500, b"")
    sample.wait_for(r"ERROR serve: fails: failed after \d+ ms: .*RuntimeError: broken on purpose")


def test_caller_waits_no_longer_than_the_limit_and_the_function_goes_on(sample: Served) -> None:
    assert sample.call("GET", "/api/slow").status == 504
    sample.wait_for("sample: slow is done")
    sample.wait_for(r"serve: slow: 200 in")


def test_too_large_a_body_is_refused(sample: Served) -> None:
    host, port = sample.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"POST /api/echo HTTP/1.1\r\nHost: {host}\r\nContent-Length: {LARGEST_BODY + 1}"
        connection.sendall(head.encode() + b"\r\nConnection: close\r\n\r\n")
        chunk = bytes(1 << 20)
        with contextlib.suppress(ConnectionError):  # it need not read all that it refuses
            for _ in range(LARGEST_BODY // len(chunk) + 1):
                connection.sendall(chunk)
        connection.settimeout(10)
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("path", ["/api/echo", "/admin/functions/work"])
def test_a_body_that_trickles_in_holds_no_connection(tmp_path: Path, path: str) -> None:
    """Who may call without a key could else take all connections there are."""
    with (
        serving_sample(tmp_path, FUNCTION_KEY=KEY, BODY_SECONDS="0.3") as served,
        socket.create_connection(_address(served), timeout=PATIENCE) as connection,
    ):
        host, _ = _address(served)
        head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 10\r\n"
        connection.sendall(head.encode() + f"x-functions-key: {KEY}\r\n\r\n1".encode())
        answer = b""
        while chunk := connection.recv(1000):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 408")


def _address(served: Served) -> tuple[str, int]:
    host, port = served.url.removeprefix("http://").split(":")
    return host, int(port)


def test_output_of_an_http_function_reaches_the_queue(sample: Served) -> None:
    assert sample.call("POST", "/api/guarded", b"by http").status == 200
    sample.wait_for("sample: got by http, try 1")


def test_functions_are_run_by_hand(sample: Served) -> None:
    assert sample.call("POST", "/admin/functions/clock").status == 202
    sample.wait_for("sample: got ticked, try 1")
    body = {"input": "by hand"}
    assert sample.call("POST", "/admin/functions/work", body).status == 202
    sample.wait_for("sample: got by hand, try 1")


@pytest.mark.parametrize(
    ("method", "name", "body", "key", "status"),
    [
        ("POST", "clock", None, None, 401),
        ("POST", "clock", None, "wrong", 401),
        ("GET", "clock", None, KEY, 405),
        ("POST", "nothing", None, KEY, 404),
        ("POST", "guarded", None, KEY, 400),
        ("POST", "work", b"{broken", KEY, 400),
        ("POST", "work", b"[" * 100_000, KEY, 400),
        ("POST", "work", ["list"], KEY, 400),
        ("POST", "work", {"input": 5}, KEY, 400),
    ],
)
def test_wrong_call_by_hand_is_refused(
    sample: Served, method: str, name: str, body: object, key: str | None, status: int
) -> None:
    answer = sample.call(method, f"/admin/functions/{name}", body, key=key)
    assert answer.status == status


@pytest.mark.parametrize("how", ["fail", "cancelled"])
def test_message_that_fails_goes_to_poison(sample: Served, how: str) -> None:
    sample.call("POST", "/api/guarded", how.encode())
    sample.wait_for(f"sample: poison {how}")
    assert sample.log.count(f"sample: got {how}, try") == 2
    assert "failed 2 times and is now on sample-work-poison" in sample.log


def test_without_a_key_other_sites_are_refused(tmp_path: Path) -> None:
    with serving_sample(tmp_path) as served:
        assert served.call("GET", "/api/guarded", key=None).status == 200
        own = {"Origin": served.url}
        assert served.call("GET", "/api/guarded", key=None, headers=own).status == 200
        foreign = ({"Origin": "https://site.example.com"}, {"Host": "site.example.com"})
        for headers in (*foreign, {"Origin": "null"}):
            answer = served.call("POST", "/api/guarded", b"x", key=None, headers=headers)
            assert answer.status == 403
        assert served.document["key_required"] is False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_running_functions_may_finish_at_the_end(tmp_path: Path, number: int) -> None:
    with serving_sample(tmp_path) as served:
        served.call("POST", "/api/guarded", b"short")
        served.wait_for("sample: got short")
        assert served.end(number) == 0
        assert "sample: finished short" in served.log
        assert served.log.rstrip().endswith("Ended")
        assert "sample: closed" in served.log


def test_function_that_takes_too_long_at_the_end_is_cancelled_and_comes_again(
    tmp_path: Path,
) -> None:
    with serving_sample(tmp_path, GRACE="0.1") as served:
        served.call("POST", "/api/guarded", b"endless")
        served.wait_for("sample: got endless, try 1")
        assert served.end(signal.SIGTERM) == 0
        assert "sample: let go of endless" in served.log
        assert "work: cancelled after" in served.log
    with serving_sample(tmp_path) as served:
        served.wait_for("sample: got endless, try 2")


def test_second_signal_ends_at_once(tmp_path: Path) -> None:
    with serving_sample(tmp_path) as served:
        served.call("POST", "/api/guarded", b"endless")
        served.wait_for("sample: got endless")
        served.process.send_signal(signal.SIGINT)
        served.wait_for("SIGINT: ending")
        assert served.end(signal.SIGINT) == 130


def test_function_over_its_time_limit_ends_the_process(tmp_path: Path) -> None:
    """Also one that blocks the event loop."""
    app = tmp_path / "app"
    shutil.copytree(SAMPLE, app)
    options = json.loads((app / "host.json").read_text())
    options["functionTimeout"] = "00:00:00.3"
    (app / "host.json").write_text(json.dumps(options))
    with serving_sample(tmp_path, app) as served:
        with pytest.raises(ConnectionError):
            served.call("GET", "/api/blocks")
        assert served.process.wait(10) == 70
        assert "blocks ran longer than functionTimeout allows (0.3 s)." in served.log


def test_timer_fires_by_its_schedule(tmp_path: Path) -> None:
    with serving_sample(tmp_path, TICK_SCHEDULE=EVERY_SECOND) as served:
        served.wait_for("serve: clock: done in", 2)
        served.wait_for("sample: got ticked")
        assert served.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("kind", ["embedded", "azure"])
def test_timer_fires_in_one_of_two_processes_and_in_the_other_when_one_is_killed(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    environ = {"TICK_SCHEDULE": EVERY_SECOND}
    if kind == "azure":
        environ["AzureWebJobsStorage"] = request.getfixturevalue("storage")
    with (
        serving_sample(tmp_path, name="one", **environ) as one,
        serving_sample(tmp_path, name="two", **environ) as two,
    ):

        def ticks() -> int:
            return one.log.count("serve: clock: done") + two.log.count("serve: clock: done")

        started, before = time.monotonic(), ticks()
        until(lambda: ticks() >= before + 2)
        assert ticks() - before <= time.monotonic() - started + 2
        # Between two ticks nobody holds the lease.
        time.sleep(0.3)
        one.process.kill()
        two.wait_for("serve: clock: done", two.log.count("serve: clock: done") + 1)


async def test_missed_tick_fires_once_past_due(tmp_path: Path) -> None:
    leases = SqliteStore(tmp_path / "queues.db")
    await leases.acquire("timer/clock", "somebody", 5)
    missed = {"schedule": NEVER, "next": "2026-01-01T00:00:00+00:00"}
    await leases.release("timer/clock", "somebody", json.dumps(missed).encode())
    with serving_sample(tmp_path) as served:
        served.wait_for("serve: clock: done, past due in")
        served.wait_for("sample: got late")
        assert served.end(signal.SIGTERM) == 0
    with serving_sample(tmp_path, name="again") as served:
        served.call("POST", "/admin/functions/clock", key=None)
        served.wait_for("sample: got ticked")
        assert "past due" not in served.log
    await leases.close()


def test_connection_that_stays_open_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with serving_sample(tmp_path) as served:
        host, port = served.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            request = f"GET /api/echo HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
            connection.sendall(request)
            assert connection.recv(10_000).startswith(b"HTTP/1.1 200")
            served.call("POST", "/api/guarded", b"short", key=None)
            served.wait_for("sample: got short")
            served.process.send_signal(signal.SIGTERM)
            served.wait_for("Waiting up to")
            connection.sendall(request)
            assert connection.recv(10_000).startswith(b"HTTP/1.1 503")
            started = time.monotonic()
            assert served.process.wait(10) == 0
            assert time.monotonic() - started < 2
