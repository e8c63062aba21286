"""The one way in which a request to Azure Storage is tried again. The SDK's own is switched off:
it repeats no transaction whose answer was lost, and waits as long as it is told to.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import NamedTuple, TypeVar

from provisioning.fence import check_fence
from provisioning.storage.errors import Service, is_passing, translated, unavailable

T = TypeVar("T")


class Retries(NamedTuple):
    """How often and how long. All times in seconds.

    ``attempt``: for one request. ``total``: for all attempts and the waits between them; a wait
    that the server asks for and that does not fit into it ends the call at once.
    """

    attempts: int = 9
    attempt: float = 10.0
    total: float = 40.0
    first_wait: float = 0.2
    longest_wait: float = 5.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


async def call(retries: Retries, service: Service, send: Callable[[], Awaitable[T]]) -> T:
    """What ``send`` answers, tried again while it may help. It must be safe to repeat.

    ``HTTPException`` is what the SDK raises for the answer to a transaction that is no HTTP.
    Raises ``StoreUnavailable`` or ``ConfigurationError``, and ``LeaseUnavailable`` when what is
    sent under a lease would be sent after it (``fence``); an answer that only the caller can
    judge (404, 409, 412 and what else is no failure of the service) comes out as it is.
    """
    from azure.core.exceptions import AzureError

    give_up = time.monotonic() + retries.total
    for number in range(retries.attempts):
        check_fence()
        try:
            async with asyncio.timeout(min(retries.attempt, give_up - time.monotonic())):
                return await send()
        except (AzureError, HTTPException, OSError) as error:
            wait = _wait(retries, number, error)
            last = number + 1 == retries.attempts or time.monotonic() + wait >= give_up
            if is_passing(error) and not last:
                await retries.sleep(wait)
                continue
            better = translated(error, service)
            if better is None:
                raise
            raise better from error
    raise unavailable(service, "was not asked")


def _wait(retries: Retries, number: int, error: Exception) -> float:
    """What the server asks for, else twice as long each time, with jitter."""
    asked = _retry_after(error)
    if asked is not None:
        return asked
    longest = min(retries.longest_wait, retries.first_wait * 2**number)
    return float(longest * random.uniform(0.5, 1.0))  # noqa: S311


def _retry_after(error: Exception) -> float | None:
    """Retry-After in seconds or as a date (RFC 9110 section 10.2.3)."""
    response = getattr(error, "response", None)
    given = response.headers.get("Retry-After") if response is not None else None
    if not given:
        return None
    try:
        if given.strip().isdigit():
            return float(given)
        return max(0.0, parsedate_to_datetime(given).timestamp() - time.time())
    except ValueError:
        return None
