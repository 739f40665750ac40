"""Message logs (SMS, MMS, WhatsApp): ``GET /api/messaging/logs/{id}``."""

from __future__ import annotations

from pydantic import Field

from hooklog.logs.base import Count, LogKind, SignalWireLog

_FAILED = frozenset({"undelivered", "failed"})
_ENDED = _FAILED | {"delivered", "received"}


class MessageLog(SignalWireLog):
    """A message log as the API gives it; there is no body field."""

    terminal = _ENDED | {"read"}
    failed = _FAILED

    from_: str = Field(alias="from")
    to: str
    direction: str
    kind: str
    number_of_segments: Count

    @property
    def units(self) -> int | None:
        """Segments."""
        return self.number_of_segments

    @property
    def is_terminal(self) -> bool:
        """``sent`` is the last status of an MMS, and an intermediate one of all others."""
        return super().is_terminal or (self.kind == "mms" and self.status == "sent")


MESSAGE = LogKind(
    name="message",
    path="/api/messaging/logs",
    model=MessageLog,
    progress={
        "queued": 0,
        "initiated": 1,
        "sending": 1,
        "receiving": 1,
        "sent": 2,
        **dict.fromkeys(_ENDED, 3),
        "read": 4,
    },
    documented={
        "status": _ENDED | {"queued", "initiated", "sent"},
        "direction": frozenset(
            {"inbound", "outbound", "outbound-api", "outbound-call", "outbound-reply"}
        ),
        "kind": frozenset({"sms", "mms"}),
        "source": frozenset({"realtime_api", "laml"}),
        "type": frozenset({"relay_message", "laml_message"}),
    },
)
