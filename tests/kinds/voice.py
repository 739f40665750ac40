"""Voice logs: ``GET /api/voice/logs/{id}``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hooklog.logs.kind import CallbackFields, LogKind

if TYPE_CHECKING:
    from hooklog.logs.model import SignalWireLog

_FAILED = frozenset({"busy", "failed", "no-answer", "canceled"})
_TERMINAL = _FAILED | {"completed"}


def _model() -> type[SignalWireLog]:
    from hooklog.logs.model import Count, SignalWireLog

    class VoiceLog(SignalWireLog):
        """A voice log as the API returns it."""

        terminal = _TERMINAL
        failed = _FAILED
        counted = "duration"

        duration: Count | None = None

    return VoiceLog


VOICE = LogKind(
    name="voice",
    plural="calls",
    unit="second",
    path="/api/voice/logs",
    define_model=_model,
    progress={
        "queued": 0,
        "initiated": 1,
        "ringing": 2,
        "in-progress": 3,
        **dict.fromkeys(_TERMINAL, 4),
    },
    end=4,
    documented={
        "status": _TERMINAL | {"queued", "initiated", "ringing", "in-progress"},
        "direction": frozenset({"inbound", "outbound-api", "outbound-dial"}),
    },
    callbacks=(
        CallbackFields(
            content="form", log_id="CallSid", status="CallStatus", occurred_at="Timestamp"
        ),
    ),
    details=("duration",),
    colour="#7a5195",
)
