"""Planned sends: the statuses of each fax or message, its log at each one, and the callbacks.

`callbacks` carries the plan out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from itertools import cycle
from random import Random
from typing import TYPE_CHECKING, Literal

from local.space import fax_logs, lifecycles, message_logs, payloads
from local.space.generation import PROJECT_ID
from local.space.model import resource_sid
from local.space.payloads import SEND_KINDS, Callback, Method, SendKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from local.space.fax_logs import FaxCase
    from local.space.lifecycles import Lifecycle
    from local.space.message_logs import MessageCase
    from local.space.model import Log, LogType

type _End = Literal["ended well", "failed", "contradicted"]
"""How a send ends; a contradicted one well by its log, but failed by its last callback."""

_EVERY = timedelta(seconds=1)
_STEP = timedelta(seconds=2)
_LONGEST = timedelta(seconds=30)
_FAX_METHODS: tuple[Method, ...] = ("POST", "POST", "POST", "GET")
_TEXTS = (
    "Your parcel is on its way.",
    "Grüße! Ihr Termin: 14:30 Uhr, bitte bestätigen ✓",
    "2 + 2 = 4 & 100 % sure?\nReply YES; or <STOP> 📵",
    "",
)


@dataclass(frozen=True, slots=True)
class Step:
    """One status of a send: the log as the API then shows it, and the callback, if any.

    `resource` holds the fields in which the fax resource contradicts the log; None if it agrees.
    """

    log: Log
    callback: Callback | None
    resource: Log | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """One fax or message, from its first status to its last.

    `sid` identifies it in callbacks. For messages that is the `log_id`. `contradicts` says whether
    its last callback reports a failure that its log does not know.
    """

    kind: SendKind
    log_type: LogType
    log_id: str
    sid: str
    steps: tuple[Step, ...]
    contradicts: bool = False

    @property
    def final(self) -> Log:
        """The log as the API finally shows it."""
        return self.steps[-1].log

    @property
    def callbacks(self) -> tuple[Callback, ...]:
        """The callbacks, in the order of their statuses."""
        return tuple(step.callback for step in self.steps if step.callback is not None)


def simulate_sends(
    seed: int,
    count: int,
    now: datetime,
    *,
    project_id: str = PROJECT_ID,
    kinds: Sequence[SendKind] = SEND_KINDS,
    failing: float = 0.25,
    fax_id_is_sid: bool = False,
    contradict: float = 0.0,
) -> tuple[Send, ...]:
    """Plan this many sends, one per second, all of which end before `now`, an aware time.

    The kinds alternate. `contradict` is the share whose log ends well, while the last callback says
    `failed` of a fax, as its fax resource does, and `undelivered` of a message, each with an error.
    `failing` is the share of the others that fails, with and without errors. The log of a fax has
    an ID of its own, or with `fax_id_is_sid` its FaxSid; nothing else depends on that. Raises
    ValueError for a naive time, a negative count, no kinds, or a share outside 0 to 1.
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware time")
    if count < 0:
        raise ValueError(f"the count must not be negative: {count}")
    if not kinds:
        raise ValueError("there must be at least one kind")
    for name, share in (("failing", failing), ("contradict", contradict)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} must be a share from 0 to 1, not {share}")
    first = now.astimezone(UTC) - _LONGEST - _EVERY * count
    planner = _Planner(project_id, fax_id_is_sid=fax_id_is_sid)
    sends = []
    for index, kind in zip(range(count), cycle(kinds), strict=False):
        rng = Random(f"{seed} send {index}")  # noqa: S311 - not for secrets
        fails = rng.random() < failing
        # A generator of its own, so that the same send without a contradiction stays the same.
        contradicts = Random(f"{seed} contradiction {index}").random() < contradict  # noqa: S311
        end: _End = "failed" if fails else "ended well"
        if contradicts:
            end = "contradicted"
        sends.append(planner.plan(kind, rng, first + _EVERY * index, end))
    return tuple(sends)


class _Planner:
    """Cycles through the cases of each kind and end, in their order."""

    def __init__(self, project_id: str, *, fax_id_is_sid: bool) -> None:
        self._project_id = project_id
        self._fax_id_is_sid = fax_id_is_sid
        self._texts = {kind: cycle(_TEXTS) for kind in SEND_KINDS}
        self._errors = cycle(fax_logs.FAX_ERROR_MESSAGES)
        self._methods = cycle(_FAX_METHODS)
        self._faxes: dict[_End, Iterator[FaxCase]] = {
            "ended well": cycle(lifecycles.fax_cases(failing=False)),
            "failed": cycle(lifecycles.fax_cases(failing=True)),
            "contradicted": cycle(lifecycles.contradicted_fax_cases()),
        }
        self._messages: dict[tuple[bool, _End], Iterator[MessageCase]] = {}
        for relay in (False, True):
            self._messages |= {
                (relay, "ended well"): cycle(lifecycles.message_cases(relay=relay, failing=False)),
                (relay, "failed"): cycle(lifecycles.message_cases(relay=relay, failing=True)),
                (relay, "contradicted"): cycle(lifecycles.contradicted_message_cases(relay=relay)),
            }

    def plan(self, kind: SendKind, rng: Random, created: datetime, end: _End) -> Send:
        """Plan the next send of a kind."""
        if kind == "fax":
            return self._fax(rng, created, end)
        return self._message(kind, rng, created, end)

    def _fax(self, rng: Random, created: datetime, end: _End) -> Send:
        case, contradicts = next(self._faxes[end]), end == "contradicted"
        error_message = next(self._errors) if case.failed or contradicts else None
        logged = error_message if case.failed else None
        log = fax_logs.fax_log(case, rng, created, self._project_id, logged)
        sid, method = resource_sid(log), next(self._methods)
        if self._fax_id_is_sid:
            log["id"] = sid
        told = _told("failed", fax_logs.FAX_ERROR_CODE, error_message) if contradicts else None

        def step(now: Log, word: str | None) -> Step:
            is_over = now["status"] == case.status
            if word is None:
                return Step(now, None)
            resource = told if is_over else None
            said, word = _contradicted(now, word, resource)
            callback = payloads.laml_fax(
                said, word, method, project_id=self._project_id, is_over=is_over
            )
            return Step(now, callback, resource)

        logs = _logs(log, lifecycles.fax_lifecycle(case))
        steps = tuple(step(now, word) for now, word in logs)
        return Send("fax", "fax", str(log["id"]), sid, steps, contradicts)

    def _message(self, kind: SendKind, rng: Random, created: datetime, end: _End) -> Send:
        case, contradicts = next(self._messages[kind == "message", end]), end == "contradicted"
        log = message_logs.message_log(case, rng, created, self._project_id)
        text, project_id, log_id = next(self._texts[kind]), self._project_id, str(log["id"])
        told = _told("undelivered", *message_logs.UNREACHABLE[case.relay]) if contradicts else None

        def callback(now: Log, word: str, at: datetime) -> Callback:
            if now["status"] == case.status:
                now, word = _contradicted(now, word, told)
            if case.relay:
                return payloads.relay_message(now, word, text, at, project_id=project_id)
            return payloads.laml_message(now, word, text, project_id=project_id)

        logs = _logs(log, lifecycles.message_lifecycle(case))
        steps = tuple(
            Step(now, None if word is None else callback(now, word, created + _STEP * index))
            for index, (now, word) in enumerate(logs)
        )
        return Send(kind, "message", log_id, log_id, steps, contradicts)


def _told(status: str, error_code: str, error_message: str | None) -> Log:
    """Return the end that contradicts a log."""
    return {"status": status, "error_code": error_code, "error_message": error_message}


def _contradicted(log: Log, word: str, told: Log | None) -> tuple[Log, str]:
    """Return the log and the word of a callback, with the end that contradicts them, if any."""
    return (log, word) if told is None else (log | told, str(told["status"]))


def _logs(final: Log, lifecycle: Lifecycle) -> Iterator[tuple[Log, str | None]]:
    """Yield the log at each status of its lifecycle, with the callback's word for it."""
    unknown = {
        name: None
        for name in ("error_code", "error_message", "number_of_pages", "remote_station")
        if name in final
    }
    for status, word in lifecycle[:-1]:
        # Only the last status has a result and a charge.
        yield final | unknown | {"status": status, "charge": 0, "charge_details": []}, word
    yield final, lifecycle[-1][1]
