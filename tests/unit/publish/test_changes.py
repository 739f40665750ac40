"""Which changes of the table are told."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from hooklog.errors import NotFoundError
from hooklog.publish.changes import Wanted, is_news, told
from hooklog.records.parking import Park
from hooklog.records.recording import StoreAlias
from hooklog.records.rows import Row
from tests.builders import FETCHED_AT, failed_fax, failed_message, fax_log, message_log, record
from tests.publishing import change, row

IN_PROGRESS = row(fax_log(status="in-progress"))
SUCCEEDED = row(fax_log())
FAILED = row(failed_fax())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, IN_PROGRESS),
        (None, FAILED),
        (IN_PROGRESS, FAILED),
        (IN_PROGRESS, SUCCEEDED),
        (SUCCEEDED, FAILED),
        (FAILED, SUCCEEDED),
        (FAILED, row(failed_fax(error_code="34005"))),
        (row(failed_message()), row(failed_message(error_code="30005"))),
    ],
)
def test_another_outcome_or_code_is_news(
    before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    """A log's first outcome, another one, and a failure with another code are told."""
    assert is_news(change(before, after), Wanted.ALL)


@pytest.mark.parametrize("item", [IN_PROGRESS, SUCCEEDED, FAILED])
def test_a_repeated_fetch_is_no_news(item: dict[str, Any]) -> None:
    """The same outcome again, with another version, charge and time, tells nothing."""
    again = item | {"version": 2, "charge": 1, "fetched_at": "2026-05-05T00:00:00.000Z"}
    assert not is_news(change(item, again), Wanted.ALL)


def test_another_code_of_a_success_is_no_news() -> None:
    """Codes such as FreeSWITCH's 0 say nothing where nothing failed."""
    assert not is_news(change(row(fax_log()), row(fax_log(error_code="0"))), Wanted.ALL)


def test_a_parking_is_no_news() -> None:
    """Neither a parked message without a log, nor one in a log's row, nor the end of a parking."""
    park = Park(key="fax#1", error=NotFoundError(), body="{}", attempts=5, at=FETCHED_AT)
    write = park.plan(None)
    assert write is not None
    parked = {"pk": "fax#1", "version": 1, **write.values}
    assert not is_news(change(None, parked), Wanted.ALL)
    assert not is_news(change(FAILED, FAILED | dict(write.values)), Wanted.ALL)
    assert not is_news(change(FAILED | dict(write.values), FAILED), Wanted.ALL)


def test_an_alias_is_no_news() -> None:
    """The row under a fax's SID has no outcome."""
    alias = StoreAlias(record(fax_log()))
    write = alias.plan(None)
    assert write is not None
    assert not is_news(change(None, {"pk": alias.key, **write.values}), Wanted.ALL)


def test_an_erasure_is_no_news() -> None:
    """An erased row has no outcome, and neither has one that is gone."""
    erased = {"pk": FAILED["pk"], "version": 2, "erased_at": "2026-05-05T00:00:00.000Z"}
    assert not is_news(change(FAILED, erased), Wanted.ALL)
    assert not is_news(change(FAILED, None), Wanted.ALL)


@pytest.mark.parametrize("key", ["sweep#fax", "pace#signalwire", "parked#1", "letter#1", ""])
def test_other_rows_tell_nothing(key: str) -> None:
    """Only rows of a log are told, whatever attributes others have."""
    assert told(key, FAILED) is None


def test_the_end_that_others_told_has_its_code() -> None:
    """Where a fax's log names no error, the code of the callback or the fax resource counts."""
    own = failed_fax(error_code=None, error_message=None)
    item = row(own, outcome="failed", settled_by="fax", fax_status="failed", fax_error_code="3")
    found = told(item["pk"], item)
    assert found is not None
    assert (found.outcome, found.error_code) == ("failed", "3")


def test_a_code_that_arrives_later_is_news() -> None:
    """The first callback of a failure may come before the one that says why."""
    bare = row(failed_message(error_code=None))
    assert is_news(change(bare, row(failed_message())), Wanted.ALL)


def test_a_text_that_arrives_later_is_news() -> None:
    """A fax's code says little; its text explains the failure, and whether another try can help."""
    bare = row(failed_fax(error_message=None))
    full = row(failed_fax())
    assert bare["error_code"] == full["error_code"]
    assert bare["explanation"] != full["explanation"]
    assert is_news(change(bare, full), Wanted.FAILURES)
    assert not is_news(change(full, full | {"version": 2}), Wanted.FAILURES)


OUTCOMES = {None: None, "in_progress": IN_PROGRESS, "succeeded": SUCCEEDED, "failed": FAILED}
#: The changes that are told, by what the deployment wants.
TOLD: dict[Wanted, set[tuple[str | None, str]]] = {
    Wanted.FAILURES: {
        *((None, "failed"), ("in_progress", "failed"), ("succeeded", "failed")),
        *(("failed", "in_progress"), ("failed", "succeeded")),
    },
    Wanted.ENDS: {
        *((None, "failed"), ("in_progress", "failed"), ("succeeded", "failed")),
        *((None, "succeeded"), ("in_progress", "succeeded"), ("failed", "succeeded")),
        *(("failed", "in_progress"), ("succeeded", "in_progress")),
    },
    Wanted.ALL: {
        (before, after)
        for before, after in itertools.product(OUTCOMES, ("in_progress", "succeeded", "failed"))
        if before != after
    },
}


@pytest.mark.parametrize("wanted", Wanted)
def test_only_what_is_wanted_is_told_and_its_correction(wanted: Wanted) -> None:
    """A change is told if the outcome before or after it is wanted."""
    found = {
        (before, after)
        for before, after in itertools.product(OUTCOMES, OUTCOMES)
        if is_news(change(OUTCOMES[before], OUTCOMES[after], FAILED["pk"]), wanted)
    }
    assert found == TOLD[wanted]


def test_a_message_behind_its_callback_is_told_once() -> None:
    """The failure that a callback adds to a stored log is news; the log's own later is not."""
    stored = row(message_log(status="sent"))
    later = row(failed_message(), version=3, settled_by="log")
    assert is_news(change(stored, later), Wanted.FAILURES)
    fetched = later | {"version": 4, "fetched_at": str(FETCHED_AT + timedelta(hours=1))}
    assert not is_news(change(later, fetched), Wanted.FAILURES)
    assert Row.of(later["pk"], later, names=frozenset(later)).outcome == "failed"
