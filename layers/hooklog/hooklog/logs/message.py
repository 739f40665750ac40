"""Message logs (SMS, MMS, WhatsApp): ``GET /api/messaging/logs/{id}``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hooklog.logs.kind import CallbackFields, LogKind

if TYPE_CHECKING:
    from hooklog.logs.model import SignalWireLog

_FAILED = frozenset({"undelivered", "failed"})
_ENDED = _FAILED | {"delivered", "received"}


def _model() -> type[SignalWireLog]:
    from pydantic import Field

    from hooklog.logs.model import Count, SignalWireLog

    class MessageLog(SignalWireLog):
        """A message log as the API returns it; there is no body field."""

        terminal = _ENDED | {"read"}
        failed = _FAILED
        counted = "number_of_segments"
        # A messaging service chooses the sender only when it sends.
        promised = SignalWireLog.promised | {"number_of_segments", "from"}

        from_: str | None = Field(default=None, alias="from")
        to: str
        direction: str
        kind: str
        number_of_segments: Count | None = None

        @property
        def is_terminal(self) -> bool:
            """``sent`` is the last status of an MMS, and an intermediate one of all others."""
            return super().is_terminal or (self.kind == "mms" and self.status == "sent")

    return MessageLog


MESSAGE = LogKind(
    name="message",
    plural="messages",
    unit="segment",
    path="/api/messaging/logs",
    define_model=_model,
    progress={
        "queued": 0,
        "initiated": 1,
        "sending": 1,
        "receiving": 1,
        "sent": 2,
        **dict.fromkeys(_ENDED, 3),
        "read": 4,
    },
    end=3,
    documented={
        "status": _ENDED | {"queued", "initiated", "sent"},
        "direction": frozenset(
            {"inbound", "outbound", "outbound-api", "outbound-call", "outbound-reply"}
        ),
        "kind": frozenset({"sms", "mms"}),
        "source": frozenset({"realtime_api", "laml"}),
        "type": frozenset({"relay_message", "laml_message"}),
    },
    callbacks=(
        # Relay and REST.
        CallbackFields(
            content="json",
            log_id="id",
            status="status",
            error_code="error_code",
            occurred_at="timestamp",
        ),
        # LaML: the SID of a message is its log's ID.
        CallbackFields(
            content="form",
            log_id="MessageSid",
            status="MessageStatus",
            error_code="ErrorCode",
            occurred_at="Timestamp",
        ),
    ),
    details=("kind", "number_of_segments"),
    colour="#86bbd8",
)
