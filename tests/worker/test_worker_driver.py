"""The worker driver, with a sample app in a child process (one app per process)."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from devhost.errors import FunctionFailed, WorkerError
from tests.worker.app_process import ROOT, AppProcess

SAMPLE = Path(__file__).parent / "sample_app"
ID = str(uuid.UUID(int=7))


@pytest.fixture(scope="module")
def app() -> Iterator[AppProcess]:
    with AppProcess(SAMPLE) as process:
        yield process


def test_functions_are_described_as_the_app_declares_them(app: AppProcess) -> None:
    item, clock, drain = (app.functions[name] for name in ("item", "clock", "drain"))
    assert (item["trigger"], item["route"]) == ("httpTrigger", "items/{id:guid?}")
    assert (item["methods"], item["auth_level"]) == (["GET"], "anonymous")
    assert app.functions["plain"]["route"] == "plain"
    assert app.functions["slow"]["methods"] == []
    assert app.functions["slow"]["auth_level"] == "function"
    assert (clock["trigger"], clock["schedule"]) == ("timerTrigger", "%SAMPLE_SCHEDULE%")
    assert (drain["trigger"], drain["queue_name"]) == ("queueTrigger", "sample-work")
    assert {each["name"] for each in drain["bindings"]} == {"message", "done", "other"}
    assert "from_blueprint" in app.functions


def test_timer_writes_a_list_of_messages(app: AppProcess) -> None:
    assert app.call("timer", name="clock") == {"sample-work": ["on time", "second"]}
    late = app.call("timer", name="clock", past_due=True)
    assert late == {"sample-work": ["late", "second"]}


def test_return_value_goes_to_the_bound_queue(app: AppProcess) -> None:
    assert app.call("timer", name="hourly") == {"sample-work": ["returned"]}


def test_queue_function_sees_text_count_and_times(app: AppProcess) -> None:
    outputs = app.call("queue", name="drain", message="hello", dequeue_count=3)
    assert outputs == {"sample-done": ["hello 3 7"]}


def test_queue_function_may_write_nothing(app: AppProcess) -> None:
    assert app.call("queue", name="drain", message="silent") == {}


def test_message_object_arrives_as_json(app: AppProcess) -> None:
    outputs = app.call("queue", name="drain", message="both")
    assert outputs["sample-done"] == ["both 1 7"]
    assert [json.loads(each) for each in outputs["sample-other"]] == [
        {"id": "7", "body": "in an object"}
    ]


def test_async_http_function_gets_route_query_and_headers(app: AppProcess) -> None:
    path = f"/api/items/{ID}?a=1&a=2&b=%C3%A9&empty="
    answer = app.http("GET", path, headers={"X-Operator": "Someone"})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    seen = answer.json()
    assert seen["id"] == ID
    assert seen["params"] == {"a": "1,2", "b": "é"}
    assert seen["headers"] == {"x-operator": "Someone"}
    assert seen["url"].endswith(path)


def test_optional_route_parameter_may_be_absent(app: AppProcess) -> None:
    assert app.http("GET", "/api/items").json()["id"] is None


def test_identity_headers_come_from_the_platform_only(app: AppProcess) -> None:
    forged = {"X-MS-CLIENT-PRINCIPAL-NAME": "forged@example.com"}
    assert app.http("GET", "/api/items", headers=forged).json()["headers"] == {}
    identity = {"name": "kim@example.com", "id": ID, "roles": ["Provisioning.Read"]}
    headers = app.http("GET", "/api/items", headers=forged, identity=identity).json()["headers"]
    assert headers["x-ms-client-principal-name"] == "kim@example.com"
    assert headers["x-ms-client-principal-id"] == ID
    principal = json.loads(base64.b64decode(headers["x-ms-client-principal"]))
    assert {"typ": "roles", "val": "Provisioning.Read"} in principal["claims"]


def test_sync_http_function_gets_the_body_and_writes_a_message(app: AppProcess) -> None:
    answer = app.http("POST", "/api/items", body="payload")
    assert (answer.status, answer.headers["location"]) == (202, "/api/items/1")
    assert answer.outputs == {"sample-work": ['{"body": "payload"}']}


def test_text_result_is_plain_text(app: AppProcess) -> None:
    answer = app.http("GET", "/API/Plain/")
    assert (answer.status, answer.body) == (200, b"plain text")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_blueprint_route_takes_the_rest_and_sets_a_cookie(app: AppProcess) -> None:
    answer = app.http("PUT", "/api/things/a%2Fb/c/d")
    assert answer.body == b"a%2Fb: c/d"
    assert answer.cookies == ("seen=1; Max-Age=60; Path=/api; SameSite=Lax; Secure",)


@pytest.mark.parametrize("path", ["/api/nowhere", "/items", "/api/items/not-a-guid", "/api"])
def test_unknown_path_is_not_found(app: AppProcess, path: str) -> None:
    assert app.http("GET", path).status == 404


def test_other_method_is_not_allowed(app: AppProcess) -> None:
    answer = app.http("DELETE", "/api/items")
    assert (answer.status, answer.headers) == (405, {"allow": "GET, POST"})
    assert app.http("POST", f"/api/items/{ID}").headers == {"allow": "GET"}


def test_http_function_can_be_called_by_name(app: AppProcess) -> None:
    answer = app.call("http_by_name", name="item", route_values={"id": "any"}, query="x=1")
    assert (answer.json()["id"], answer.json()["params"]) == ("any", {"x": "1"})


def test_exception_of_a_function_carries_text_and_stack(app: AppProcess) -> None:
    with pytest.raises(FunctionFailed, match="RuntimeError: broken on purpose") as raised:
        app.http("GET", "/api/fails/loud")
    assert raised.value.function == "fails"
    assert "KeyError: 'the cause'" in raised.value.stack


def test_http_function_that_returns_nothing_fails(app: AppProcess) -> None:
    with pytest.raises(FunctionFailed, match="unable to encode outgoing TypedData"):
        app.http("GET", "/api/fails/nothing")


def test_calls_at_the_same_time_share_the_loop(app: AppProcess) -> None:
    calls = [{"call": "http", "method": "GET", "path": f"/api/meet/{door}"} for door in (1, 2)]
    assert [answer.body for answer in app.calls(*calls)] == [b"door 1", b"door 2"]


@pytest.mark.parametrize("name", ["unknown", "clock"])
def test_function_must_exist_and_have_the_trigger(app: AppProcess, name: str) -> None:
    with pytest.raises(WorkerError, match=f"no queueTrigger function '{name}'"):
        app.call("queue", name=name, message="x")


def test_process_ends_without_complaint() -> None:
    with AppProcess(SAMPLE) as process:
        assert process.http("GET", "/api/slow").body == b"slept"
    assert process.problems == ""


BAD_APPS = {
    "missing module": ("import no_such_module", "No module named 'no_such_module'"),
    "syntax": ("def broken(", "SyntaxError"),
    "no app": ("import azure.functions", "Could not find top level function app"),
    "no functions": ("app = func.FunctionApp()", "has no functions"),
    "annotation": (
        """
app = func.FunctionApp()
@app.timer_trigger(arg_name="t", schedule="0 * * * * *")
@app.queue_output(arg_name="o", queue_name="q", connection="C")
def f(t: func.TimerRequest, o: func.Out[list[str]]) -> None: ...
""",
        "cannot load the f function: binding o has invalid non-type annotation",
    ),
    "route": (
        """
app = func.FunctionApp()
@app.route(route="x/{id:odd}")
def f(req: func.HttpRequest) -> str: ...
""",
        "f: the route 'x/{id:odd}' has the unsupported constraint 'odd'",
    ),
}


@pytest.mark.parametrize(("source", "reason"), BAD_APPS.values(), ids=BAD_APPS)
def test_bad_app_is_refused_with_the_reason(tmp_path: Path, source: str, reason: str) -> None:
    (tmp_path / "function_app.py").write_text(f"import azure.functions as func\n{source}\n")
    with pytest.raises(WorkerError) as raised, AppProcess(tmp_path):
        pass
    assert reason in str(raised.value)


def test_folder_without_an_app_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match=r"There is no function_app\.py"), AppProcess(tmp_path):
        pass


def _run(program: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "error", "-c", program, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout


ONE_PROCESS = """
import asyncio, sys
from pathlib import Path
from devhost.worker import Worker, WorkerError
sample, other = map(Path, sys.argv[1:])

async def call():
    worker = Worker(sample)
    async with worker:
        print((await worker.http("GET", "/api/plain")).status)
        for _ in range(2):
            print((await worker.http("GET", "/api/remember")).body.decode())
        waiting = asyncio.create_task(worker.http("GET", "/api/endless"))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.wait([waiting])
        print("cancelled", waiting.cancelled(), len(asyncio.all_tasks()))
        try:
            async with Worker(sample):
                print("two at once")
        except WorkerError as error:
            print(error)
    try:
        await worker.http("GET", "/api/plain")
    except WorkerError as error:
        print(error)

async def another():
    try:
        async with Worker(other):
            print("another")
    except WorkerError as error:
        print("needs its own" in str(error))

asyncio.run(call())
asyncio.run(call())
asyncio.run(another())
"""


def test_one_app_a_process_started_again_isolated_and_cancellable(tmp_path: Path) -> None:
    once = [
        "200",
        "nothing",  # A call does not see the context variables of an earlier one.
        "nothing",
        "cancelled True 1",
        "A worker is already running in this process.",
        "The worker is not running.",
    ]
    assert _run(ONE_PROCESS, str(SAMPLE), str(tmp_path)).splitlines() == [*once, *once, "True"]


FOREIGN_MODULE = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
import function_app
from pathlib import Path
from devhost.worker import Worker, WorkerError

async def call():
    try:
        async with Worker(Path(sys.argv[2])):
            print("loaded")
    except WorkerError as error:
        print(error)

asyncio.run(call())
"""


def test_module_of_another_app_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "function_app.py").write_text("")
    printed = _run(FOREIGN_MODULE, str(tmp_path), str(SAMPLE))
    assert printed == f"This process has imported {tmp_path}/function_app.py as function_app.\n"


WITHOUT_LIBRARY = """
import sys
sys.modules["azure_functions_runtime"] = None
from devhost.errors import WorkerUnavailable
try:
    import devhost.worker
except WorkerUnavailable as error:
    print(error)
"""


def test_without_the_library_the_import_says_what_is_needed() -> None:
    assert "needs Python 3.13 or newer" in _run(WITHOUT_LIBRARY)
