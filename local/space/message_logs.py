"""Generated message logs: each status, direction and kind, from Relay and from LaML.

The cases repeat in a fixed order. Only values that do not affect coverage are random.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Literal

from local.space import values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from random import Random

    from local.space.model import Log

OFFICIAL_MESSAGE_ID = "9ee38635-899a-490a-bfd1-9e72f5eea53c"
"""The example log of SignalWire's specification.

Its ID there is invalid; this one is the SID in the `url` of the same example.
"""

Address = Literal["phone", "short code", "whatsapp"]

_SEGMENT = 415  # 0.00415 dollars, in units of 0.00001
_SURCHARGE = 300


@dataclass(frozen=True, slots=True)
class MessageCase:
    """One case of message log.

    A `relay` message has no `url`; any other is LaML. `service` is the kind of address of our own
    side: the sender of an outbound message, the receiver of an inbound one.
    """

    status: str
    direction: str = "outbound-api"
    kind: str = "sms"
    relay: bool = False
    service: Address = "phone"
    segments: int = 1
    error_code: str | None = None
    error_message: str | None = None
    milliseconds: bool = False


def _relay(
    status: str, error_code: str | None = None, error_message: str | None = None, kind: str = "sms"
) -> MessageCase:
    return MessageCase(
        status, "outbound", kind, relay=True, error_code=error_code, error_message=error_message
    )


def _laml(status: str, error_code: str, error_message: str, kind: str = "sms") -> MessageCase:
    return MessageCase(status, kind=kind, error_code=error_code, error_message=error_message)


CASES = (
    MessageCase("delivered"),
    _relay("delivered"),
    MessageCase("received", "inbound"),
    MessageCase("received", "inbound", "mms", relay=True),
    MessageCase("queued"),
    _relay("initiated"),
    MessageCase("sent", kind="mms"),
    _relay("sent"),
    _laml("undelivered", "30003", "Handset not reachable"),
    _laml("undelivered", "30005", "Handset unknown"),
    _laml("undelivered", "30007", "Flagged by the carrier"),
    _laml("failed", "21610", "Recipient has opted out"),
    _laml("failed", "30022", "Campaign rate limit reached"),
    _relay("undelivered", "carrier_violation", "Flagged as spam by the carrier"),
    _relay("failed", "message_filtered", "Stopped by the spam filter"),
    # A failure with a text but no code.
    _relay("failed", None, "Number is not able to receive messages"),
    MessageCase("delivered", "outbound-call"),
    MessageCase("delivered", "outbound-reply", segments=3),
    MessageCase("delivered", service="short code"),
    MessageCase("received", "inbound", service="short code"),
    # Kinds and statuses that the specification does not list.
    MessageCase("delivered", "outbound", "whatsapp", relay=True, service="whatsapp"),
    MessageCase("read", "outbound", "whatsapp", relay=True, service="whatsapp"),
    _relay("failed", "mms_expired_rejected_failed_or_unsupported", "MMS not accepted", "mms"),
    _laml("undelivered", "30011", "MMS not accepted", "mms"),
    MessageCase("delivered", segments=2, milliseconds=True),
    _laml("failed", "30008", "Unknown error upstream"),
    _laml("undelivered", "30006", "No route to the handset"),
    _relay("failed", "invalid_to_number", "Destination is not a valid number"),
    _relay("undelivered", "unreachable_destination_handset", "Handset not reachable"),
)


UNREACHABLE = {
    True: ("unreachable_destination_handset", "Handset not reachable"),
    False: ("30003", "Handset not reachable"),
}
"""The code and the text of an unreachable handset, of Relay (true) and of LaML."""


def official_message_log() -> Log:
    """Return the example of the specification, including its contradictions.

    It is a Relay message from LaML, inbound and failed, and its charge is 0 although its details
    are not.
    """
    account = "c38dacad-2f6c-4de1-93d6-cc732e0c70c5"
    return {
        "id": OFFICIAL_MESSAGE_ID,
        "from": "+12077447397",
        "to": "+12029921413",
        "status": "failed",
        "direction": "inbound",
        "kind": "sms",
        "source": "laml",
        "type": "relay_message",
        "url": values.laml_url(account, "Messages", OFFICIAL_MESSAGE_ID),
        "number_of_segments": 1,
        "charge": 0,
        "charge_details": values.charge_details([("Inbound SMS", _SEGMENT)]),
        "created_at": "2024-05-06T12:20:00Z",
        "error_message": "From number is not a SMS-capable phone number.",
        "error_code": "21601",
    }


def message_logs(rng: Random, times: Sequence[datetime], project_id: str) -> Iterator[Log]:
    """Yield one log per creation time, case after case."""
    for case, created in zip(cycle(CASES), times, strict=False):
        yield message_log(case, rng, created, project_id)


def message_log(case: MessageCase, rng: Random, created: datetime, project_id: str) -> Log:
    """Return the log of one case."""
    log_id = values.random_id(rng)
    inbound = case.direction == "inbound"
    ours, theirs = _service_address(case.service, rng), values.phone_number(rng)
    if case.service == "whatsapp":
        theirs = f"whatsapp:{theirs}"
    items = _bill(case, inbound=inbound)
    return {
        "id": log_id,
        "from": theirs if inbound else ours,
        "to": ours if inbound else theirs,
        "status": case.status,
        "direction": case.direction,
        "kind": case.kind,
        "source": "realtime_api" if case.relay else "laml",
        "type": "relay_message" if case.relay else "laml_message",
        # The SID of a LaML message is the ID of its log.
        "url": None if case.relay else values.laml_url(project_id, "Messages", log_id),
        "number_of_segments": case.segments,
        "charge": values.dollars(sum(units for _, units in items)),
        "charge_details": values.charge_details(items),
        "created_at": values.timestamp(created, milliseconds=case.milliseconds),
        "error_message": case.error_message,
        "error_code": case.error_code,
    }


def _service_address(service: Address, rng: Random) -> str:
    if service == "short code":
        return f"555{rng.randrange(100):02d}"
    number = values.phone_number(rng)
    return f"whatsapp:{number}" if service == "whatsapp" else number


def _bill(case: MessageCase, *, inbound: bool) -> list[values.Item]:
    if case.status in {"queued", "initiated"}:
        return []
    way = "Inbound" if inbound else "Outbound"
    items = [(f"{way} {case.kind.upper()}", case.segments * _SEGMENT)]
    if not inbound and case.status == "delivered":
        items.append(("Carrier Surcharge", case.segments * _SURCHARGE))
    return items
