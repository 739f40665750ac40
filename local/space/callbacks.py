"""Makes sends happen: their logs move on in the API, and their callbacks go out over HTTP.

    sends = simulate_sends(seed=7, count=100, now=datetime.now(UTC))
    report = run_sends(space, sends, Target("http://127.0.0.1:8080"), "PSK…", Mischief(drop=0.2))

A callback is delivered as SignalWire documents it: it is accepted when the answer is 2xx, and
tried up to two more times when it is anything else or late. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from local.space.mischief import NO_MISCHIEF, Delivery, Mischief, Move
from local.space.wire import Request, join, request_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from local.space.payloads import Callback, SendKind
    from local.space.running import RunningSpace
    from local.space.sends import Send

_PATHS: dict[SendKind, str] = {"message": "/message", "sms": "/sms", "fax": "/fax"}
_OK = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patiently callbacks are delivered, and how many at the same time.

    The times and the number of tries are SignalWire's; it does not say how long it pauses.
    """

    connect_s: float = 2.0
    answer_s: float = 5.0
    tries: int = 3
    pause_s: float = 0.1
    at_once: int = 20


SIGNALWIRE_POLICY = Policy()


@dataclass(frozen=True, slots=True)
class Target:
    """Where callbacks go: to `base`, followed by the path of their kind, query included.

    `signed_base` is the public address that was configured and signed, where it differs from the
    one connected to. `headers` are added to each request; a `Host` replaces the usual one. Raises
    ValueError when an address is none.
    """

    base: str
    signed_base: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[SendKind, str] = field(default_factory=_PATHS.copy)

    def __post_init__(self) -> None:
        """Refuse what is no address before anything is sent."""
        for url in (self.base, self.signed_base):
            if url is not None and not url.startswith(("http://", "https://")):
                raise ValueError(f"a target needs an http or https address, not {url!r}")

    def url(self, kind: SendKind) -> str:
        """Give the address to connect to."""
        return self.base + self.paths[kind]

    def signed_url(self, kind: SendKind) -> str:
        """Give the address that is signed."""
        return (self.base if self.signed_base is None else self.signed_base) + self.paths[kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReport:
    """What became of the callbacks.

    callbacks = sent - repeated + dropped, and sent = accepted + refused + failed.

    - `sends`, `callbacks`: planned.
    - `dropped`: never sent. `repeated`: sent a second time.
    - `accepted`: answered with 2xx in the end.
    - `refused`: answered otherwise on the last try.
    - `failed`: not answered at all on the last try.
    - `tries`: requests made, those of further tries included.
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
    mischief: Mischief = NO_MISCHIEF,
    *,
    step_s: float = 0.0,
    policy: Policy = SIGNALWIRE_POLICY,
    within_s: float = 60.0,
) -> SendReport:
    """Let all sends happen side by side, and return when the last callback is settled.

    Their logs appear in the space and come to their ends there, `step_s` seconds from status to
    status, while callbacks signed with `key` go to the target. The callbacks of one send go one
    after the other, and a slow receiver holds up its next statuses too. Blocks; call it from a
    thread without an event loop. Raises TimeoutError after `within_s` seconds.
    """
    began_at = time.monotonic()
    courier = _Courier(space, target, key, policy)
    timelines = [mischief.timeline(send, step_s) for send in sends]
    try:
        asyncio.run(courier.run(timelines, within_s))
    except TimeoutError:
        raise TimeoutError(f"the sends were not over within {within_s:g} seconds") from None
    deliveries = [item for line in timelines for item in line if isinstance(item, Delivery)]
    callbacks = sum(len(send.callbacks) for send in sends)
    repeated = sum(delivery.again for delivery in deliveries)
    return SendReport(
        sends=len(sends),
        callbacks=callbacks,
        sent=len(deliveries),
        dropped=callbacks - (len(deliveries) - repeated),
        repeated=repeated,
        accepted=courier.outcomes["accepted"],
        refused=courier.outcomes["refused"],
        failed=courier.outcomes["failed"],
        tries=courier.tries,
        took_s=time.monotonic() - began_at,
    )


class _Courier:
    """Carries out timelines, with a bounded number of requests at the same time."""

    def __init__(self, space: RunningSpace, target: Target, key: str, policy: Policy) -> None:
        self.outcomes: Counter[str] = Counter()
        self.tries = 0
        self._space = space
        self._target = target
        self._key = key
        self._policy = policy
        self._slots = asyncio.Semaphore(policy.at_once)

    async def run(self, timelines: Sequence[Sequence[Move | Delivery]], within_s: float) -> None:
        """Carry out all of them side by side."""
        patience = aiohttp.ClientTimeout(
            total=self._policy.connect_s + self._policy.answer_s,
            sock_connect=self._policy.connect_s,
            sock_read=self._policy.answer_s,
        )
        async with (
            asyncio.timeout(within_s),
            aiohttp.ClientSession(
                # The semaphore bounds them: a request's time must not run while it queues.
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=patience,
            ) as session,
            asyncio.TaskGroup() as group,
        ):
            for timeline in timelines:
                group.create_task(self._follow(timeline, session))

    async def _follow(
        self, timeline: Sequence[Move | Delivery], session: aiohttp.ClientSession
    ) -> None:
        began_at = time.monotonic()
        for item in timeline:
            await asyncio.sleep(began_at + item.at_s - time.monotonic())
            if isinstance(item, Move):
                self._space.put_log(item.log_type, item.log)
            else:
                await self._deliver(item.callback, session)

    async def _deliver(self, callback: Callback, session: aiohttp.ClientSession) -> None:
        request = request_for(callback, self._target.signed_url(callback.kind), self._key)
        url = join(self._target.url(callback.kind), request.query)
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

    async def _try(self, request: Request, url: str, session: aiohttp.ClientSession) -> str:
        try:
            async with session.request(
                request.method,
                URL(url, encoded=True),  # To the letter, as it is signed to the letter.
                data=request.body,
                headers={**request.headers, **self._target.headers},
                allow_redirects=False,
            ) as answer:
                await answer.read()
                return "accepted" if answer.status in _OK else "refused"
        except (aiohttp.ClientError, TimeoutError):
            return "failed"
