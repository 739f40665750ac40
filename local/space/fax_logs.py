"""Generated fax logs: each status, direction and quality, with and without errors.

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

OFFICIAL_FAX_ID = "b7182dc2-00f3-40e4-a5ce-20f164b329df"
"""The example log of SignalWire's specification, under its ID there."""

FAX_ERROR_CODE = "34004"
FAX_ERROR_MESSAGES = (
    "The call dropped prematurely",
    "Fax transmission not established",
    "Far end cannot receive at the resolution of the image",
    "Connection Failed",
    "Document loading error",
    "Received no response to DCS or TCF",
    "No response after sending a page",
    "Timed out waiting for initial communication",
    "Disconnected after permitted retries",
    "Document generation error",
    "Failed to train with any of the compatible modems",
    "Invalid ECM response received from receiver",
    "Log entry lost",
    "Received a DCN from remote after sending a page",
    "The HDLC carrier did not stop in a timely manner",
    "Unexpected DCM after EOM or MPS sequence",
    "Unexpected DCN while waiting for DCS DIS",
    "Unexpected message received",
)

_MINUTE = 1_000  # 0.01 dollars, in units of 0.00001
_MOST_PAGES = 9


@dataclass(frozen=True, slots=True)
class FaxCase:
    """One case of fax log.

    `pages` says whether pages were transmitted: they set the page count and the charge. A `failed`
    fax has the error code and the next of the error messages. `withheld` names the number that is
    null. An `unbilled` fax has a charge of 0, but charge details that are not 0.
    """

    status: str
    direction: str | None = "outbound-api"
    quality: str | None = "standard"
    pages: bool = False
    failed: bool = False
    withheld: Literal["from", "to"] | None = None
    remote_station: str | None = None
    has_remote_station: bool = True
    milliseconds: bool = False
    unbilled: bool = False


CASES = (
    FaxCase("completed", quality="fine", pages=True),
    FaxCase("completed", "inbound", pages=True, remote_station="fax.example.com"),
    # The call completed, but the fax failed.
    FaxCase("completed", pages=True, failed=True),
    FaxCase("failed", quality="fine", failed=True),
    FaxCase("failed", "outbound-dial", "superfine", failed=True),
    FaxCase("busy"),
    FaxCase("no-answer", failed=True),
    FaxCase("canceled", quality=None),
    FaxCase("queued", quality=None),
    FaxCase("initiated", "outbound-dial"),
    FaxCase("ringing", quality="fine"),
    FaxCase("in-progress", "inbound", milliseconds=True),
    FaxCase("completed", "inbound", "fine", pages=True, withheld="from"),
    FaxCase("failed", None, failed=True, withheld="to"),
    FaxCase("completed", None, "superfine", pages=True, unbilled=True),
    FaxCase("failed", failed=True, has_remote_station=False),
    FaxCase("failed", "inbound", pages=True, failed=True, milliseconds=True),
    # Words of the compatibility API, which older logs carry.
    FaxCase("delivered", "outbound", pages=True),
    FaxCase("received", "inbound", pages=True),
)


def official_fax_log() -> Log:
    """Return the example of the specification, which lacks the required `remote_station`."""
    account = OFFICIAL_FAX_ID  # The example has one ID for the log and the account.
    return {
        "id": OFFICIAL_FAX_ID,
        "from": "+12065551212",
        "to": "+12065553434",
        "status": "completed",
        "direction": "inbound",
        "source": "laml",
        "type": "laml_call",
        "url": values.laml_url(account, "Faxes", "c9a1d3e4-56f7-89ab-cdef-0123456789ab"),
        "charge": 0.01,
        "number_of_pages": 2,
        "quality": "fine",
        "charge_details": [],
        "created_at": "2024-05-06T12:20:00Z",
        "error_code": FAX_ERROR_CODE,
        "error_message": "The call dropped prematurely",
    }


def fax_logs(rng: Random, times: Sequence[datetime], project_id: str) -> Iterator[Log]:
    """Yield one log per creation time, case after case."""
    messages = cycle(FAX_ERROR_MESSAGES)
    for case, created in zip(cycle(CASES), times, strict=False):
        error_message = next(messages) if case.failed else None
        yield fax_log(case, rng, created, project_id, error_message)


def fax_log(
    case: FaxCase, rng: Random, created: datetime, project_id: str, error_message: str | None
) -> Log:
    """Return the log of one case; a failed one needs its error message."""
    pages = rng.randint(1, _MOST_PAGES) if case.pages else None
    way = "Inbound" if case.direction == "inbound" else "Outbound"
    items = [] if pages is None else [(f"{way} Fax Minutes", pages * _MINUTE)]
    billed = 0 if case.unbilled else sum(units for _, units in items)
    log: Log = {
        "id": values.random_id(rng),
        "from": values.phone_number(rng),
        "to": values.phone_number(rng),
        "status": case.status,
        "direction": case.direction,
        "source": "laml",
        "type": "laml_call",
        # The SID of a fax is not the ID of its log.
        "url": values.laml_url(project_id, "Faxes", values.random_id(rng)),
        "remote_station": case.remote_station,
        "charge": values.dollars(billed),
        "number_of_pages": pages,
        "quality": case.quality,
        "charge_details": values.charge_details(items),
        "created_at": values.timestamp(created, milliseconds=case.milliseconds),
        "error_code": FAX_ERROR_CODE if case.failed else None,
        "error_message": error_message,
    }
    if case.withheld is not None:
        log[case.withheld] = None
    if not case.has_remote_station:
        del log["remote_station"]
    return log
