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
from tests.builders import sqs_event
from tests.properties.function import Function
from tests.properties.messages import Message
from tests.properties.mishaps import Luck, Seam, mishaps
from tests.properties.space import Progress
from tests.properties.table import Seen
from tests.properties.world import World

#: As in the template.
_TIMEOUT = timedelta(seconds=60)
#: Attributes of rows that hold nothing of what a message told.
_NO_END = frozenset({"version", "alias_of", "tries", "log_type", "expires_at"})


class Enriching(Function):
    """One invocation of the enrich function that is its own source, table, queue and telemetry."""

    mishaps = mishaps(
        {
            Seam.START: [],
            Seam.READ: [Luck.REFUSED, Luck.BEHIND],
            Seam.FETCH: [],
            Seam.ANSWER: [
                Luck.REFUSED,
                Luck.UNANSWERED,
                Luck.UNKNOWN,
                Luck.BEHIND,
                Luck.OLD,
            ],
            Seam.WRITE: [Luck.REFUSED, Luck.UNANSWERED],
            Seam.DELAY: [Luck.REFUSED],
            Seam.EMIT: [],
            Seam.RETURN: [],
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
        super().__init__(world, skew, _TIMEOUT)

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
        self.meet(Seam.RETURN)
        self._acknowledge(response)

    # --- its ports ----------------------------------------------------------------------------

    def read(self, keys: Sequence[str], *, consistent: bool = False) -> Mapping[str, Row]:
        """Read rows; only a consistent read is sure to show the latest writes."""
        luck = self.meet(Seam.READ)
        if luck is Luck.REFUSED:
            self._is_blind = True
            self._meets(self._concerned, StoreThrottledError)
            raise StoreThrottledError
        behind = luck is Luck.BEHIND and not consistent
        self._seen |= self.world.table.seen(keys, behind=behind)
        return self.world.table.read(keys, behind=behind)

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
        self.meet(Seam.FETCH)
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
        # The list grows meanwhile.
        for one in wanted:
            luck = self.meet(Seam.ANSWER)
            if time_left() <= 0:
                return
            if isinstance(one, ResourceRequest):
                yield one, self._resource(one, luck)
                continue
            found, by_url = self._find(one)
            if luck is Luck.UNKNOWN or found is None:
                yield one, NotFoundError()
            elif luck is Luck.REFUSED:
                yield one, UpstreamError()
            elif luck is Luck.UNANSWERED:
                yield one, RateLimitedError(retry_after=7.0)
            else:
                self._fetched_at[found.key] = began_truly_at
                self._concerned.add(found.key)
                if not by_url:
                    self._logs[found.key] = iso(began_at)
                yield (
                    one,
                    Fetched(
                        body=json.dumps(found.shown(luck)),
                        began_at=began_at,
                        took_ms=12.5,
                        found_by="url" if by_url else "id",
                    ),
                )

    def allowance(self) -> Allowance | None:
        """Announce nothing."""

    def delay(self, waits: Mapping[str, int]) -> int:
        """Hide messages."""
        if self.meet(Seam.DELAY) is Luck.FINE:
            return self.world.queue.delay(waits)
        return len(waits)

    def emit(self, report: Report) -> None:
        """Add to the metrics."""
        self.meet(Seam.EMIT)
        assert UnexpectedError.code not in report.errors, "a defect"
        self.world.count(report, self)

    def defect(self, key: str, error: BaseException) -> None:
        """Fail: no defect is expected."""
        raise AssertionError(f"a defect at {key}") from error

    # --- behind the ports ---------------------------------------------------------------------

    def _resource(self, request: ResourceRequest, luck: Luck) -> Fetched | HooklogError:
        """Answer a request for a fax resource; one that contradicts its log is not deleted."""
        found = self.world.space.find_by_sid(FAX, request.path.rpartition("/")[2])
        assert found is not None, "an invented resource"
        if luck is Luck.UNKNOWN and not found.send.contradicts:
            return NotFoundError()
        if luck in {Luck.REFUSED, Luck.UNANSWERED, Luck.UNKNOWN}:
            return UpstreamError()
        body = json.dumps(found.resource(luck))
        return Fetched(body=body, began_at=self.clock(), took_ms=12.5)

    def _find(self, request: LogRequest) -> tuple[Progress | None, bool]:
        if found := self.world.space.find(request.kind, request.log_id):
            return found, False
        sid = request.resource_sid
        return self.world.space.find_by_sid(request.kind, sid) if sid else None, True

    def _write(self, write: Write) -> Conflict | StoreError | None:
        luck = self.meet(Seam.WRITE)
        if luck is Luck.REFUSED:
            self._meets(self._concerned, StoreThrottledError)
            return StoreThrottledError()
        if luck is Luck.UNANSWERED:
            self._meets(self._concerned, StoreUnavailableError)
        if "parked_at" in write.values:
            self._check_parking(write)
        if lost := self.world.table.write(write, self._fetched_at.get(write.key)):
            return lost
        if "parked_at" in write.values:
            self._parked.add(write.key)
        self.world.note_stored(write, self, is_known=luck is not Luck.UNANSWERED)
        return StoreUnavailableError() if luck is Luck.UNANSWERED else None

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
        returned = [failure["itemIdentifier"] for failure in response["batchItemFailures"]]
        assert len(set(returned)) == len(returned), "a message is returned twice"
        assert set(returned) <= {message.id for message in self._messages}, "a foreign message"
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
            assert seen.fetched_at >= message.sent_at or is_old_story(message, seen), (
                "a row that is older than a message made it known"
            )


def is_old_story(message: Message, seen: Seen) -> bool:
    """Return whether a callback tells no more than a row with a final log."""
    says, model = message.says, message.kind.model
    if says.get("origin") != "webhook" or not seen.item.get("final"):
        return False
    failed = seen.item["outcome"] == "failed"
    return says["status"] not in model.terminal or (says["status"] in model.failed) == failed
