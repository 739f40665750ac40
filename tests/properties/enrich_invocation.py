"""Invocations of the enrich function, with checks of how each message ends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from hooklog.catalogue import CATALOGUE
from hooklog.clock import TimeLeft, iso
from hooklog.enrich.endings import LONGEST_WAIT, BatchResponse
from hooklog.enrich.pipeline import Enricher
from hooklog.enrich.ports import Fetched, ResourceRequest, Wanted
from hooklog.enrich.report import Report
from hooklog.errors import (
    BY_CODE,
    HooklogError,
    NotAskedError,
    NotFoundError,
    RateLimitedError,
    StoreError,
    StoreThrottledError,
    StoreUnavailableError,
    UnexpectedError,
    UpstreamError,
)
from hooklog.logs import FAX
from hooklog.pace import Allowance, Grant
from hooklog.queue_messages import LogRequest
from hooklog.records.pacing import Brake
from hooklog.records.rows import Row, Write
from hooklog.records.store import Conflict
from tests.builders import returned_ids, sqs_event
from tests.limits import ENRICH_TIMEOUT
from tests.properties.faults import Effect, PortCall, faults
from tests.properties.invocation import Invocation
from tests.properties.message_queue import Message
from tests.properties.space import Progress
from tests.properties.table import Seen
from tests.properties.world import World
from tests.write_purpose import Purpose

#: Attributes of rows that hold nothing of what a message told.
_NO_END = frozenset({"version", "alias_of", "tries", "log_type", "expires_at"})


class EnrichInvocation(Invocation):
    """One invocation of the enrich function that is its own source, table, queue and telemetry."""

    faults = faults(
        {
            PortCall.START: [],
            PortCall.READ: [Effect.REFUSED, Effect.STALE],
            PortCall.FETCH: [],
            PortCall.ANSWER: [
                Effect.REFUSED,
                Effect.LIMITED,
                Effect.NOT_FOUND,
                Effect.STALE,
                Effect.OLDEST,
            ],
            PortCall.WRITE: [Effect.REFUSED, Effect.UNANSWERED],
            PortCall.DELAY: [Effect.REFUSED],
            PortCall.EMIT: [],
            PortCall.RETURN: [],
        }
    )

    def __init__(self, world: World, messages: Sequence[Message], skew: timedelta) -> None:
        """Receive messages."""
        received = [(one, world.queue.receive(one)) for one in messages]
        self._messages = [one for one, delivery in received if delivery is not None]
        self._event = sqs_event(*(delivery for _, delivery in received if delivery is not None))
        self._seen: dict[str, Seen] = {}
        #: True start of each fetch, by the requested key and by the found key.
        self._fetched_at: dict[str, datetime] = {}
        #: Start of the fetch of each log found by ID, by the function's clock; by key.
        self._logs: dict[str, str] = {}
        self._is_blind = False
        #: Keys of the rows in which it parked a message.
        self._parked: set[str] = set()
        #: Keys of the rows that its messages may concern.
        self._concerned = {one.key for one in self._messages}
        self._brake = Brake(self, moment=lambda: self.clock().timestamp(), depth=world.queue.depth)
        super().__init__(world, skew, ENRICH_TIMEOUT)

    def work(self) -> None:
        """Handle the batch and treat the response as Lambda does."""
        response = Enricher(
            source=self,
            table=self,
            brake=self._brake,
            queue=self,
            telemetry=self,
            catalogue=CATALOGUE,
            clock=self.clock,
            jitter=lambda: 0.5,
        ).handle(self._event, self.time_left)
        self.pause_at(PortCall.RETURN)
        self._acknowledge(response)

    # --- its ports ----------------------------------------------------------------------------

    def read(self, keys: Sequence[str], *, consistent: bool = False) -> Mapping[str, Row]:
        """Read rows; only a consistent read is sure to show the latest writes."""
        effect = self.pause_at(PortCall.READ)
        if effect is Effect.REFUSED:
            self._is_blind = True
            self._meets(self._concerned, StoreThrottledError)
            raise StoreThrottledError
        is_stale = effect is Effect.STALE and not consistent
        self._seen |= self.world.table.seen(keys, is_stale=is_stale)
        return self.world.table.read(keys, is_stale=is_stale)

    def write(self, writes: Sequence[Write]) -> Mapping[str, Conflict | StoreError | None]:
        """Write one row after the other; other functions may write in between."""
        assert len({write.key for write in writes}) == len(writes), "a row is written twice"
        return {write.key: self._write(write) for write in writes}

    def fetch(
        self,
        wanted: Sequence[Wanted],
        time_left: TimeLeft,
        grant: Grant,
    ) -> Iterator[tuple[Wanted, Fetched | HooklogError]]:
        """Send all requests and take the answers one by one."""
        self.pause_at(PortCall.FETCH)
        assert len(wanted) <= grant.requests, "more was asked than granted"
        is_known = self._brake.error is None
        if self._brake.pace.outage is not None and is_known:
            assert len(wanted) <= 1, "an outage was met with more than one request"
        for answered in self._answers(wanted, time_left):
            asked, answer = answered
            if isinstance(answer, HooklogError):
                self._meets([asked.key], type(answer))
            yield answered

    def _answers(
        self, wanted: Sequence[Wanted], time_left: TimeLeft
    ) -> Iterator[tuple[Wanted, Fetched | HooklogError]]:
        began_at, began_truly_at = self.clock(), self.world.clock()
        self._concerned |= {one.key for one in wanted}
        self._fetched_at |= {
            one.key: began_truly_at for one in wanted if isinstance(one, LogRequest)
        }
        # The enricher adds requests to the list meanwhile.
        for one in wanted:
            effect = self.pause_at(PortCall.ANSWER)
            if time_left() <= 0:
                return
            if isinstance(one, ResourceRequest):
                yield one, self._resource(one, effect)
                continue
            found, by_url = self._find(one)
            if effect is Effect.NOT_FOUND or found is None:
                yield one, NotFoundError()
            elif effect is Effect.REFUSED:
                yield one, UpstreamError()
            elif effect is Effect.LIMITED:
                yield one, RateLimitedError(retry_after=7.0)
            else:
                self._fetched_at[found.key] = began_truly_at
                self._concerned.add(found.key)
                if not by_url:
                    self._logs[found.key] = iso(began_at)
                yield (
                    one,
                    Fetched(
                        body=json.dumps(found.shown(effect)),
                        began_at=began_at,
                        took_ms=12.5,
                        found_by="url" if by_url else "id",
                    ),
                )

    def allowance(self) -> Allowance | None:
        """Announce nothing."""

    def delay(self, waits: Mapping[str, int]) -> int:
        """Hide messages."""
        if self.pause_at(PortCall.DELAY) is Effect.SUCCESS:
            return self.world.queue.delay(waits)
        return len(waits)

    def emit(self, report: Report) -> None:
        """Add to the metrics."""
        self.pause_at(PortCall.EMIT)
        assert UnexpectedError.code not in report.errors, "the report has a defect"
        self.world.count(report, self)

    def defect(self, key: str, error: BaseException) -> None:
        """Fail: no defect is expected."""
        raise AssertionError(f"defect at {key}") from error

    # --- behind the ports ---------------------------------------------------------------------

    def _resource(self, request: ResourceRequest, effect: Effect) -> Fetched | HooklogError:
        """Answer a request for a fax resource; one that contradicts its log is not deleted."""
        found = self.world.space.find_by_sid(FAX, request.path.rpartition("/")[2])
        assert found is not None, "a resource was requested that does not exist"
        if effect is Effect.NOT_FOUND and not found.send.contradicts:
            return NotFoundError()
        if effect is Effect.LIMITED:
            return RateLimitedError(retry_after=7.0)
        if effect in {Effect.REFUSED, Effect.NOT_FOUND}:
            return UpstreamError()
        body = json.dumps(found.resource(effect))
        return Fetched(body=body, began_at=self.clock(), took_ms=12.5)

    def _find(self, request: LogRequest) -> tuple[Progress | None, bool]:
        if found := self.world.space.find(request.kind, request.log_id):
            return found, False
        sid = request.resource_sid
        return self.world.space.find_by_sid(request.kind, sid) if sid else None, True

    def _write(self, write: Write) -> Conflict | StoreError | None:
        effect = self.pause_at(PortCall.WRITE)
        if effect is Effect.REFUSED:
            self._meets(self._concerned, StoreThrottledError)
            return StoreThrottledError()
        if effect is Effect.UNANSWERED:
            self._meets(self._concerned, StoreUnavailableError)
        is_parking = Purpose.of(write) is Purpose.PARKING
        if is_parking:
            self._check_parking(write)
        if lost := self.world.table.write(write, self._fetched_at.get(write.key)):
            return lost
        if is_parking:
            self._parked.add(write.key)
        self.world.note_stored(write, self, is_known=effect is not Effect.UNANSWERED)
        return StoreUnavailableError() if effect is Effect.UNANSWERED else None

    def _meets(self, keys: Iterable[str], error: type[HooklogError]) -> None:
        for key in keys:
            self.world.met[key, error.code].add(self)

    def _check_parking(self, write: Write) -> None:
        """Check that nothing is parked for waiting before it is old, or after too few tries."""
        error = BY_CODE[str(write.values["parked_code"])]
        old = [one for one in self._messages if one.stamp <= self.clock() - LONGEST_WAIT]
        if issubclass(error, NotAskedError):
            is_old = any(one.body == write.values["parked_body"] for one in old)
            assert is_old, "a message was parked for waiting"
        elif not old:
            met = len(self.world.met[write.key, error.code])
            assert met >= error.max_attempts or error.max_attempts == 1, "a log was given up early"

    def _acknowledge(self, response: BatchResponse) -> None:
        returned = returned_ids(response, {message.id for message in self._messages})
        for message in self._messages:
            if message.id not in returned and not message.is_deleted:
                message.is_deleted = True
                self._check_end(message)

    def _check_end(self, message: Message) -> None:
        """Check that a row holds what the message told, or the message itself."""
        key = message.key
        if message.says and key in self._seen:
            # An alias leads to the log's own row.
            key = str(self._seen[key].item.get("alias_of", key))
        sid = message.says.get("resource_sid")
        found = self.world.space.find_by_sid(message.kind, sid) if sid else None
        rows = {name: row for name, row in self.world.table.items.items() if set(row) - _NO_END}
        assert key in rows or (found is not None and found.key in rows), "a message was lost"
        row = rows.get(key, {})
        if key in self._logs and "parked_at" not in row and not row.get("final"):
            assert str(row["fetched_at"]) >= self._logs[key], "a log was lost"
        is_unasked = key not in self._fetched_at and key not in self._parked
        if message.says and is_unasked and not self._is_blind:
            seen = self._seen[key]
            assert seen.fetched_at is not None, "a row without a log made a message known"
            assert seen.fetched_at >= message.sent_at or tells_nothing_new(message, seen), (
                "a row that is older than a message made it known"
            )


def tells_nothing_new(message: Message, seen: Seen) -> bool:
    """Return whether a callback tells no more than a row with a final log."""
    says, model = message.says, message.kind.model
    if says.get("origin") != "webhook" or not seen.item.get("final"):
        return False
    failed = seen.item["outcome"] == "failed"
    return says["status"] not in model.terminal or (says["status"] in model.failed) == failed
