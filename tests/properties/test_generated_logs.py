"""Any answer for a log becomes a row, or a parked message with the answer."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooklog.errors import BadPayloadError
from local.space import Log, LogType
from tests.contract.schemas import GET_ONE, SPECIFIED, validator
from tests.properties.answers import Answer, answers
from tests.properties.one_message import ending
from tests.properties.openapi import logs
from tests.properties.profiles import examples

_VALIDATORS = {log_type: validator(log_type, GET_ONE[log_type]) for log_type in SPECIFIED}
#: Other spellings of ISO 8601 are accepted and not reported as drift.
_LENIENT = {"created_at"}


def departures(answer: Answer) -> set[str]:
    """Return the fields in which a JSON object departs from its document."""
    errors = _VALIDATORS[answer.log_type].iter_errors(json.loads(answer.text))
    return {str(error.absolute_path[0]) if error.absolute_path else "a name" for error in errors}


@pytest.mark.parametrize("log_type", SPECIFIED)
def test_every_valid_log_is_stored(log_type: LogType) -> None:
    """Every log that the document allows becomes a row with the same values and no drift."""

    @examples(1)
    @given(logs(log_type))
    def check(log: Log) -> None:
        end = ending(log_type, str(log["id"]), json.dumps(log))
        assert (end.is_returned, end.errors) == (False, [])
        assert end.item is not None
        assert not {"drift", "parked_at"} & end.item.keys()
        for name in ("status", "error_code", "error_message", "from", "to"):
            assert end.item.get(name) == log[name]
        assert end.item["charge"] == Decimal(str(log["charge"])).quantize(Decimal("0.000001"))

    check()


@pytest.mark.parametrize("log_type", SPECIFIED)
def test_every_other_answer_is_drift_or_parked(log_type: LogType) -> None:
    """Every other answer is stored with its drift, parked, or retried if it is not JSON."""

    @examples(2)
    @given(answers(log_type), st.sampled_from([0, BadPayloadError.max_attempts - 1]))
    def check(answer: Answer, earlier: int) -> None:
        end = ending(log_type, answer.log_id, answer.text, earlier=earlier)
        if end.is_returned:
            assert (earlier, end.errors) == (0, ["fetch.bad_payload"])
            return
        assert end.item is not None, "nothing is left of it"
        assert "tries" not in end.item
        if "parked_at" in end.item:
            assert "outcome" not in end.item
            if end.item["parked_code"] != "fetch.bad_payload":
                assert end.item["parked_code"] in {"log.invalid", "log.mismatch"}
                assert end.item["parked_payload"] == answer.text
        else:
            assert ("drift" in end.item) == bool(departures(answer) - _LENIENT)

    check()
