"""The page of the console and its files. No key: there is no data in them."""

from __future__ import annotations

import azure.functions as func

from handlers.access import signs_in

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""Nothing but files of this app, and no text that becomes markup: names come from strangers."""

_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Kept, and asked for again each time: the answer is 304 until the app is deployed anew.
    "Cache-Control": "no-cache",
}

_SIGN_IN = b'<html lang="en" data-sign-in>'


@blueprint.function_name("console")
@blueprint.route(route="console", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def console(req: func.HttpRequest) -> func.HttpResponse:
    """The page, which says whether the platform signs people in, and no more."""
    from handlers.console.assets import PAGE, asset

    page = asset(PAGE)
    if not signs_in():
        return _sent(req, page.content_type, page.etag, page.body)
    body = page.body.replace(b'<html lang="en">', _SIGN_IN, 1)
    return _sent(req, page.content_type, f'{page.etag[:-1]}-s"', body)


@blueprint.function_name("console_asset")
@blueprint.route(route="console/{asset}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def console_asset(req: func.HttpRequest) -> func.HttpResponse:
    """One of the files that the page loads; 404 for any other name."""
    from handlers.console.assets import ASSETS, asset

    name = req.route_params["asset"]
    if name not in ASSETS:
        return func.HttpResponse(status_code=404, headers=_HEADERS)
    found = asset(name)
    return _sent(req, found.content_type, found.etag, found.body)


def _sent(req: func.HttpRequest, content_type: str, etag: str, body: bytes) -> func.HttpResponse:
    headers = {**_HEADERS, "ETag": etag}
    # A proxy that compresses weakens the tag (RFC 9110 section 8.8.1).
    known = {
        each.strip().removeprefix("W/") for each in req.headers.get("If-None-Match", "").split(",")
    }
    if etag in known:
        return func.HttpResponse(status_code=304, headers=headers)
    return func.HttpResponse(body, headers={**headers, "Content-Type": content_type})
