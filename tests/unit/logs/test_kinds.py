"""The kinds of log: models, order of statuses, and SignalWire's specification."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hooklog.logs import FAX, KINDS, MESSAGE, LogKind
from hooklog.logs.model import SignalWireLog
from local.space.fax_logs import official_fax_log
from local.space.message_logs import official_message_log
from tests.builders import FAX_ID, failed_fax, fax_log, message_log, without
from tests.contract.schemas import members, properties

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.space import Json, Log, LogType

BOTH: list[LogType] = ["fax", "message"]

#: The statuses of callbacks by SignalWire's documentation; logs use other words for some.
CALLBACK_WORDS = {
    "fax": {"queued", "processing", "sending", "delivered", "receiving", "received", "no-answer",
            "busy", "failed", "canceled"},
    "message": {"queued", "initiated", "sending", "sent", "delivered", "receiving", "received",
                "undelivered", "failed", "read"},
}  # fmt: skip


def read(log: Log, kind: LogKind = FAX) -> SignalWireLog:
    """Validate a log's JSON text, as the pipeline does."""
    return kind.model.read(json.loads(json.dumps(log)))


def usual(log_type: LogType, **changes: Json) -> Log:
    """Return an ordinary log of either type."""
    return fax_log(**changes) if log_type == "fax" else message_log(**changes)


def branches(schema: Log) -> list[Log]:
    """Return the alternatives of a schema, or the schema itself."""
    found = members(schema, "anyOf") or [schema]
    return [branch for branch in found if isinstance(branch, dict)]


def enums(log_type: LogType) -> dict[str, set[str]]:
    """Return the values that the specification lists, by field."""
    return {
        name: {str(value) for value in members(branch, "enum")}
        for name, schema in properties(log_type).items()
        for branch in branches(schema)
        if "enum" in branch
    }


def nullable(log_type: LogType) -> set[str]:
    """Name the fields that may be null by the specification."""
    return {
        name
        for name, schema in properties(log_type).items()
        if {"type": "null"} in branches(schema)
    }


# --- the registry -------------------------------------------------------------------------------


def test_kinds_are_found_by_name() -> None:
    """The registry finds each kind under the name that its keys carry."""
    assert dict(KINDS) == {"fax": FAX, "message": MESSAGE}
    assert [KINDS[name].key("x") for name in KINDS] == ["fax#x", "message#x"]


def test_registry_cannot_be_changed() -> None:
    """The registry of kinds is read-only."""
    with pytest.raises(TypeError):
        KINDS["voice"] = FAX  # type: ignore[index]


# --- the specification --------------------------------------------------------------------------


@pytest.mark.parametrize("log_type", BOTH)
def test_documented_values_are_the_specification_s(log_type: LogType) -> None:
    """The documented values are exactly those that SignalWire's specification lists."""
    known = {name: set(values) for name, values in KINDS[log_type].documented.items()}
    assert known == enums(log_type)


@pytest.mark.parametrize("log_type", BOTH)
def test_models_name_the_specification_s_fields(log_type: LogType) -> None:
    """Each model has the fields of the specification under the names they have there."""
    names = {info.alias or name for name, info in KINDS[log_type].model.model_fields.items()}
    assert names >= set(properties(log_type))


@pytest.mark.parametrize("log_type", BOTH)
def test_nullable_fields_may_be_null_or_missing(log_type: LogType) -> None:
    """A field that may be null by the specification may also be missing."""
    for name in nullable(log_type):
        read(usual(log_type, **{name: None}), KINDS[log_type])
        read(without(usual(log_type), name), KINDS[log_type])


@pytest.mark.parametrize("log_type", BOTH)
def test_other_fields_are_required(log_type: LogType) -> None:
    """A log without a required value is refused."""
    kind = KINDS[log_type]
    for name in set(properties(log_type)) - nullable(log_type) - kind.model.promised:
        for broken in (usual(log_type, **{name: None}), without(usual(log_type), name)):
            with pytest.raises(ValidationError) as caught:
                read(broken, KINDS[log_type])
            assert {error["loc"][0] for error in caught.value.errors()} == {name}


def test_official_fax_validates() -> None:
    """The specification's own fax log can be read, although it lacks a required field."""
    log = read(official_fax_log())
    assert (log.status, log.error_code, log.units) == ("completed", "34004", 2)
    assert log.has_error
    assert FAX.drift(log) == ["missing:remote_station"]


def test_official_message_validates() -> None:
    """The specification's own message log can be read and keeps to the specification."""
    log = read(official_message_log(), MESSAGE)
    assert (log.status, log.error_code, log.units) == ("failed", "21601", 1)
    assert log.has_error
    assert MESSAGE.drift(log) == []


# --- values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-06T12:20:00Z", datetime(2024, 5, 6, 12, 20, tzinfo=UTC)),
        ("2024-05-06T12:20:00.123Z", datetime(2024, 5, 6, 12, 20, 0, 123000, UTC)),
        ("2024-05-06T14:20:00+02:00", datetime(2024, 5, 6, 12, 20, tzinfo=UTC)),
        ("2024-05-06T12:20:00", datetime(2024, 5, 6, 12, 20, tzinfo=UTC)),
        ("2024-05-06 12:20:00.5", datetime(2024, 5, 6, 12, 20, 0, 500000, UTC)),
    ],
    ids=["seconds", "milliseconds", "offset", "naive", "naive_fraction"],
)
def test_times_are_utc(text: str, moment: datetime) -> None:
    """Any time becomes one in UTC with its fraction; a naive one is UTC already."""
    created_at = read(fax_log(created_at=text)).created_at
    assert (created_at, created_at.tzinfo) == (moment, UTC)


def test_naive_times_do_not_depend_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time without a zone is in UTC wherever hooklog runs."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "America/New_York")
        time.tzset()
        log = read(fax_log(created_at="2024-05-06T12:20:00"))
    time.tzset()
    assert log.created_at == datetime(2024, 5, 6, 12, 20, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_times_beyond_the_calendar_are_refused(text: str) -> None:
    """A time that UTC cannot express is refused."""
    with pytest.raises(ValidationError):
        read(fax_log(created_at=text))


@pytest.mark.parametrize("charge", ["0.00415", "0.01", "0", "0.1", "12.34567", "-0.5"])
def test_charges_are_exact(charge: str) -> None:
    """A charge is the decimal number that the JSON text shows, not a binary neighbour."""
    text = json.dumps(message_log()).replace("0.00415", charge)
    log = MESSAGE.model.read(json.loads(text))
    assert log.charge_details is not None
    assert log.charge == log.charge_details[0].charge == Decimal(charge)


@given(st.decimals(min_value=0, max_value=9999, places=5))
def test_any_charge_of_five_places_is_exact(charge: Decimal) -> None:
    """No charge of SignalWire's precision is rounded on its way through JSON."""
    log = read(fax_log(charge=float(charge)))
    assert log.charge == charge


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", 5),
        ("status", None),
        ("status", 1),
        ("charge", "free"),
        ("charge", "NaN"),
        ("charge", "1e10"),
        ("charge", [0.1]),
        ("charge_details", {}),
        ("charge_details", [{"description": "Outbound Fax Minutes"}]),
        ("charge_details", [{"description": 1, "charge": 1}]),
        ("charge", "1e-2"),
        ("charge", " 0.02"),
        ("charge", "$0.02"),
        ("charge", True),
        ("created_at", "yesterday"),
        ("created_at", 1714997000),
        ("created_at", "1714997000"),
        ("created_at", "20260504"),
        ("number_of_pages", "two"),
        ("number_of_pages", "+2"),
        ("number_of_pages", "2.5"),
        ("number_of_pages", True),
        ("number_of_pages", 1.5),
        ("number_of_pages", 2**31),
        ("number_of_pages", 10**39),
        ("error_code", 3.5),
        ("error_code", True),
        ("from", 12025550143),
        ("url", 1),
    ],
)
def test_wrong_types_are_refused(name: str, value: Json) -> None:
    """A value of a wrong type makes a log unusable, and the refusal names the field."""
    with pytest.raises(ValidationError) as caught:
        read(fax_log(**{name: value}))
    assert {error["loc"][0] for error in caught.value.errors()} == {name}


@pytest.mark.parametrize("name", ["to", "direction", "kind"])
def test_messages_promise_more(name: str) -> None:
    """A message always has a recipient, a direction and a kind."""
    with pytest.raises(ValidationError):
        read(message_log(**{name: None}), MESSAGE)


def test_a_numeric_error_code_is_its_digits() -> None:
    """A numeric error code is read as its digits, and counts as drift from the documented text."""
    log = read(failed_fax(error_code=34004))
    assert log.error_code == "34004"
    assert FAX.drift(log) == ["type:error_code"]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("charge", "-0.00750", Decimal("-0.0075")), ("number_of_pages", "2", 2)],
)
def test_a_plain_number_may_be_a_text(name: str, text: str, value: object) -> None:
    """Numbers may come as texts, as in SignalWire's fax resource; that counts as drift."""
    log = read(fax_log(**{name: text}))
    assert getattr(log, name) == value
    assert f"type:{name}" in FAX.drift(log)


def test_a_date_may_have_the_form_of_mail() -> None:
    """A date in the form of RFC 2822, as in the compatibility API, is read and counts as drift."""
    log = read(fax_log(created_at="Mon, 06 May 2024 14:20:00 +0200"))
    assert log.created_at == datetime(2024, 5, 6, 12, 20, tzinfo=UTC)
    assert FAX.drift(log) == ["type:created_at"]


def test_a_message_may_lack_its_sender() -> None:
    """A message without a sender, which a messaging service sets late, counts as drift."""
    assert MESSAGE.drift(read(message_log(**{"from": None}), MESSAGE)) == ["type:from"]


@pytest.mark.parametrize("code", ["0", 0, " 0 ", "000"])
@pytest.mark.parametrize("text", ["OK", "ok", "", None])
def test_freeswitchs_result_0_is_no_error(code: Json, text: Json) -> None:
    """FreeSWITCH's code and text of success are not an error."""
    assert not read(fax_log(error_code=code, error_message=text)).has_error
    assert read(fax_log(error_code=code, error_message="No carrier")).has_error


@pytest.mark.parametrize("name", ["charge", "charge_details", "number_of_segments"])
def test_a_promised_value_may_be_null(name: str) -> None:
    """A log whose promised value is null or missing is read, and counts as drift."""
    log = read(message_log(**{name: None}), MESSAGE)
    assert getattr(log, name) is None
    assert MESSAGE.drift(log) == [f"type:{name}"]
    assert MESSAGE.drift(read(without(message_log(), name), MESSAGE)) == [f"missing:{name}"]


def test_binary_noise_is_rounded_away() -> None:
    """Charges are rounded, so that the noise of binary floating point disappears."""
    items: Json = [{"description": "a", "charge": 0.1}, {"description": "b", "charge": 0.2}]
    log = read(fax_log(charge=0.30000000000000004, charge_details=items))
    assert str(log.charge) == "0.3"
    assert str(read(fax_log(charge=20)).charge) == "20"
    assert FAX.drift(log) == []


@pytest.mark.parametrize("charge", [0, -0.0, -1e-9, "-0.00"])
def test_a_charge_of_nothing_has_no_sign(charge: Json) -> None:
    """A charge of zero, or of less than can be charged, is stored as a plain zero."""
    assert str(read(fax_log(charge=charge)).charge) == "0"


@pytest.mark.parametrize("text", ["Bad \ud83d", "\ude00 Bad", "\ud83d\ud83d", "é \udfff"])
def test_half_of_a_surrogate_pair_is_replaced(text: str) -> None:
    """Half of a surrogate pair becomes U+FFFD, and counts as drift."""
    log = read(failed_fax(error_message=text, colour=[text, {text: text}]))
    assert "\ufffd" in str(log.error_message)
    assert "\ufffd" in str(log.unknown_fields["colour"])
    json.dumps(log.unknown_fields, ensure_ascii=False).encode()
    assert FAX.drift(log) == ["field:colour", "text:colour", "text:error_message"]


def test_whole_characters_stay() -> None:
    """A whole emoji stays as it is and is not drift."""
    log = read(failed_fax(error_message="Bad \U0001f600 é"))
    assert log.error_message == "Bad \U0001f600 é"
    assert FAX.drift(log) == []


@pytest.mark.parametrize(
    "wrap", [lambda inner: [inner], lambda inner: {"a": inner}], ids=["lists", "objects"]
)
def test_deep_nesting_is_refused(wrap: Callable[[Json], Json]) -> None:
    """A field may have 200 levels; one of more could be too deep to be written as JSON."""
    deep: Json = None
    for _ in range(200):
        deep = wrap(deep)
    assert read(fax_log(colour=deep)).unknown_fields == {"colour": deep}
    with pytest.raises(ValueError, match="nested too deeply"):
        read(fax_log(colour=wrap(deep)))


def test_logs_do_not_change() -> None:
    """Logs are immutable."""
    with pytest.raises(ValidationError):
        read(fax_log()).status = "failed"  # type: ignore[misc]


# --- statuses -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_ranks_cover_both_vocabularies(kind: LogKind) -> None:
    """Each status of the log API and of the callbacks has a rank."""
    assert set(kind.progress) >= kind.documented["status"] | CALLBACK_WORDS[kind.name]
    assert set(kind.progress) >= kind.model.terminal


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_ends_rank_highest(kind: LogKind) -> None:
    """Every status that ends a log ranks above every other status."""
    ends = kind.model.terminal
    assert min(kind.progress[end] for end in ends) == kind.end
    assert kind.end > max(rank for status, rank in kind.progress.items() if status not in ends)
    assert kind.model.failed < ends
    assert {status for status in kind.progress if not kind.goes_on(status)} == ends


@pytest.mark.parametrize(
    ("log_type", "status", "announced", "behind"),
    [
        ("fax", "queued", "ringing", True),
        ("fax", "ringing", "queued", False),
        ("fax", "in-progress", "sending", False),
        ("fax", "sending", "in-progress", False),
        ("fax", "in-progress", "delivered", True),
        ("fax", "completed", "delivered", False),
        ("fax", "completed", "failed", False),
        ("fax", "completed", "sending", False),
        ("fax", "queued", None, False),
        ("fax", "queued", "a new word", False),
        ("fax", "a new word", "delivered", False),
        ("message", "queued", "sent", True),
        ("message", "initiated", "sending", False),
        ("message", "sent", "delivered", True),
        ("message", "delivered", "sent", False),
        ("message", "delivered", "read", True),
        ("message", "read", "delivered", False),
        ("message", "undelivered", "delivered", False),
        ("message", "queued", "completed", False),
    ],
)
def test_is_behind(log_type: str, status: str, announced: str | None, *, behind: bool) -> None:
    """A log is behind a status of more progress; an unknown status stands for no progress."""
    assert KINDS[log_type].is_behind(status, announced) is behind


@given(st.sampled_from(list(KINDS.values())), st.text(), st.none() | st.text())
def test_nothing_is_behind_itself(kind: LogKind, status: str, announced: str | None) -> None:
    """No two statuses are each behind the other, and none is behind itself."""
    words = [status, *kind.progress]
    assert not any(kind.is_behind(word, word) for word in words)
    assert not any(
        kind.is_behind(word, announced) and kind.is_behind(announced or "", word) for word in words
    )


@pytest.mark.parametrize(
    ("log", "terminal"),
    [
        *((fax_log(status=word), False) for word in ("queued", "initiated", "ringing")),
        *((fax_log(status=word), False) for word in ("in-progress", "sending", "sent")),
        *((fax_log(status=word), True) for word in ("busy", "failed", "no-answer", "canceled")),
        *((fax_log(status=word), True) for word in ("completed", "delivered", "received")),
        *((message_log(status=word), False) for word in ("queued", "initiated", "sent", "new")),
        *((message_log(status=word), True) for word in ("delivered", "received", "read")),
        *((message_log(status=word), True) for word in ("undelivered", "failed")),
        (message_log(status="sent", kind="mms"), True),
        (message_log(status="sent", kind="whatsapp"), False),
        (message_log(status="queued", kind="mms"), False),
    ],
)
def test_terminal(log: Log, *, terminal: bool) -> None:
    """The documented last statuses end a log; an MMS also ends as sent."""
    assert read(log, MESSAGE if "kind" in log else FAX).is_terminal is terminal


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (None, None, False),
        ("", "", False),
        (" ", "\n", False),
        (None, "OK", False),
        (None, " ok ", False),
        ("34004", None, True),
        (None, "Log entry lost", True),
        ("34004", "OK", True),
        ("X", None, True),
    ],
)
def test_has_error(code: str | None, message: str | None, *, expected: bool) -> None:
    """A log names an error by code or by text; blanks and the fax result "OK" are none."""
    assert read(fax_log(error_code=code, error_message=message)).has_error is expected


# --- drift --------------------------------------------------------------------------------------


@pytest.mark.parametrize("log_type", BOTH)
def test_specified_logs_do_not_drift(log_type: LogType) -> None:
    """A log that follows the specification has no drift, whichever documented values it has."""
    kind = KINDS[log_type]
    for name, values in enums(log_type).items():
        for value in values:
            assert kind.drift(read(usual(log_type, **{name: value}), kind)) == []


@pytest.mark.parametrize("log_type", BOTH)
def test_missing_fields_are_drift(log_type: LogType) -> None:
    """A missing nullable field is drift; a null one is not."""
    kind = KINDS[log_type]
    for name in nullable(log_type):
        assert kind.drift(read(without(usual(log_type), name), kind)) == [f"missing:{name}"]
        assert kind.drift(read(usual(log_type, **{name: None}), kind)) == []


@pytest.mark.parametrize("log_type", BOTH)
def test_unknown_values_are_drift(log_type: LogType) -> None:
    """A value outside an enumeration is accepted, and its field is drift."""
    kind = KINDS[log_type]
    for name in enums(log_type):
        log = read(usual(log_type, **{name: "brand-new"}), kind)
        assert kind.drift(log) == [f"value:{name}"]


def test_unknown_fields_are_drift() -> None:
    """A field outside the specification is kept with its value, and is drift."""
    log = read(fax_log(ecm=True, stations=["a", {"b": 1}]))
    assert FAX.drift(log) == ["field:ecm", "field:stations"]
    assert log.unknown_fields == {"ecm": True, "stations": ["a", {"b": 1}]}


def test_a_url_that_is_none_is_drift() -> None:
    """A ``url`` that is not a URL is kept as it is, and is drift."""
    assert FAX.drift(read(fax_log(url="Faxes/1"))) == ["value:url"]
    assert FAX.drift(read(fax_log(url="https://example.com/Faxes/1"))) == []


def test_drift_is_sorted() -> None:
    """Drift lists all departures in sorted order."""
    log = read(without(failed_fax(quality="ultra", status="sent", zone="x", ages=1), "to", "from"))
    assert FAX.drift(log) == [
        "field:ages",
        "field:zone",
        "missing:from",
        "missing:to",
        "value:quality",
        "value:status",
    ]


def test_no_unknown_fields() -> None:
    """A log that follows the specification has no unknown fields."""
    log = read(fax_log())
    assert log.unknown_fields == {}
    assert log.id == FAX_ID
