"""In-memory stand-ins for the ports of the functions; each can be made to fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hooklog.clock import TimeLeft
from hooklog.enrich.ports import Fetched, ResourceRequest, Wanted
from hooklog.enrich.report import Report
from hooklog.errors import HooklogError, NotFoundError, StoreError, StoreRejectedError
from hooklog.pace import Allowance, Grant
from hooklog.records.rows import Attribute, Row, Write
from hooklog.records.store import Conflict

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)

type Item = dict[str, Attribute]


class Clock:
    """A clock that stands still until a test advances it."""

    def __init__(self, now: datetime = NOW) -> None:
        """Start at the given time."""
        self.now = now

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def moment(self) -> float:
        """Return the time in seconds since 1970."""
        return self.now.timestamp()

    def advance(self, **duration: float) -> None:
        """Advance by the arguments of a ``timedelta``."""
        self.now += timedelta(**duration)


@dataclass
class MemoryTable:
    """A table whose writes are compare-and-swap on the version, as DynamoDB's are."""

    items: dict[str, Item] = field(default_factory=dict)
    reads: list[list[str]] = field(default_factory=list)
    #: Those of the reads that were consistent, which cost twice as much.
    consistent_reads: list[list[str]] = field(default_factory=list)
    writes: list[list[Write]] = field(default_factory=list)
    #: Raised by the next reads, in order; None lets a read succeed.
    read_errors: list[StoreError | None] = field(default_factory=list)
    #: Returned for these keys instead of writing.
    write_errors: dict[str, StoreError] = field(default_factory=dict)
    #: Called before each write takes effect, to simulate concurrent writers.
    meanwhile: Callable[[], None] = lambda: None
    #: What rows were before the write that a loser of a race has not seen yet.
    _stale: dict[str, Item | None] = field(default_factory=dict)

    def read(self, keys: Sequence[str], *, consistent: bool = False) -> dict[str, Row]:
        """Read rows; until a consistent read, the loser of a race does not see who won it."""
        self.reads.append(list(keys))
        if consistent:
            self.consistent_reads.append(list(keys))
        if self.read_errors and (error := self.read_errors.pop(0)) is not None:
            raise error
        if consistent:
            for key in keys:
                self._stale.pop(key, None)
        items = {key: self._stale.get(key, self.items.get(key)) for key in keys}
        return {
            key: Row.of(key, item, names=frozenset(item))
            for key, item in items.items()
            if item is not None
        }

    def write(self, writes: Sequence[Write]) -> dict[str, Conflict | StoreError | None]:
        """Write each row independently."""
        self.writes.append(list(writes))
        before = dict(self.items)
        self.meanwhile()
        assert len({write.key for write in writes}) == len(writes), "one write a row and call"
        return {write.key: self._write(write, before.get(write.key)) for write in writes}

    def _write(self, write: Write, before: Item | None) -> Conflict | StoreError | None:
        if write.key in self.write_errors:
            return self.write_errors[write.key]
        if {"version", *write.values} & {*write.remove}:
            return StoreRejectedError("Two document paths overlap with each other.")
        stored = self.items.get(write.key)
        if (stored["version"] if stored else None) != write.expected_version:
            self._stale.setdefault(write.key, before)
            return Conflict()
        self._stale.pop(write.key, None)
        item = dict(stored or {})
        for name in write.remove:
            item.pop(name, None)
        self.items[write.key] = item | dict(write.values) | {"version": write.version}
        return None


@dataclass
class FakeSource:
    """A source that returns the answer given for each key, and nothing for other keys."""

    clock: Clock
    answers: dict[str, str | HooklogError] = field(default_factory=dict)
    #: Keys of requests whose log was found by its URL, under another ID.
    found_by_url: set[str] = field(default_factory=set)
    requested: list[str] = field(default_factory=list)
    #: Answers by the SID of a fax, None if there is none in time; any other resource was deleted.
    resources: dict[str, str | HooklogError | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    #: Whether logs found by their URL come after all others, as they do in fact.
    lists_last: bool = False
    time_left: list[float] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    #: That the next answers announce.
    announced: Allowance | None = None

    def allowance(self) -> Allowance | None:
        """Return what is announced, once."""
        announced, self.announced = self.announced, None
        return announced

    def fetch(
        self, wanted: Sequence[Wanted], time_left: TimeLeft, grant: Grant
    ) -> Iterator[tuple[Wanted, Fetched | HooklogError]]:
        """Return the answers in the order of the requests."""
        self.time_left.append(time_left())
        self.grants.append(grant)
        for one in self._ordered(wanted):
            if isinstance(one, ResourceRequest):
                self.asked.append(one.path)
                answer = self.resources.get(one.path.rpartition("/")[2], NotFoundError())
                found_by_url = False
            else:
                self.requested.append(one.key)
                answer = self.answers.get(one.key)
                found_by_url = one.key in self.found_by_url
            if isinstance(answer, str):
                yield (
                    one,
                    Fetched(
                        body=answer,
                        began_at=self.clock(),
                        took_ms=12.5,
                        found_by="url" if found_by_url else "id",
                    ),
                )
            elif answer is not None:
                yield one, answer

    def _ordered(self, wanted: Sequence[Wanted]) -> Iterator[Wanted]:
        """Return all that is wanted, also what is added meanwhile."""
        listed: list[Wanted] = []
        done = 0
        while done < len(wanted) or listed:
            if done == len(wanted):
                yield listed.pop(0)
                continue
            one = wanted[done]
            done += 1
            if self.lists_last and one.key in self.found_by_url:
                listed.append(one)
            else:
                yield one


@dataclass
class FakeQueue:
    """A queue that keeps the delay of each message."""

    waits: dict[str, int] = field(default_factory=dict)
    unset: int = 0
    #: That the queue tells.
    messages: tuple[int, int] = (0, 0)

    def depth(self) -> tuple[int, int]:
        """Return how many messages are visible, and how many in flight."""
        return self.messages

    def delay(self, waits: Mapping[str, int]) -> int:
        """Keep the delays, and return ``unset`` as the number of failures."""
        self.waits.update(waits)
        return self.unset


@dataclass
class FakeTelemetry:
    """Telemetry that keeps what it is given."""

    reports: list[Report] = field(default_factory=list)
    defects: list[tuple[str, BaseException]] = field(default_factory=list)
    #: Raised for each report, as if it could not be printed.
    error: Exception | None = None

    def emit(self, report: Report) -> None:
        """Keep a report."""
        self.reports.append(report)
        if self.error is not None:
            raise self.error

    def defect(self, key: str, error: BaseException) -> None:
        """Keep a defect."""
        self.defects.append((key, error))


@dataclass
class FakeKeys:
    """Signing keys, and the keys that a second read would find."""

    keys: tuple[str, ...] = ()
    new_keys: tuple[str, ...] | None = None
    #: Raised instead of returning keys.
    error: HooklogError | None = None
    looks: int = 0

    def current(self) -> tuple[str, ...]:
        """Return the keys."""
        self.looks += 1
        if self.error is not None:
            raise self.error
        return self.keys

    def renewed(self, refused: tuple[str, ...]) -> tuple[str, ...]:
        """Return the keys that a second read finds."""
        assert refused == self.keys
        self.looks += 1
        return self.keys if self.new_keys is None else self.new_keys


@dataclass
class FakeProducer:
    """A producer that keeps the messages that it sends."""

    bodies: list[str] = field(default_factory=list)
    #: Raised instead of sending.
    error: Exception | None = None

    def send(self, body: str) -> None:
        """Keep a message."""
        if self.error is not None:
            raise self.error
        self.bodies.append(body)


@dataclass
class FakeDoorTelemetry:
    """Telemetry of the front door that keeps what it is given."""

    refusals: list[HooklogError] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    defects: list[tuple[str, BaseException]] = field(default_factory=list)

    def refused(self, error: HooklogError) -> None:
        """Keep the error of a refused callback."""
        self.refusals.append(error)

    def closed(self, reason: str) -> None:
        """Keep the reason why the door is closed."""
        self.reasons.append(reason)

    def defect(self, key: str, error: BaseException) -> None:
        """Keep a defect."""
        self.defects.append((key, error))
