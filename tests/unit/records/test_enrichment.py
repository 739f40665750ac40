"""Facts derived from a log: outcome, explanation, both ends, ids, money and time."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooklog.catalogue import CATALOGUE, Catalogue
from hooklog.logs import FAX, MESSAGE
from hooklog.records.enrichment import enrich
from hooklog.records.numbers import Party
from local.space.fax_logs import FAX_ERROR_MESSAGES, official_fax_log
from local.space.message_logs import official_message_log
from tests.builders import (
    FAX_ID,
    FAX_SID,
    FETCHED_AT,
    MESSAGE_ID,
    PROJECT_ID,
    SENT_AT,
    failed_fax,
    failed_message,
    fax_log,
    message_log,
    record,
)

if TYPE_CHECKING:
    from pathlib import Path

    from local.space import Json, Log

DROPPED = "fax:the-call-dropped-prematurely"
NEW: Log = {"status": "brand-new"}


def explained(log: Log) -> str:
    """Return the key of a failed log's explanation."""
    found = record(log)
    assert found.outcome == "failed"
    assert found.explanation is not None
    return found.explanation.key


# --- outcome ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("log", "outcome"),
    [
        (fax_log(), "succeeded"),
        (fax_log(status="delivered"), "succeeded"),
        (fax_log(status="received"), "succeeded"),
        (fax_log(error_message="OK"), "succeeded"),
        (fax_log(error_code=" ", error_message=""), "succeeded"),
        (failed_fax(), "failed"),
        (failed_fax(error_message=None), "failed"),
        (failed_fax(error_code=None), "failed"),
        (failed_fax(status="received"), "failed"),
        (fax_log(status="busy"), "failed"),
        (fax_log(status="no-answer"), "failed"),
        (fax_log(status="canceled"), "failed"),
        (fax_log(status="failed"), "failed"),
        (fax_log(status="failed", error_message="OK"), "failed"),
        (fax_log(status="queued"), "in_progress"),
        (fax_log(status="in-progress"), "in_progress"),
        (failed_fax(status="in-progress"), "in_progress"),
        (failed_fax(status="sending"), "in_progress"),
        (fax_log(**NEW), "in_progress"),
        (failed_fax(**NEW), "failed"),
        (message_log(), "succeeded"),
        (message_log(status="received"), "succeeded"),
        (message_log(status="read", kind="whatsapp"), "succeeded"),
        (message_log(status="sent", kind="mms"), "succeeded"),
        (message_log(status="sent"), "in_progress"),
        (message_log(status="queued"), "in_progress"),
        (message_log(**NEW), "in_progress"),
        (failed_message(), "failed"),
        (message_log(status="failed"), "failed"),
        (message_log(status="undelivered"), "failed"),
        (failed_message(status="delivered"), "failed"),
        (failed_message(status="sent"), "in_progress"),
        (failed_message(status="sent", kind="mms"), "failed"),
        (failed_message(**NEW), "failed"),
        (failed_message(**NEW, error_code=None), "failed"),
        (official_fax_log(), "failed"),
        (official_message_log(), "failed"),
    ],
)
def test_outcome(log: Log, outcome: str) -> None:
    """A log failed if its status or, at its end, its error says so; "completed" proves nothing."""
    assert record(log).outcome == outcome


# --- explanation --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("log", "key"),
    [
        (failed_fax(), DROPPED),
        (failed_fax(error_code=None), DROPPED),
        (failed_fax(error_code="99999"), DROPPED),
        (failed_fax(error_message="THE CALL DROPPED, PREMATURELY."), DROPPED),
        (failed_fax(error_message=None), "34004"),
        (failed_fax(error_message="Something else"), "34004"),
        (failed_fax(error_code=None, error_message="Something else"), "unknown"),
        (failed_fax(error_code="99999", error_message=None), "unknown"),
        (failed_fax(status="busy", error_code="99999", error_message=None), "unknown"),
        (fax_log(status="busy"), "status:busy"),
        (fax_log(status="failed", error_message="OK"), "status:failed"),
        (failed_fax(**NEW), DROPPED),
        (failed_message(), "30003"),
        (failed_message(error_code=" Carrier_Violation "), "carrier_violation"),
        (failed_message(error_message="The call dropped prematurely"), "30003"),
        (
            failed_message(error_code=None, error_message="The call dropped prematurely"),
            "unknown",
        ),
        (failed_message(error_code="99999"), "unknown"),
        (failed_message(error_code=None, error_message=None), "status:undelivered"),
        (message_log(status="failed"), "status:failed"),
        (official_fax_log(), DROPPED),
        (official_message_log(), "21601"),
    ],
)
def test_explanation(log: Log, key: str) -> None:
    """A fax is explained by its text before its code, a message by its code, else by status."""
    assert explained(log) == key


@pytest.mark.parametrize("text", FAX_ERROR_MESSAGES)
def test_documented_fax_texts_are_explained(text: str) -> None:
    """Each text that SignalWire documents for a failed fax has its own explanation."""
    assert explained(failed_fax(error_message=text)).startswith("fax:")


@pytest.mark.parametrize("log", [fax_log(), fax_log(status="queued"), failed_fax(status="ringing")])
def test_only_failures_are_explained(log: Log) -> None:
    """Only a failed log has an explanation."""
    assert record(log).explanation is None


def test_only_failures_read_the_catalogue(tmp_path: Path) -> None:
    """A log that did not fail does not load the catalogue."""
    absent = Catalogue(tmp_path / "absent.json")
    log = MESSAGE.model.model_validate(message_log())
    found = enrich(MESSAGE, log, catalogue=absent, sent_at=SENT_AT, fetched_at=FETCHED_AT)
    assert found.outcome == "succeeded"
    log = MESSAGE.model.model_validate(failed_message())
    with pytest.raises(FileNotFoundError):
        enrich(MESSAGE, log, catalogue=absent, sent_at=SENT_AT, fetched_at=FETCHED_AT)


# --- both ends ----------------------------------------------------------------------------------


def test_ends() -> None:
    """Sender and recipient are told apart, each with country and type."""
    found = record(fax_log())
    assert found.sender == Party("US", "fixed_line_or_mobile")
    assert found.recipient == Party("GB", "fixed_line")


@pytest.mark.parametrize("value", [None, ""])
def test_withheld_ends(value: str | None) -> None:
    """An end that the log does not name is not classified."""
    found = record(fax_log(**{"from": value, "to": value}))
    assert found.sender is None
    assert found.recipient is None


# --- ids ----------------------------------------------------------------------------------------


def test_ids_of_the_resource() -> None:
    """A url of the documented form yields the ids of the account and the LaML resource."""
    found = record(fax_log())
    assert (found.account_id, found.resource_sid) == (PROJECT_ID, FAX_SID)


def test_ids_of_the_official_message() -> None:
    """The specification's message yields the two ids of its url."""
    found = record(official_message_log())
    assert found.account_id == "c38dacad-2f6c-4de1-93d6-cc732e0c70c5"
    assert found.resource_sid == "9ee38635-899a-490a-bfd1-9e72f5eea53c"


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "https://example.signalwire.com/api/laml/2010-04-01/Accounts/a/Messages",
        "https://example.signalwire.com/api/laml/2010-04-01/Accounts/a/Messages/b/Media",
        "https://example.signalwire.com/api/laml/2010-04-01/Accounts/a/Messages/b?page=1",
        "https://example.signalwire.com/api/messaging/logs/b",
        "/api/laml/2010-04-01/Accounts/a/Messages/b",
        "nonsense",
    ],
)
def test_urls_of_another_form(url: str | None) -> None:
    """A url of another form, or none, yields no id."""
    found = record(message_log(url=url))
    assert (found.account_id, found.resource_sid) == (None, None)


def test_key_is_in_lower_case() -> None:
    """The key consists of the log's kind and id, in lower case however the API writes the id."""
    assert record(fax_log(id=FAX_ID.upper())).key == f"fax#{FAX_ID}"
    assert record(message_log()).key == f"message#{MESSAGE_ID}"


# --- money --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("charge", "units", "unit_charge"),
    [
        (0.02, 2, "0.01"),
        (0.01, 3, "0.003333"),
        (0.02, 3, "0.006667"),
        (0, 4, "0"),
        (0.02, 0, None),
        (0.02, None, None),
    ],
)
def test_charge_of_a_page(charge: float, units: int | None, unit_charge: str | None) -> None:
    """A page costs its share of the charge, to six places; without pages there is no share."""
    found = record(fax_log(charge=charge, number_of_pages=units)).unit_charge
    assert found == (None if unit_charge is None else Decimal(unit_charge))


def test_charge_of_a_segment() -> None:
    """A segment costs its share of a message's charge."""
    found = record(message_log(charge=0.01245, number_of_segments=3))
    assert found.unit_charge == Decimal("0.00415")


@pytest.mark.parametrize(
    ("charge", "details", "gap"),
    [
        (0.02, [0.02], "0"),
        (0.3, [0.1, 0.2], "0"),
        (0.02, [], "0.02"),
        (0.01, [0.015], "-0.005"),
    ],
)
def test_charge_gap(charge: float, details: list[float], gap: str) -> None:
    """The gap is exactly the charge minus the sum of its details."""
    items: list[Json] = [
        {"description": "Outbound Fax Minutes", "charge": part} for part in details
    ]
    assert record(fax_log(charge=charge, charge_details=items)).charge_gap == Decimal(gap)


def test_charge_gap_of_the_official_message() -> None:
    """The specification's message has no charge but details that sum to 0.00415."""
    assert record(official_message_log()).charge_gap == Decimal("-0.00415")


# --- time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lag", "milliseconds"),
    [
        (timedelta(seconds=7, milliseconds=250), 7250),
        (timedelta(microseconds=1600), 2),
        (timedelta(0), 0),
        (timedelta(seconds=-1), 0),
    ],
)
def test_lag(lag: timedelta, milliseconds: int) -> None:
    """The lag is the time from event to fetch, and never negative, whatever the clocks say."""
    assert record(fax_log(), sent_at=SENT_AT, fetched_at=SENT_AT + lag).lag_ms == milliseconds


# --- the whole ----------------------------------------------------------------------------------


def test_drift_comes_along() -> None:
    """A record names its log's departures from the specification and keeps unknown fields."""
    found = record(fax_log(quality="ultra", ecm={"on": True}))
    assert found.drift == ("field:ecm", "value:quality")
    assert found.unknown_fields == '{"ecm":{"on":true}}'
    assert record(fax_log()).unknown_fields is None


@given(
    st.fixed_dictionaries(
        {
            "status": st.sampled_from([*FAX.progress, "brand-new"]),
            "error_code": st.none() | st.text(),
            "error_message": st.none() | st.text() | st.sampled_from(FAX_ERROR_MESSAGES),
            "charge": st.floats(-1000, 1000),
            "number_of_pages": st.none() | st.integers(-(2**31) + 1, 2**31 - 1),
            "from": st.none() | st.text(),
            "url": st.text(),
        }
    ),
)
def test_any_valid_log_is_enriched(changes: Log) -> None:
    """Every valid log gets one outcome, and an explanation only if it failed."""
    found = record(fax_log(**changes))
    assert found.outcome in {"succeeded", "failed", "in_progress"}
    assert (found.explanation is not None) == (found.outcome == "failed")


@pytest.mark.parametrize("log", [fax_log(), failed_fax(), message_log(), official_message_log()])
def test_same_arguments_give_the_same_record(log: Log) -> None:
    """Enrichment depends only on its arguments and does not change them."""
    kind = MESSAGE if "kind" in log else FAX
    valid = kind.model.model_validate(log)
    before = valid.model_copy(deep=True)
    first, second = (
        enrich(kind, valid, catalogue=CATALOGUE, sent_at=SENT_AT, fetched_at=FETCHED_AT)
        for _ in range(2)
    )
    assert first == second
    assert valid == before
