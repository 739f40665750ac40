"""The messages by which an operator asks for logs, under either of their names."""

from __future__ import annotations

from hooklog.queue_messages import Origin, message_body
from hooklog_ops.queues import Message
from hooklog_ops.records import may_be_sid


def manual_request(name: str, log_key: str | None) -> Message:
    """Return the message that asks for a log.

    A name that the table does not know may be the log's ID or its SID. The message then names it as
    both, so that the enrich function first fetches the log with this ID, and otherwise searches the
    list for the SID.

    Args:
        name: key under the log's ID or its SID.
        log_key: of the log's row, if the table knows the name.

    """
    log_type, _, log_id = (log_key or name).partition("#")
    is_unclear = log_key is None and may_be_sid(name)
    return Message(
        body=message_body(
            log_type=log_type,
            log_id=log_id,
            resource_sid=log_id if is_unclear else None,
            origin=Origin.MANUAL,
        )
    )
