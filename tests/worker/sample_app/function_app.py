"""A small app with each kind of trigger and output that the driver must handle."""  # noqa: INP001

import asyncio
import json
import time
import typing
from contextvars import ContextVar

import azure.functions as func
from sample_blueprint import blueprint

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
app.register_functions(blueprint)

_seen: ContextVar[str] = ContextVar("_seen", default="nothing")
_doors: dict[int, asyncio.Event] = {}


@app.timer_trigger(arg_name="tick", schedule="%SAMPLE_SCHEDULE%")
@app.queue_output(arg_name="work", queue_name="sample-work", connection="Storage")
def clock(tick: func.TimerRequest, work: func.Out[typing.List[str]]) -> None:  # noqa: UP006
    work.set(["late" if tick.past_due else "on time", "second"])


@app.timer_trigger(arg_name="tick", schedule="0 0 * * * *")
@app.queue_output(arg_name="$return", queue_name="sample-work", connection="Storage")
def hourly(tick: func.TimerRequest) -> str:
    return "returned"


@app.queue_trigger(arg_name="message", queue_name="sample-work", connection="Storage")
@app.queue_output(arg_name="done", queue_name="sample-done", connection="Storage")
@app.queue_output(arg_name="other", queue_name="sample-other", connection="Storage")
async def drain(
    message: func.QueueMessage, done: func.Out[str], other: func.Out[func.QueueMessage]
) -> None:
    text = message.get_body().decode()
    if text == "silent":
        return
    lifetime = message.expiration_time - message.insertion_time
    done.set(f"{text} {message.dequeue_count} {lifetime.days}")
    if text == "both":
        other.set(func.QueueMessage(id="7", body="in an object"))


@app.route(route="items/{id:guid?}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def item(req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "id": req.route_params.get("id"),
        "params": dict(req.params),
        "headers": dict(req.headers),
        "url": req.url,
    }
    return func.HttpResponse(json.dumps(seen), mimetype="application/json")


@app.route(route="items", methods=["POST"])
@app.queue_output(arg_name="work", queue_name="sample-work", connection="Storage")
def new_item(req: func.HttpRequest, work: func.Out[str]) -> func.HttpResponse:
    work.set(json.dumps({"body": req.get_body().decode()}))
    return func.HttpResponse(status_code=202, headers={"Location": "/api/items/1"})


@app.route(methods=["GET"])
def plain(req: func.HttpRequest) -> str:
    return "plain text"


@app.route(route="fails/{how}")
async def fails(req: func.HttpRequest) -> func.HttpResponse:
    if req.route_params["how"] == "nothing":
        return None  # type: ignore[return-value]
    try:
        raise KeyError("the cause")
    except KeyError as error:
        raise RuntimeError("broken on purpose") from error


@app.route(route="remember")
async def remember(req: func.HttpRequest) -> str:
    before = _seen.get()
    _seen.set("an earlier call")
    return before


@app.route(route="meet/{door:int}")
async def meet(req: func.HttpRequest) -> str:
    """Waits for the other of two callers: both must run on one loop at once."""
    number = int(req.route_params["door"])
    _doors.setdefault(number, asyncio.Event()).set()
    await asyncio.wait_for(_doors.setdefault(3 - number, asyncio.Event()).wait(), 10)
    return f"door {number}"


@app.route(route="endless")
async def endless(req: func.HttpRequest) -> str:
    await asyncio.Event().wait()
    return "never"


@app.route(route="slow")
def slow(req: func.HttpRequest) -> str:
    time.sleep(0.05)
    return "slept"
