"""A simulated ZSCloud tenant: what is documented of Zscaler ZIA's SCIM server, and RFC 7644."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

from simulator.clock import Clock, SystemClock
from simulator.http import Request, Response
from simulator.zscloud import portal
from simulator.zscloud.context import Context
from simulator.zscloud.control import PREFIX, control
from simulator.zscloud.endpoints import DISCOVERY, Endpoints
from simulator.zscloud.errors import ScimError
from simulator.zscloud.faults import FaultInjector, Faults
from simulator.zscloud.limiter import limiter_for, throttled
from simulator.zscloud.options import Options
from simulator.zscloud.requestlog import LoggedRequest, RequestLog, Violation
from simulator.zscloud.settings import updated
from simulator.zscloud.store import Group, Store, User
from simulator.zscloud.strict import check_request
from simulator.zscloud.views import Groups, Users, member_names

_LIMITER_OPTIONS = {"rate", "burst", "limiter"}
_ORIGIN = "https://scim.example.com"  # of links in answers that no request asked for


class ZSCloudSimulator:
    """Answers SCIM requests and control calls; time passes only through the clock.

    ``requests`` and ``violations`` record what came; ``users`` and ``groups`` show the tenant.
    """

    def __init__(self, options: Options | None = None, *, clock: Clock | None = None) -> None:
        self.options = options or Options()
        self.clock: Clock = clock or SystemClock()
        self._injector = FaultInjector(Faults())
        self._limiter = limiter_for(self.options)
        self._begin()

    def _begin(self) -> None:
        self.store = Store()
        self.users = Users(self.store)
        self.groups = Groups(self.store)
        self.requests = RequestLog()
        self.violations: list[Violation] = []
        portal.furnish(self.store, self.options, self.clock.time())

    async def handle(self, request: Request) -> Response:
        """Answer one request. The work of a write is done in one step, between two awaits."""
        if request.path.startswith(PREFIX):
            return control(self, request)
        log, now = self.requests, self.clock.time()
        number = log.arrive(self._logged(request, now))
        wait = self._limiter.admit(now)
        latency = self._injector.latency()
        if latency:
            await self.clock.sleep(latency)
        if wait:
            answer = throttled(self.options, now, wait)
        else:
            answer = await self._served(request, now)
        log.answer(number, answer.status, dropped=answer.drop)
        return answer

    async def _served(self, request: Request, now: float) -> Response:
        failure = self._injector.before(request)
        if failure is not None:
            return failure
        answer, delay = self._injector.after(request, self._worked(request, now))
        if delay:
            await self.clock.sleep(delay)
        return answer

    def _worked(self, request: Request, now: float) -> Response:
        context = Context(
            self.options,
            now,
            request.method,
            self._below_base(request),
            f"{request.origin}{self.options.base_path}",
        )
        try:
            answer = self._answered(request, context)
        except ScimError as error:
            context.found.clear()
            context.note_refusal(error)
            answer = error.response()
        self.violations.extend(context.found)
        return answer

    def _answered(self, request: Request, context: Context) -> Response:
        base = f"{self.options.base_path}/"
        raw = urlsplit(request.url).path
        if not raw.startswith(base):
            raise ScimError(404, "There is no SCIM endpoint here", rule="unknown_endpoint")
        # Segments are decoded one by one: an encoded slash belongs to an id.
        parts = tuple(unquote(part) for part in raw[len(base) :].split("/"))
        if parts[0] not in DISCOVERY:
            self._authorize(request)
        check_request(request, context)
        return Endpoints(self.store, self._injector).answer(request, parts, context)

    def _authorize(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        expected = self.options.token.encode()
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), expected):
            challenge = {"www-authenticate": "Bearer"}
            raise ScimError(401, "The bearer token is missing or wrong", headers=challenge)

    def _logged(self, request: Request, now: float) -> LoggedRequest:
        body = None
        if self.options.keep_bodies and request.body:
            body = _parsed(request.body)
        return LoggedRequest(
            now,
            request.method,
            self._below_base(request),
            urlsplit(request.url).query,
            len(request.body),
            body=body,
        )

    def _below_base(self, request: Request) -> str:
        return request.path.removeprefix(self.options.base_path)

    @property
    def faults(self) -> Faults:
        """The faults in force; counts show what is left of them."""
        return self._injector.faults

    def set_faults(self, **faults: Any) -> None:
        """Replace all faults by the named ones. Raises ``ValueError`` for a wrong name or type."""
        self._injector.set(updated(Faults(), faults))

    def set_options(self, **options: Any) -> None:
        """Change the named options. Raises ``ValueError`` for a wrong name or type.

        ``admins`` takes effect with the next reset.
        """
        self.options = updated(self.options, options)
        if options.keys() & _LIMITER_OPTIONS:
            self._limiter = limiter_for(self.options)

    def reset(self, **options: Any) -> None:
        """Begin anew with an empty tenant, empty logs and no faults; options stay but the named."""
        self.options = updated(self.options, options)
        self._injector.set(Faults())
        self._limiter = limiter_for(self.options)
        self._begin()

    def portal_context(self) -> Context:
        """The context of a change that no SCIM client makes."""
        location = f"{_ORIGIN}{self.options.base_path}"
        return Context(self.options, self.clock.time(), "PORTAL", "", location)

    def create_user(self, **attributes: Any) -> User:
        """Create a user in the portal from SCIM attributes. Raises ``ScimError``."""
        return portal.create_user(self.store, attributes, self.portal_context())

    def edit_user(self, user: str, **attributes: Any) -> User:
        """Set attributes of a user, named by id or userName, in the portal."""
        return portal.edit_user(self.store, user, attributes, self.portal_context())

    def delete_user(self, user: str) -> None:
        """Delete a user, named by id or userName, in the portal; admins too."""
        portal.delete_user(self.store, user)

    def create_group(self, **attributes: Any) -> Group:
        """Create a group in the portal from SCIM attributes. Raises ``ScimError``."""
        return portal.create_group(self.store, attributes, self.portal_context())

    def edit_group(self, group: str, **attributes: Any) -> Group:
        """Set attributes of a group, named by id or displayName, in the portal."""
        return portal.edit_group(self.store, group, attributes, self.portal_context())

    def delete_group(self, group: str) -> None:
        """Delete a group, named by id or displayName, in the portal."""
        portal.delete_group(self.store, group)

    def edit_members(
        self, group: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> Group:
        """Add and remove members, named by id or userName, in the portal."""
        return portal.edit_members(self.store, group, add, remove, self.portal_context())

    def members(self, group: Group | str) -> tuple[str, ...]:
        """The userNames of the members of a group as it is now, sorted.

        A text names the group by id or displayName. A member that the group lists twice is there
        twice. Raises ``ScimError`` 404.
        """
        key = group if isinstance(group, str) else group.id
        return member_names(self.store, portal.find_group(self.store, key))


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
