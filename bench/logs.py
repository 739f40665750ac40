"""The logs of the measurements, and the SQS events that name them.

They are numbered: odd numbers are messages, even ones are faxes, and one in ten has failed. A log
follows from its number, which is the end of its ID, so the stub stores none.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from local.space.values import laml_url

_FAILED_MESSAGE_CODES = ("30003", "30005", "30006", "30007", "30008")
_FAILED_FAX_TEXTS = ("The call dropped prematurely", "No response after sending a page")
#: Each has the fictional numbers 555-0100 to 555-0199.
_AREA_CODES = (
    *(201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219),
    *(301, 302, 303, 304, 305, 307, 308, 309, 310, 312, 313, 314, 315, 316, 317, 318, 319),
    *(401, 402, 404, 405, 406, 407, 408, 409, 410, 412, 413, 414, 415, 417, 419, 501, 502),
)
#: Two of this many consecutive logs have failed: a fax and a message.
_CYCLE = 20
_FAILED = frozenset({8, 19})
_AGE_OF_MESSAGES = 60
_ACCOUNT = "5f1c1d0e-8a0b-4a55-9d43-0c6c6e1f2a3b"


def expected_outcomes(first: int, size: int) -> dict[str, str]:
    """Return the outcome of each row that a batch should leave, by key.

    Args:
        first: number of its first log.
        size: number of its logs.

    """
    return {
        f"{_log_type(number)}#{log_id(number)}": "failed" if _has_failed(number) else "succeeded"
        for number in range(first, first + size)
    }


def sqs_event(first: int, size: int) -> dict[str, object]:
    """Return an SQS event that names `size` logs, from the number `first` on."""
    sent = str((round(time.time()) - _AGE_OF_MESSAGES) * 1000)
    return {
        "Records": [
            {
                "messageId": log_id(number),
                "receiptHandle": f"handle-{number}",
                "body": json.dumps(_callback(number)),
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": sent,
                    "SenderId": "AIDAEXAMPLE",
                    "ApproximateFirstReceiveTimestamp": sent,
                },
                "messageAttributes": {},
                "md5OfBody": "00000000000000000000000000000000",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:bench",
                "awsRegion": "us-east-1",
            }
            for number in range(first, first + size)
        ]
    }


def response_body(path: str) -> bytes:
    """Return the body of the API's response to a GET of a log."""
    return json.dumps(_log(int(path.rpartition("-")[2], 16))).encode()


def page_body(path: str, query: Mapping[str, str], listed: int) -> bytes:
    """Return the body of the API's response to a GET of a list.

    Args:
        path: of the list, which names the kind of log.
        query: of the request; the number of the first page may be missing.
        listed: number of logs of all kinds, from the first one on.

    """
    size, page = int(query["page_size"]), int(query.get("page_number", 0))
    numbers = range(0 if "fax" in path else 1, listed, 2)
    logs = [_log(number) for number in numbers[page * size : (page + 1) * size]]
    links = {}
    if len(numbers) > (page + 1) * size:
        following = f"page_number={page + 1}&page_size={size}&page_token=PA{page + 1}"
        links["next"] = f"https://example.signalwire.com{path}?{following}"
    return json.dumps({"links": links, "data": logs}).encode()


def log_id(number: int) -> str:
    """Return a log's ID, in the form of a UUID 4."""
    return f"00000000-0000-4000-8000-{number:012x}"


def _callback(number: int) -> dict[str, str]:
    """Return the message that the last callback of a log becomes; it tells how a fax ended."""
    ends = ("failed", "delivered") if _log_type(number) == "fax" else ("undelivered", "delivered")
    return {
        "log_type": _log_type(number),
        "log_id": log_id(number),
        "status": ends[0] if _has_failed(number) else ends[1],
    }


def _log(number: int) -> dict[str, object]:
    return _message(number) if number % 2 else _fax(number)


def _log_type(number: int) -> str:
    return "message" if number % 2 else "fax"


def _has_failed(number: int) -> bool:
    return number % _CYCLE in _FAILED


def _fax(number: int) -> dict[str, object]:
    text = _FAILED_FAX_TEXTS[number // _CYCLE % len(_FAILED_FAX_TEXTS)]
    failed = _has_failed(number)
    return {
        "id": log_id(number),
        "from": "+12025550143",
        "to": _recipient(number),
        "status": "completed",
        "direction": "outbound-api",
        "source": "laml",
        "type": "laml_call",
        "url": laml_url(_ACCOUNT, "Faxes", log_id(number + 1)),
        "remote_station": None,
        "charge": 0.02,
        "number_of_pages": 2,
        "quality": "standard",
        "charge_details": [{"description": "Outbound Fax Minutes", "charge": 0.02}],
        "created_at": "2026-05-04T11:59:30Z",
        "error_code": "34004" if failed else None,
        "error_message": text if failed else None,
    }


def _message(number: int) -> dict[str, object]:
    code = _FAILED_MESSAGE_CODES[number // _CYCLE % len(_FAILED_MESSAGE_CODES)]
    failed = _has_failed(number)
    return {
        "id": log_id(number),
        "from": "+12025550143",
        "to": _recipient(number),
        "status": "undelivered" if failed else "delivered",
        "direction": "outbound-api",
        "kind": "sms",
        "source": "laml",
        "type": "laml_message",
        "url": laml_url(_ACCOUNT, "Messages", log_id(number)),
        "number_of_segments": 1,
        "charge": 0.00415,
        "charge_details": [{"description": "Outbound SMS", "charge": 0.00415}],
        "created_at": "2026-05-04T11:59:30Z",
        "error_message": "Not delivered" if failed else None,
        "error_code": code if failed else None,
    }


def _recipient(number: int) -> str:
    """Return a log's phone number; there are more of them than hooklog caches."""
    area = _AREA_CODES[number // 100 % len(_AREA_CODES)]
    return f"+1{area}55501{number % 100:02d}"
