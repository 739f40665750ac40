"""Fax logs: ``GET /api/fax/logs/{id}``. The status is that of the *call*."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hooklog.logs.kind import CallbackFields, LogKind

if TYPE_CHECKING:
    from hooklog.logs.model import SignalWireLog

# Fax callbacks speak of the fax (sending, delivered), the log of the call (in-progress,
# completed). Both vocabularies are understood everywhere.
_FAILED = frozenset({"busy", "failed", "no-answer", "canceled"})
_TERMINAL = _FAILED | {"completed", "delivered", "received"}


def _model() -> type[SignalWireLog]:
    from hooklog.logs.model import Count, SignalWireLog

    class FaxLog(SignalWireLog):
        """A fax log as the API returns it."""

        terminal = _TERMINAL
        failed = _FAILED
        counted = "number_of_pages"

        url: str
        remote_station: str | None = None
        number_of_pages: Count | None = None
        quality: str | None = None

    return FaxLog


FAX = LogKind(
    name="fax",
    plural="faxes",
    unit="page",
    path="/api/fax/logs",
    define_model=_model,
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
    end=4,
    documented={
        "status": _FAILED | {"queued", "initiated", "ringing", "in-progress", "completed"},
        "direction": frozenset({"inbound", "outbound-api", "outbound-dial"}),
        "source": frozenset({"laml"}),
        "type": frozenset({"laml_call"}),
        "quality": frozenset({"fine", "standard", "superfine"}),
    },
    # The SID of a fax is not its log's ID.
    callbacks=(
        CallbackFields(
            content="form",
            resource_sid="FaxSid",
            status="FaxStatus",
            error_code="ErrorCode",
            occurred_at="Timestamp",
        ),
    ),
    details=("number_of_pages", "quality", "remote_station"),
    colour="#33658a",
    # 34004 says only that a fax failed; the text says why.
    texts_tell_more=True,
    call_ends=frozenset({"completed"}),
    resource_path="/api/laml/2010-04-01/Accounts/{account_id}/Faxes/{sid}",
)
