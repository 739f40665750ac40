"""Fax logs: ``GET /api/fax/logs/{id}``. The status is that of the *call*."""

from __future__ import annotations

from hooklog.logs.base import Count, LogKind, SignalWireLog

# The fax callbacks speak of the fax (sending, delivered), the log of the call (in-progress,
# completed). Both vocabularies are understood everywhere.
_FAILED = frozenset({"busy", "failed", "no-answer", "canceled"})
_TERMINAL = _FAILED | {"completed", "delivered", "received"}


class FaxLog(SignalWireLog):
    """A fax log as the API gives it."""

    terminal = _TERMINAL
    failed = _FAILED

    url: str
    remote_station: str | None = None
    number_of_pages: Count | None = None
    quality: str | None = None

    @property
    def units(self) -> int | None:
        """Pages."""
        return self.number_of_pages


FAX = LogKind(
    name="fax",
    path="/api/fax/logs",
    model=FaxLog,
    progress={
        "queued": 0,
        "initiated": 1,
        "ringing": 2,
        "processing": 1,
        "in-progress": 3,
        "sending": 3,
        "receiving": 3,
        **dict.fromkeys(_TERMINAL, 4),
    },
    documented={
        "status": _FAILED | {"queued", "initiated", "ringing", "in-progress", "completed"},
        "direction": frozenset({"inbound", "outbound-api", "outbound-dial"}),
        "source": frozenset({"laml"}),
        "type": frozenset({"laml_call"}),
        "quality": frozenset({"fine", "standard", "superfine"}),
    },
    # 34004 says only that a fax failed; the text says why.
    texts_tell_more=True,
)
