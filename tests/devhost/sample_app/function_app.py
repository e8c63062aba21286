"""An app that does what a host has to cope with."""  # noqa: INP001

import asyncio
import json
import logging
import time

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
log = logging.getLogger("sample")

STORAGE = "AzureWebJobsStorage"


@app.timer_trigger(arg_name="tick", schedule="%TICK_SCHEDULE%")
@app.queue_output(arg_name="work", queue_name="sample-work", connection=STORAGE)
async def clock(tick: func.TimerRequest, work: func.Out[str]) -> None:
    work.set("late" if tick.past_due else "ticked")


@app.queue_trigger(arg_name="message", queue_name="sample-work", connection=STORAGE)
async def work(message: func.QueueMessage) -> None:
    text = message.get_body().decode()
    log.info("got %s, try %s", text, message.dequeue_count)
    if text == "cancelled":
        raise asyncio.CancelledError
    if text == "fail":
        raise RuntimeError("broken on purpose")
    if text == "endless":
        try:
            await asyncio.Event().wait()
        finally:
            log.info("let go of %s", text)
    if text == "short":
        await asyncio.sleep(0.3)
        log.info("finished %s", text)


@app.queue_trigger(arg_name="message", queue_name="sample-work-poison", connection=STORAGE)
async def poison(message: func.QueueMessage) -> None:
    log.info("poison %s", message.get_body().decode())


@app.route(route="echo/{name?}", auth_level=func.AuthLevel.ANONYMOUS)
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "method": req.method,
        "url": req.url,
        "name": req.route_params.get("name"),
        "params": dict(req.params),
        "headers": dict(req.headers),
        "length": len(req.get_body()),
    }
    answer = func.HttpResponse(json.dumps(seen), mimetype="application/json")
    answer.headers.add("Set-Cookie", "seen=1")
    return answer


@app.route(route="guarded", methods=["GET", "POST"])
@app.queue_output(arg_name="work", queue_name="sample-work", connection=STORAGE)
def guarded(req: func.HttpRequest, work: func.Out[str]) -> str:
    if req.get_body():
        work.set(req.get_body().decode())
    return "open"


@app.route(route="admin-only", auth_level=func.AuthLevel.ADMIN)
def admin_only(req: func.HttpRequest) -> str:
    return "open"


@app.route(route="fails", auth_level=func.AuthLevel.ANONYMOUS)
async def fails(req: func.HttpRequest) -> str:
    raise RuntimeError("broken on purpose")


@app.route(route="slow", auth_level=func.AuthLevel.ANONYMOUS)
async def slow(req: func.HttpRequest) -> str:
    await asyncio.sleep(0.5)
    log.info("slow is done")
    return "slow"


@app.route(route="blocks", auth_level=func.AuthLevel.ANONYMOUS)
async def blocks(req: func.HttpRequest) -> str:
    """Blocks the event loop: nothing else runs any more."""
    time.sleep(30)  # noqa: ASYNC251
    return "never"
