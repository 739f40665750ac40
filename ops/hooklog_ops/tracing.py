"""The way of one log in order, from its row and from the steps that the functions told.

The row keeps the latest times of what happened; a function at ``LogLevel=DEBUG`` prints a line per
log and step (:mod:`hooklog.adapters.telemetry.steps`). Both leave gaps, which :class:`Way` names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from hooklog.clock import Clock
from hooklog.logs import LogKind
from hooklog.steps import Step
from hooklog_ops.deployment import Deployment
from hooklog_ops.errors import NotThereError
from hooklog_ops.formatting import counted, moment
from hooklog_ops.insights import lines_with
from hooklog_ops.records import Found, Records
from hooklog_ops.timeline import timeline

#: The source of what the row says; others are the functions' names.
ROW: Final = "row"
#: How far back the lines of a log without a row are searched.
DEFAULT: Final = timedelta(hours=24)
#: Lines that are read at most; one log has a few dozen.
MOST: Final = 1000
#: A log without a row may be of any age.
_EVER: Final = datetime.min.replace(tzinfo=UTC)
#: The clocks of SignalWire and the functions may differ by so much.
_SKEW: Final = timedelta(minutes=1)
#: What happened less than this ago may have lines that a query does not find yet.
_YOUNG: Final = timedelta(minutes=5)

#: What is told of a log beside its steps, at any level.
DEFECT: Final = "defect"
#: What a step is, for people.
_TOLD: Final[Mapping[str, str]] = {
    Step.COMPARED: "Compared with SignalWire's list",
    Step.QUEUED: "Put on the queue",
    Step.ACCEPTED: "Callback accepted, and sent to the queue",
    Step.DROPPED: "Callback dropped: it tells no end",
    Step.DELIVERED: "Message delivered",
    Step.COALESCED: "Messages coalesced",
    Step.SKIPPED: "Skipped: the row shows as much",
    Step.FETCHED: "Log fetched",
    Step.SETTLED: "Fax resource fetched",
    Step.WRITTEN: "Row written",
    Step.UP_TO_DATE: "Not written: the row shows as much",
    Step.PARKED: "Parked",
    Step.RETRIED: "Sent back to the queue",
    Step.WAITING: "Sent back to the queue to wait",
    Step.PUBLISHED: "Event accepted by the bus",
    Step.NO_NEWS: "No event: the write is no news",
    Step.SET_ASIDE: "Event set aside",
    Step.DELAYED: "Event not accepted; told again later",
    DEFECT: "Defect of hooklog",
}
#: How the facts of a step are written, in this order.
FACTS: Final[Mapping[str, str]] = {
    "origin": "by {}",
    "attempt": "delivery {}",
    "messages": "{} messages",
    "status": "status {}",
    "verdict": "{}",
    "code": "{}",
    "tries": "try {}",
    "delay": "back in {} s",
    "ms": "{} ms",
    "found": "as {}",
    "version": "version {}",
    "outcome": "{}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened.

    Attributes:
        at: when.
        source: the row, or the function that told it.
        what: in a few words.
        more: details, or empty.
        kind: ``failed``, ``parked``, or empty.
        step: of a function's line; None for what the row says.
        facts: of that step.

    """

    at: datetime
    source: str
    what: str
    more: str = ""
    kind: str = ""
    step: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A deployed function: how much it tells, and since when it surely has told as much."""

    name: str
    level: str
    deployed_at: datetime

    @property
    def tells_steps(self) -> bool:
        """Whether it prints a line per log and step."""
        return self.level == "DEBUG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search for the functions' lines about one log.

    Attributes:
        since: where it began.
        scanned: bytes of log lines that it read, by which AWS bills it.
        is_cut: whether there may be further lines.
        kept_days: how long the log groups keep lines; None for ever.
        functions: those that are deployed.

    """

    since: datetime
    scanned: int
    is_cut: bool
    kept_days: int | None
    functions: Sequence[Function]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """All that is known of a log's way, and what is not.

    Attributes:
        key: of the log's row.
        relation: what the name that was asked for is to the log; empty if it has no other.
        entries: what happened, oldest first.
        unknown: what this cannot know, a sentence each.
        search: for the functions' lines; None if there was none.

    """

    key: str
    relation: str
    entries: Sequence[Entry]
    unknown: Sequence[str]
    search: Search | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracer:
    """Follows single logs of a stack."""

    stack: Deployment
    clock: Clock
    sleep: Callable[[float], None]

    def way(self, kind: LogKind, log_id: str, *, since: datetime | None, with_lines: bool) -> Way:
        """Return the way of a log.

        Args:
            kind: of log.
            log_id: its ID or its SID.
            since: where the search for lines begins; None for the row's first moment, or a day ago
                without one.
            with_lines: whether to search for the functions' lines.

        Raises:
            NotThereError: there is neither a row nor a line.
            QueryError: the search for lines has no result.

        """
        now = self.clock()
        records = Records(self.stack.dynamodb, self.stack.output("TableName"))
        found = records.find(kind.key(log_id))
        entries, search = [*_of_row(found)], None
        if with_lines:
            first = min((one.at - _SKEW for one in entries), default=now - DEFAULT)
            lines, search = self._search(found.names, since or first, now)
            entries += filter(None, (_of_line(one, found.names) for one in lines))
        if found.item is None and not entries:
            raise NotThereError(_missing(found, kind, search))
        # Steps of one millisecond come in any order.
        entries.sort(key=lambda one: (one.at, _rank(one)))
        return Way(
            key=found.key,
            relation=found.relation,
            entries=entries,
            unknown=[*_unknown(found, entries, search, now)],
            search=search,
        )

    def _search(
        self, names: frozenset[str], since: datetime, now: datetime
    ) -> tuple[Sequence[str], Search]:
        groups = self.stack.log_groups
        answer = lines_with(
            self.stack.logs,
            groups,
            sorted(name.partition("#")[2] for name in names),
            since=since,
            until=now,
            most=MOST,
            sleep=self.sleep,
        )
        # The template gives all of them the same retention.
        group = self.stack.log_group(groups[0]) or {}
        return answer.lines, Search(
            since=since,
            scanned=answer.scanned,
            is_cut=len(answer.lines) == MOST,
            kept_days=group.get("retentionInDays"),
            functions=[*self._functions()],
        )

    def _functions(self) -> Iterator[Function]:
        for output in self.stack.outputs:
            if output.endswith("FunctionName"):
                one = self.stack.function(output)
                variables = one.get("Environment", {}).get("Variables", {})
                yield Function(
                    name=output.removesuffix("FunctionName").lower(),
                    level=variables.get("LOG_LEVEL", "INFO"),
                    deployed_at=datetime.fromisoformat(one["LastModified"]),
                )


def _of_row(found: Found) -> Iterator[Entry]:
    for event in timeline(found.item or {}, found.alias):
        yield Entry(at=event.at, source=ROW, what=event.what, more=event.more, kind=event.kind)


def _of_line(text: str, names: frozenset[str]) -> Entry | None:
    """Read a log line; None if it is neither a step of this log nor a defect that it met."""
    try:
        match json.loads(text):
            case {"message": "step", "log": str(key), "step": str(step), **rest} if key in names:
                facts = {name: rest[name] for name in FACTS if name in rest}
            case {"message": "defect", "log_key": str(key), "error": str(error), **rest} if (
                key in names
            ):
                step, facts = DEFECT, {"code": error}
            case _:
                return None
        at = datetime.fromisoformat(str(rest["timestamp"])).astimezone(UTC)
    # Whoever may write to the log group can write anything there.
    except (ValueError, KeyError, OverflowError, RecursionError):
        return None
    more = ", ".join(FACTS[name].format(value) for name, value in facts.items())
    return Entry(
        at=at,
        source=str(rest.get("service")),
        what=_TOLD.get(step, step),
        more=more,
        kind="parked" if step == Step.PARKED else "",
        step=step,
        facts=facts,
    )


def _rank(entry: Entry) -> int:
    """Return the place of a step on the way; what the row says comes before."""
    steps: list[str | None] = [*Step]
    return steps.index(entry.step) if entry.step in steps else -1


def _missing(found: Found, kind: LogKind, search: Search | None) -> str:
    """Say that nothing is known, and how to know more."""
    enqueue = f"`hooklog enqueue {kind.name} {found.key.partition('#')[2]}` has the log fetched."
    if search is None:
        return (
            f"There is no record {found.key}. Without --no-logs its lines are searched. {enqueue}"
        )
    quiet = _quiet(search)
    level = f" {quiet}" if quiet else ""
    return (
        f"There is no record {found.key}, and no line about it since {moment(search.since)} UTC."
        f"{level} --since searches further back, and {enqueue}"
    )


def _quiet(search: Search) -> str:
    """Say which functions tell no steps; empty if all do."""
    quiet = [one for one in search.functions if not one.tells_steps]
    if not quiet:
        return ""
    named = ", ".join(f"{one.name} ({one.level})" for one in quiet)
    return f"These functions tell no steps, because their LogLevel is not DEBUG: {named}."


def _unknown(
    found: Found, entries: Sequence[Entry], search: Search | None, now: datetime
) -> Iterator[str]:
    """Name the gaps that this way has, and no others."""
    item = found.item or {}
    is_settled = item.get("final") and {"unsettled", "parked_code", "tries"}.isdisjoint(item)
    is_open = "erased_at" not in item and (not is_settled or found.has_news_by_sid)
    if search is None:
        yield "What the functions did: their lines were not searched."
    else:
        is_young = is_open or any(now - one.at < _YOUNG for one in entries)
        yield from _unsearched(search, entries, now, is_young=is_young)
    written = {one.facts.get("version") for one in entries if one.step == Step.WRITTEN}
    writes = int(item.get("version", 0))
    if writes > max(1, len(written)):
        yield (
            f"When each of the row's {writes} writes was: it keeps the latest times only, and"
            f" {counted(len(written), 'line')} told of a write."
        )
    if "erased_at" in item:
        yield "What the row said before it was erased."
    if found.item is None:
        yield "What became of the row, if there was one: rows expire where RecordTtlDays is set."
    if is_open:
        yield (
            "Whether a message is on the queue now, or in flight: SQS shows no single message."
            " `hooklog dlq peek` shows dead letters."
        )
    yield (
        "What SignalWire did in between, and the callbacks that never came or were refused: what"
        " a refused one names cannot be trusted."
    )
    if len({one.source for one in entries}) > 1:
        yield (
            "The exact order of what lies close together: the creation and the event have"
            " SignalWire's clock, and each function its own."
        )


def _unsearched(
    search: Search, entries: Sequence[Entry], now: datetime, *, is_young: bool
) -> Iterator[str]:
    """Name the lines that were not there to be found."""
    if quiet := _quiet(search):
        yield f"What some functions did: {quiet[0].lower()}{quiet[1:]}"
    begun = max((one.deployed_at for one in search.functions if one.tells_steps), default=None)
    if begun is not None and begun > search.since:
        yield (
            f"What was done before {moment(begun)} UTC, when a function was deployed last: its"
            " LogLevel may have been another."
        )
    if search.kept_days is not None and search.since < now - timedelta(days=search.kept_days):
        yield f"What was done more than {search.kept_days} days ago: those lines are deleted."
    of_row = [one.at for one in entries if one.source == ROW]
    if min(of_row, default=_EVER) < search.since:
        yield f"What was done before {moment(search.since)} UTC: --since begins earlier."
    if search.is_cut:
        yield f"Later steps: the first {MOST:,} lines are shown; --since shows others."
    if is_young:
        yield "What was done in the last minutes: Logs Insights finds a line some time after it."
    if any(one.name == "publish" and one.tells_steps for one in search.functions):
        yield (
            "Writes that Lambda drops as no news before the publish function sees them, and what"
            " became of events behind the bus."
        )
