"""Planned sends: the statuses of each fax or message, its log at each one, and the callbacks.

`callbacks` carries the plan out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from itertools import cycle
from random import Random
from typing import TYPE_CHECKING

from local.space import fax_logs, lifecycles, message_logs, payloads
from local.space.generation import PROJECT_ID
from local.space.model import resource_sid
from local.space.payloads import SEND_KINDS, Callback, Method, SendKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from local.space.lifecycles import Lifecycle
    from local.space.model import Log, LogType

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
    """One status of a send: the log as the API then shows it, and the callback, if any."""

    log: Log
    callback: Callback | None


@dataclass(frozen=True, slots=True)
class Send:
    """One fax or message, from its first status to its last.

    `sid` identifies it in callbacks. For messages that is the `log_id`.
    """

    kind: SendKind
    log_type: LogType
    log_id: str
    sid: str
    steps: tuple[Step, ...]

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
) -> tuple[Send, ...]:
    """Plan this many sends, one per second, all of which end before `now`, an aware time.

    The kinds alternate. `failing` is the share that fails, with and without errors. The log of a
    fax has an ID of its own, or with `fax_id_is_sid` its FaxSid; nothing else depends on that.
    Raises ValueError for a naive time, a negative count, no kinds, or a share outside 0 to 1.
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware time")
    if count < 0:
        raise ValueError(f"the count must not be negative: {count}")
    if not kinds:
        raise ValueError("there must be at least one kind")
    if not 0 <= failing <= 1:
        raise ValueError(f"failing must be a share from 0 to 1, not {failing}")
    first = now.astimezone(UTC) - _LONGEST - _EVERY * count
    planner = _Planner(project_id, fax_id_is_sid=fax_id_is_sid)
    sends = []
    for index, kind in zip(range(count), cycle(kinds), strict=False):
        rng = Random(f"{seed} send {index}")  # noqa: S311 - not for secrets
        fails = rng.random() < failing
        sends.append(planner.plan(kind, rng, first + _EVERY * index, failing=fails))
    return tuple(sends)


class _Planner:
    """Cycles through the cases of each kind, failing and not, in their order."""

    def __init__(self, project_id: str, *, fax_id_is_sid: bool) -> None:
        self._project_id = project_id
        self._fax_id_is_sid = fax_id_is_sid
        self._texts = {kind: cycle(_TEXTS) for kind in SEND_KINDS}
        self._errors = cycle(fax_logs.FAX_ERROR_MESSAGES)
        self._methods = cycle(_FAX_METHODS)
        self._faxes = {
            failing: cycle(lifecycles.fax_cases(failing=failing)) for failing in (False, True)
        }
        self._messages = {
            (relay, failing): cycle(lifecycles.message_cases(relay=relay, failing=failing))
            for relay in (False, True)
            for failing in (False, True)
        }

    def plan(self, kind: SendKind, rng: Random, created: datetime, *, failing: bool) -> Send:
        """Plan the next send of a kind."""
        if kind == "fax":
            return self._fax(rng, created, failing=failing)
        return self._message(kind, rng, created, failing=failing)

    def _fax(self, rng: Random, created: datetime, *, failing: bool) -> Send:
        case = next(self._faxes[failing])
        error_message = next(self._errors) if case.failed else None
        log = fax_logs.fax_log(case, rng, created, self._project_id, error_message)
        sid, method = resource_sid(log), next(self._methods)
        if self._fax_id_is_sid:
            log["id"] = sid

        def callback(now: Log, word: str) -> Callback:
            is_over = now["status"] == case.status
            return payloads.laml_fax(
                now, word, method, project_id=self._project_id, is_over=is_over
            )

        steps = tuple(
            Step(now, None if word is None else callback(now, word))
            for now, word in _logs(log, lifecycles.fax_lifecycle(case))
        )
        return Send("fax", "fax", str(log["id"]), sid, steps)

    def _message(self, kind: SendKind, rng: Random, created: datetime, *, failing: bool) -> Send:
        case = next(self._messages[kind == "message", failing])
        log = message_logs.message_log(case, rng, created, self._project_id)
        text, project_id, log_id = next(self._texts[kind]), self._project_id, str(log["id"])

        def callback(now: Log, word: str, at: datetime) -> Callback:
            if case.relay:
                return payloads.relay_message(now, word, text, at, project_id=project_id)
            return payloads.laml_message(now, word, text, project_id=project_id)

        logs = _logs(log, lifecycles.message_lifecycle(case))
        steps = tuple(
            Step(now, None if word is None else callback(now, word, created + _STEP * index))
            for index, (now, word) in enumerate(logs)
        )
        return Send(kind, "message", log_id, log_id, steps)


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
