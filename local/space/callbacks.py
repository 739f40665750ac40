"""Carries out sends: their logs change in the API, and their callbacks are delivered over HTTP.

    sends = simulate_sends(seed=7, count=100, now=datetime.now(UTC))
    target = Target("http://127.0.0.1:8080")
    report = run_sends(space, sends, target, "PSK…", DeliveryFaults(drop=0.2))

Callbacks are delivered as SignalWire documents: a 2xx response accepts one; after any other
response, or none in time, it is tried up to two more times. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from local.space.delivery_faults import NO_DELIVERY_FAULTS, Delivery, DeliveryFaults, StatusChange
from local.space.model import resource_sid
from local.space.signatures import SignedRequest, signed_request, with_query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from local.space.payloads import Callback, SendKind
    from local.space.running import RunningSpace
    from local.space.sends import Send

_PATHS: dict[SendKind, str] = {"message": "/message", "sms": "/sms", "fax": "/fax"}
_OK = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Timeouts and tries per callback, and the number of callbacks in flight.

    The timeouts and the number of tries are SignalWire's, which does not document its pauses.
    """

    connect_s: float = 2.0
    answer_s: float = 5.0
    tries: int = 3
    pause_s: float = 0.1
    at_once: int = 20


SIGNALWIRE_POLICY = Policy()


@dataclass(frozen=True, slots=True)
class Target:
    """The receiver of callbacks: `base`, followed by the path and query of their kind.

    `signed_base` is the public URL that was configured and is signed, where it differs from the
    one to connect to. `headers` are added to each request; a `Host` replaces the usual one. Raises
    ValueError for anything but http and https URLs.
    """

    base: str
    signed_base: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[SendKind, str] = field(default_factory=_PATHS.copy)

    def __post_init__(self) -> None:
        """Check the URLs before anything is sent."""
        for url in (self.base, self.signed_base):
            if url is not None and not url.startswith(("http://", "https://")):
                raise ValueError(f"a target needs an http or https URL, not {url!r}")

    def url(self, kind: SendKind) -> str:
        """Return the URL to connect to."""
        return self.base + self.paths[kind]

    def signed_url(self, kind: SendKind) -> str:
        """Return the URL that is signed."""
        return (self.base if self.signed_base is None else self.signed_base) + self.paths[kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReport:
    """The numbers of a run.

    callbacks = sent - repeated + dropped, and sent = accepted + refused + failed.

    - `sends`, `callbacks`: planned.
    - `dropped`: never sent. `repeated`: sent a second time.
    - `accepted`: answered with 2xx on the last try.
    - `refused`: answered with another status on the last try.
    - `failed`: not answered on the last try.
    - `tries`: requests, including retries.
    """

    sends: int
    callbacks: int
    sent: int
    dropped: int
    repeated: int
    accepted: int
    refused: int
    failed: int
    tries: int
    took_s: float


def run_sends(
    space: RunningSpace,
    sends: Sequence[Send],
    target: Target,
    key: str,
    faults: DeliveryFaults = NO_DELIVERY_FAULTS,
    *,
    step_s: float = 0.0,
    policy: Policy = SIGNALWIRE_POLICY,
    within_s: float = 60.0,
) -> SendReport:
    """Carry out all sends concurrently, and return when the last callback is settled.

    The logs appear in the space and change their statuses every `step_s` seconds, with the fax
    resources that contradict them, while callbacks signed with `key` go to the target. The
    callbacks of one send are sequential, so a slow receiver also delays the next statuses. Blocks;
    call it from a thread without an event loop. Raises TimeoutError after `within_s` seconds.
    """
    began_at = time.monotonic()
    runner = _Runner(space, target, key, policy)
    timelines = [faults.timeline(send, step_s) for send in sends]
    try:
        asyncio.run(runner.run(timelines, within_s))
    except TimeoutError:
        raise TimeoutError(f"the sends were not over within {within_s:g} seconds") from None
    deliveries = [item for line in timelines for item in line if isinstance(item, Delivery)]
    callbacks = sum(len(send.callbacks) for send in sends)
    repeated = sum(delivery.is_repeat for delivery in deliveries)
    return SendReport(
        sends=len(sends),
        callbacks=callbacks,
        sent=len(deliveries),
        dropped=callbacks - (len(deliveries) - repeated),
        repeated=repeated,
        accepted=runner.outcomes["accepted"],
        refused=runner.outcomes["refused"],
        failed=runner.outcomes["failed"],
        tries=runner.tries,
        took_s=time.monotonic() - began_at,
    )


class _Runner:
    """Carries out timelines, with a bounded number of concurrent requests."""

    def __init__(self, space: RunningSpace, target: Target, key: str, policy: Policy) -> None:
        self.outcomes: Counter[str] = Counter()
        self.tries = 0
        self._space = space
        self._target = target
        self._key = key
        self._policy = policy
        self._slots = asyncio.Semaphore(policy.at_once)

    async def run(
        self, timelines: Sequence[Sequence[StatusChange | Delivery]], within_s: float
    ) -> None:
        """Carry out all of them concurrently."""
        timeout = aiohttp.ClientTimeout(
            total=self._policy.connect_s + self._policy.answer_s,
            sock_connect=self._policy.connect_s,
            sock_read=self._policy.answer_s,
        )
        async with (
            asyncio.timeout(within_s),
            aiohttp.ClientSession(
                # The semaphore is the limit: a request's timeout must not run while it queues.
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=timeout,
            ) as session,
            asyncio.TaskGroup() as group,
        ):
            for timeline in timelines:
                group.create_task(self._follow(timeline, session))

    async def _follow(
        self, timeline: Sequence[StatusChange | Delivery], session: aiohttp.ClientSession
    ) -> None:
        began_at = time.monotonic()
        for item in timeline:
            await asyncio.sleep(began_at + item.at_s - time.monotonic())
            if isinstance(item, StatusChange):
                if item.resource is not None:
                    # Before the log, or the resource would agree with it for a moment.
                    self._space.put_fax_resource(resource_sid(item.log), item.resource)
                self._space.put_log(item.log_type, item.log)
            else:
                await self._deliver(item.callback, session)

    async def _deliver(self, callback: Callback, session: aiohttp.ClientSession) -> None:
        request = signed_request(callback, self._target.signed_url(callback.kind), self._key)
        url = with_query(self._target.url(callback.kind), request.query)
        outcome = "failed"
        for number in range(self._policy.tries):
            if number:
                await asyncio.sleep(self._policy.pause_s)
            async with self._slots:
                self.tries += 1
                outcome = await self._try(request, url, session)
            if outcome == "accepted":
                break
        self.outcomes[outcome] += 1

    async def _try(self, request: SignedRequest, url: str, session: aiohttp.ClientSession) -> str:
        try:
            async with session.request(
                request.method,
                URL(url, encoded=True),  # Unchanged, because its exact text is signed.
                data=request.body,
                headers={**request.headers, **self._target.headers},
                allow_redirects=False,
            ) as answer:
                await answer.read()
                return "accepted" if answer.status in _OK else "refused"
        except (aiohttp.ClientError, TimeoutError):
            return "failed"
