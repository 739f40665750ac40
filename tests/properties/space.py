"""The truth: SignalWire's logs of each send, what the API shows, and the callbacks."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from hooklog.logs import FAX, KINDS, LogKind
from local.space import Callback, Log, Send
from local.space.fax_resources import derived
from local.space.model import instant
from local.space.sends import Step
from local.space.signatures import signed_request
from tests.properties.faults import Effect
from tests.webhook import BASE, KEY, Request

_PATH = "/hooklog"
#: Small, so that a sweep of a few logs has several pages.
_PAGE_SIZE = 2
#: Failed statuses of callbacks and of logs.
_FAILED = frozenset({"failed", "busy", "no-answer", "canceled", "undelivered"})


class Progress:
    """The progress of one send."""

    def __init__(self, send: Send) -> None:
        """Start; the call of a failed fax completes a moment before the failure is known."""
        self.send = send
        #: Every state of its log so far; the last is the truth.
        self.states: list[Log] = []
        *way, end = send.steps
        if end.log["status"] == "completed" and self.fails:
            log = end.log | {"error_code": None, "error_message": None}
            way.append(Step(log, None, end.resource or {"status": "sending"}))
        self._course = (*way, end)

    def __repr__(self) -> str:
        """Return what a reader needs to follow an example."""
        return f"<{self.key} {len(self.states)}/{len(self._course)}>"

    @property
    def kind(self) -> LogKind:
        """The kind of its log."""
        return KINDS[self.send.log_type]

    @property
    def key(self) -> str:
        """The key of its row."""
        return self.kind.key(self.send.log_id)

    @property
    def is_over(self) -> bool:
        """Whether the send has ended."""
        return len(self.states) >= len(self._course)

    @property
    def is_settled(self) -> bool:
        """Whether its charge was corrected after the end."""
        return len(self.states) > len(self._course)

    @property
    def fails(self) -> bool:
        """Whether the send finally fails, by the status of its last callback."""
        last = self.send.steps[-1].callback
        assert last is not None
        return last.status in _FAILED

    def go_on(self) -> Callback | None:
        """Reach the next status and return its callback, if any."""
        step = self._course[len(self.states)]
        self.states.append(step.log)
        return step.callback

    def shown(self, effect: Effect) -> Log:
        """Return the log as the API shows it."""
        return self.states[self._shown(effect)]

    def resource(self, effect: Effect) -> Log:
        """Return the fax resource as the API shows it."""
        index = self._shown(effect)
        contradicted = self._course[min(index, len(self._course) - 1)].resource
        return derived(self.states[index]) | (contradicted or {})

    def _shown(self, effect: Effect) -> int:
        match effect:
            case Effect.OLDEST:
                return 0
            case Effect.STALE:
                return max(0, len(self.states) - 2)
        return len(self.states) - 1

    def settle(self) -> None:
        """Correct the charge after the end, which no callback announces."""
        charge = round(float(str(self.states[-1]["charge"])) + 0.25, 6)
        self.states.append(self.states[-1] | {"charge": charge})


class Space:
    """The sends of one space by log ID."""

    def __init__(self) -> None:
        """Start without sends."""
        self.sends: dict[str, Progress] = {}

    def find(self, kind: LogKind, log_id: str) -> Progress | None:
        """Return the send whose log has this ID."""
        found = self.sends.get(log_id)
        return found if found is not None and found.kind is kind else None

    def find_by_sid(self, kind: LogKind, sid: str) -> Progress | None:
        """Return the send whose resource has this SID."""
        sends = self.sends.values()
        return next((one for one in sends if one.kind is kind and one.send.sid == sid), None)

    def page(
        self, kind: LogKind, start: datetime, end: datetime, page: str | None, effect: Effect
    ) -> tuple[list[Log], str | None]:
        """Return a page of the list, and the token of the next: the index of its first log."""
        within = self._within(kind, start, end)
        first = int(page or 0)
        last = first + _PAGE_SIZE
        logs = [one.shown(effect) for one in within[first:last]]
        return logs, str(last) if last < len(within) else None

    def resources(self, start: datetime, end: datetime, effect: Effect) -> list[Log]:
        """Return the fax resources of a period."""
        return [one.resource(effect) for one in self._within(FAX, start, end)]

    def _within(self, kind: LogKind, start: datetime, end: datetime) -> list[Progress]:
        """Return the sends of a period; the lists exclude both of its ends."""
        created = {
            one: instant(str(one.states[0]["created_at"]))
            for one in self.sends.values()
            if one.kind is kind
        }
        within = [one for one, created_at in created.items() if start < created_at < end]
        return sorted(within, key=lambda one: (created[one], one.key))


def compared(log: Log) -> tuple[str, Decimal, str | None]:
    """Return the values that a row must share with its log."""
    code = log["error_code"]
    return str(log["status"]), Decimal(str(log["charge"])), None if code is None else str(code)


def event_of(callback: Callback) -> dict[str, object]:
    """Sign a callback as SignalWire does and return the event that the function gets."""
    signed = signed_request(callback, BASE + _PATH, KEY)
    request = Request(method=signed.method, path=_PATH, query=signed.query)
    request.headers = {name.lower(): value for name, value in signed.headers.items()}
    request.body = None if signed.body is None else signed.body.decode()
    return request.event()
