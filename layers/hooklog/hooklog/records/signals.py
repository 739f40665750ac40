"""What others than the fetched log tell of how a fax or message ended.

A fax log's status is that of the call: ``completed`` says that the call ended, not that the fax
arrived. How the fax ended, its callback and the fax resource tell. Signals can contradict the log,
and each other: one that reports a failure then counts, so that no order of arrival turns a reported
failure into a plain success. A row keeps the strongest signal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from hooklog.logs import LogKind
from hooklog.logs.model import FaxResource, names_error
from hooklog.queue_messages import STATUS, LogRequest

type Source = Literal["log", "callback", "fax"]

#: Begins the drift of a log that contradicts a signal.
CONTRADICTION = "contradiction:"
#: A signal of more weight replaces one of less; a fax resource has the text of an error.
_WEIGHTS: Mapping[Source, int] = {"log": 0, "callback": 1, "fax": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A fax's or message's own status.

    Attributes:
        by: who told: an earlier fetch of the log, a callback, or the fax resource.
        status: in the words of who told; empty if only an error was told.
        error_code: that came with it.
        error_message: that came with it.
        duration: of a fax, in seconds.

    """

    by: Source
    status: str
    error_code: str | None = None
    error_message: str | None = None
    duration: int | None = None

    @property
    def names_error(self) -> bool:
        """Whether it says what went wrong."""
        return names_error(self.error_code, self.error_message)

    @property
    def contradiction(self) -> str:
        """How a record's drift names that the log says something else."""
        return CONTRADICTION + self.by

    def is_failure(self, kind: LogKind) -> bool:
        """Return whether it reports a failure."""
        return failed(
            kind,
            self.status,
            self.error_code,
            self.error_message,
            is_end=self.by == "log" or self.status in kind.model.terminal,
        )

    def tells_end(self, kind: LogKind) -> bool:
        """Return whether it tells how the fax or message ended, not only its call."""
        is_end = self.status in kind.model.terminal and self.status not in kind.call_ends
        return is_end or self.is_failure(kind)


def failed(
    kind: LogKind, status: str, code: str | None, message: str | None, *, is_end: bool
) -> bool:
    """Return whether a status and an error report a failure; ``is_end`` if nothing follows.

    An undocumented status counts as failed if an error is named.
    """
    return status in kind.model.failed or (
        names_error(code, message) and (is_end or status not in kind.progress)
    )


def failure_of(
    kind: LogKind, status: str, code: str | None, message: str | None, *, is_end: bool
) -> Signal | None:
    """Return the failure that a log with this status and error shows, if it does."""
    if not failed(kind, status, code, message, is_end=is_end):
        return None
    return Signal(by="log", status=status, error_code=code, error_message=message)


def resource_signal(kind: LogKind, resource: FaxResource) -> Signal | None:
    """Return what a fax resource tells; None if it cannot tell."""
    signal = Signal(
        by="fax",
        status=resource.status,
        error_code=resource.error_code or None,
        error_message=resource.error_message or None,
        duration=resource.duration,
    )
    is_under_way = signal.status in kind.progress.keys() - kind.model.terminal
    return signal if is_under_way or signal.tells_end(kind) else None


@cache
def signal_names(log_type: str) -> Mapping[str, str]:
    """Map the fields of a signal to the attributes of a row: ``status`` to ``fax_status``."""
    fields = ("status", "error_code", "error_message", "duration")
    return {"by": "settled_by"} | {name: f"{log_type}_{name}" for name in fields}


def signal_values(log_type: str, signal: Signal | None) -> dict[str, str | int | None]:
    """Return the attributes of a row that keeps the signal; None means absent."""
    return {name: getattr(signal, field, None) for field, name in signal_names(log_type).items()}


def failure_code(log_type: str, attributes: Mapping[str, object]) -> str | None:
    """Return the error code that a row's log has, or else the one that others told of its end."""
    own, told = (attributes.get(name) for name in ("error_code", f"{log_type}_error_code"))
    code = own if names_error(None if own is None else str(own), None) else told or own
    return None if code is None else str(code)


def strongest(kind: LogKind, *signals: Signal | None) -> Signal | None:
    """Return the signal that counts, whatever the order; None if there is none."""

    def weight(signal: Signal) -> tuple[bool, bool, bool, int, str]:
        return (
            signal.is_failure(kind),
            signal.tells_end(kind),
            signal.names_error,
            _WEIGHTS[signal.by],
            # Of equals any will do, as long as it is always the same.
            repr(signal),
        )

    return max((signal for signal in signals if signal is not None), key=weight, default=None)


def announced(request: LogRequest) -> Signal | None:
    """Return the end that a message announces, where it can tell more than the log.

    That is a failure; and for a kind whose log shows only the end of its call, a success, too.
    """
    kind, status = request.kind, request.status or ""
    signal = Signal(
        by="callback",
        status=status if STATUS.fullmatch(status) else "",
        error_code=request.error_code,
    )
    is_wanted = signal.tells_end(kind) if kind.call_ends else signal.is_failure(kind)
    return signal if is_wanted else None
