"""The provisioning log over HTTP: a page as JSON, JSON Lines or CSV."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import azure.functions as func

from handlers.access import Right
from handlers.http import answer, check_query, respond, text_answer

if TYPE_CHECKING:
    from provisioning.operations.documents import Document
    from provisioning.operations.log_formats import LogFormat
    from provisioning.services import Services

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("logs")
@blueprint.route(route="logs", methods=["GET"])
async def logs(req: func.HttpRequest) -> func.HttpResponse:
    """The provisioning log, newest first, in pages, which ``?after=`` turns.

    With ``?format=jsonl`` or ``csv`` the body is the entries alone; where the next page is stands
    in the header ``Link`` (RFC 8288), and there is none on the last.
    """

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations.log_formats import log_format
        from provisioning.operations.logs import FILTERS, query_logs

        known = (*FILTERS, "limit", "after")
        check_query(req, *known, "format")
        given = {name: req.params[name] for name in known if name in req.params}
        wanted = req.params.get("format")
        format = log_format(wanted) if wanted else None
        page = await query_logs(services, **given)
        return answer(page) if format is None else _lines(page, format, given)

    return await respond(req, Right.READ, call)


def _lines(page: Document, format: LogFormat, given: dict[str, str]) -> func.HttpResponse:
    from provisioning.operations.log_formats import head, lines

    name = f"provisioning-log-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{format.value}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if page["next"] is not None:
        following = given | {"format": format.value, "after": page["next"]}
        headers["Link"] = f'<?{urlencode(following)}>; rel="next"'
    return text_answer(head(format) + lines(format, page["items"]), format.media_type, headers)
