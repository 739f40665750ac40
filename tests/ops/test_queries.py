"""`hooklog show`, `number` and `failures`, on seeded records."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hooklog.clock import utc_now
from hooklog.errors import BehindError, NotFoundError, UpstreamError
from hooklog.records.signals import Signal
from hooklog_ops.errors import NumberError
from hooklog_ops.fetching import FetchResult
from tests.builders import failed_fax, failed_message, fax_log, message_log
from tests.ops.conftest import Desk
from tests.ops.seeding import (
    alias,
    count_tries,
    log_id,
    park,
    sent_fax,
    sid,
    store,
    store_signal,
    store_with_alias,
)

NUMBER = "+14155550122"


def hours_ago(hours: float) -> str:
    """Return a time of creation as the API writes it."""
    return (utc_now() - timedelta(hours=hours)).isoformat()


def test_show_explains_a_failure(desk: Desk) -> None:
    """Outcome, cause and advice come first, then the values."""
    store(desk, failed_fax(id=log_id(1)))
    result = desk.hooklog("show", "fax", log_id(1).upper())
    assert result.exit_code == 0
    shown = result.output
    for text in ("failed", "What to do:", "Another try can help.", "+442079460958", "34004"):
        assert text in shown
    assert shown.index("The phone call ended") < shown.index("error_code")


def test_show_tells_both_signals(desk: Desk) -> None:
    """The log says that the call completed, a callback that the fax failed."""
    told = Signal(by="callback", status="failed", error_code="34004")
    store_signal(desk, fax_log(id=log_id(1)), told)
    shown = " ".join(desk.hooklog("show", "fax", log_id(1)).output.split())
    assert "failed, the log's status is completed" in shown
    assert "A callback told the fax's own status: failed (34004)." in shown
    assert "contradiction:callback" in shown


def test_show_explains_a_parked_message(desk: Desk) -> None:
    """A parked row without a record has a reason and advice, too."""
    park(desk, 1)
    shown = desk.hooklog("show", "fax", log_id(1)).output
    assert "parked" in shown
    assert "fetch.not_found" in shown
    assert f"What to do: {NotFoundError.operator}" in shown


def test_show_tells_of_a_log_that_is_not_stored_yet(desk: Desk) -> None:
    """With its tries by error, what to do about each, and not as raw values."""
    key = count_tries(desk, 1)
    count_tries(desk, 1, count=1, error=UpstreamError)
    result = desk.hooklog("show", "fax", log_id(1))
    assert result.exit_code == 0
    shown = " ".join(result.output.split())
    assert shown.startswith(key)
    assert "Not stored yet: 2 tries ended in fetch.not_found, the last at 4 May 2026" in shown
    assert ", and 1 in fetch.upstream at" in shown
    assert f"fetch.not_found: {NotFoundError.operator}" in shown
    assert "{" not in shown
    assert desk.json("show", "fax", log_id(1))["record"]["tries"]["fetch.not_found"]["count"] == 2


def test_show_tells_the_tries_of_a_stored_log(desk: Desk) -> None:
    """They came after it was stored."""
    store(desk, failed_fax(id=log_id(1)))
    count_tries(desk, 1, count=1, error=BehindError)
    shown = " ".join(desk.hooklog("show", "fax", log_id(1)).output.split())
    assert "The phone call ended" in shown
    assert "Since it was stored, 1 try ended in fetch.behind at 4 May 2026" in shown
    assert "{" not in shown


def test_show_tells_of_tries_under_the_sid(desk: Desk) -> None:
    """Also where nothing else is known of the log."""
    count_tries(desk, 1, name=sid(1))
    shown = " ".join(desk.hooklog("show", "fax", sid(1)).output.split())
    assert "Not stored yet: 2 tries" in shown
    alias(desk, 2)
    count_tries(desk, 2, name=sid(2))
    shown = " ".join(desk.hooklog("show", "fax", sid(2)).output.split())
    assert "There is no record of that log" in shown
    assert f"fax#{sid(2)}, its SID 2 tries ended in fetch.not_found" in shown


def test_show_compares_nothing_with_a_log_that_is_not_stored_yet(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row with nothing but tries is not the log."""
    monkeypatch.setattr("hooklog_ops.commands.show.fetch", lambda *_: FetchResult(log={}))
    count_tries(desk, 1)
    shown = desk.hooklog("show", "fax", log_id(1), "--fetch").output
    assert "SignalWire has this log, the table does not." in shown


def test_show_says_how_to_get_a_missing_record(desk: Desk) -> None:
    """SignalWire may have the log."""
    result = desk.hooklog("show", "fax", log_id(7))
    assert result.exit_code == 1
    assert f"hooklog enqueue fax {log_id(7)}" in str(result.exception)


def test_show_finds_a_fax_by_its_sid(desk: Desk) -> None:
    """It says which of the names was given; the JSON has both rows."""
    key, other = store_with_alias(desk, 1)
    shown = " ".join(desk.hooklog("show", "fax", sid(1).upper()).output.split())
    assert f"{other} is the SID of this fax; its log is {key}." in shown
    assert "The phone call ended" in shown
    assert "is the SID" not in desk.hooklog("show", "fax", log_id(1)).output
    for name in (log_id(1), sid(1)):
        answer = desk.json("show", "fax", name)
        assert (answer["record"]["pk"], answer["alias"]["alias_of"]) == (key, key)
        assert answer["alias"]["pk"] == other


def test_show_says_that_only_the_alias_is_left(desk: Desk) -> None:
    """The advice names the log's ID."""
    alias(desk, 1)
    result = desk.hooklog("show", "fax", sid(1))
    assert result.exit_code == 1
    told = str(result.exception)
    assert f"is the SID of a fax whose log is fax#{log_id(1)}, but there is no such record" in told
    assert f"hooklog enqueue fax {log_id(1)}" in told


def test_show_tells_of_a_message_that_is_parked_under_the_sid(desk: Desk) -> None:
    """By either name, with the log's own row if there is one."""
    park(desk, 1, name=sid(1))
    alias(desk, 1)
    shown = desk.hooklog("show", "fax", sid(1)).output
    assert "fetch.not_found" in shown
    assert "There is no record of that log" in shown
    store(desk, sent_fax(1))
    for name in (log_id(1), sid(1)):
        shown = desk.hooklog("show", "fax", name).output
        assert "The phone call ended" in shown
        assert f"fax#{sid(1)}, its SID" in shown
        assert "fetch.not_found" in shown


def test_show_asks_signalwire_for_the_logs_id(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """SignalWire knows no log by its SID."""
    asked: list[str] = []

    def answer(_: object, __: object, log_id: str, ___: object) -> FetchResult:
        asked.append(log_id)
        return FetchResult(error="fetch.not_found: none")

    monkeypatch.setattr("hooklog_ops.commands.show.fetch", answer)
    alias(desk, 1)
    assert desk.json("show", "fax", sid(1), "--fetch")["record"] is None
    told = " ".join(desk.hooklog("show", "fax", sid(2), "--fetch").output.split())
    assert f"`hooklog enqueue fax {sid(2)}`" in told
    assert asked == [log_id(1), sid(2)]


@pytest.mark.parametrize(
    "arguments", [("show", "fax", "7"), ("show", "letter", log_id(1)), ("enqueue", "fax", "../x")]
)
def test_arguments_that_name_no_log_are_refused(desk: Desk, arguments: tuple[str, ...]) -> None:
    """Before any request is made."""
    assert desk.hooklog(*arguments).exit_code == 2


def test_hostile_text_is_shown_as_text(desk: Desk) -> None:
    """A carrier's text is not markup."""
    store(desk, failed_message(id=log_id(1), error_message="[bold]x[/] [/]"))
    result = desk.hooklog("show", "message", log_id(1))
    assert result.exit_code == 0
    assert "[bold]x[/] [/]" in result.output


def test_number_shows_a_history_and_a_cursor(desk: Desk) -> None:
    """The newest comes first; a failure has its reason."""
    store(
        desk,
        *(message_log(id=log_id(number), created_at=hours_ago(number)) for number in (1, 2)),
        failed_message(id=log_id(3), created_at=hours_ago(3)),
    )
    shown = desk.hooklog("number", NUMBER, "--limit", "2").output
    assert shown.index(log_id(1)) < shown.index(log_id(2))
    cursor = desk.json("number", NUMBER, "--limit", "2")["cursor"]
    assert cursor in shown
    (last,) = desk.json("number", NUMBER, "--cursor", cursor)["items"]
    assert last["error_code"] == "30003"
    assert "30003" in desk.hooklog("number", NUMBER).output
    assert "Nothing is known" in desk.hooklog("number", "+10000000000").output


def test_failures_are_grouped_with_share_and_trend(desk: Desk) -> None:
    """The most frequent comes first; the trend compares with the period before."""
    store(
        desk,
        *(failed_message(id=log_id(number), created_at=hours_ago(1)) for number in range(3)),
        failed_fax(id=log_id(3), created_at=hours_ago(2)),
        failed_fax(id=log_id(4), created_at=hours_ago(30)),
        failed_fax(id=log_id(5), created_at=hours_ago(31)),
    )
    groups = desk.json("failures")
    told = [(one["code"], one["count"], one["share"], one["before"]) for one in groups]
    assert told == [("30003", 3, 0.75, 0), ("34004", 1, 0.25, 2)]
    assert groups[0]["log_types"] == {"message": 3}
    shown = desk.hooklog("failures").output
    assert "+3 compared with the period before" in shown
    assert "-1 compared with the period before" in shown
    assert "The carriers" in shown or "phone" in shown


def test_failures_can_be_narrowed(desk: Desk) -> None:
    """By code, category, type and period."""
    store(
        desk,
        failed_message(id=log_id(1), created_at=hours_ago(1)),
        failed_fax(id=log_id(2), created_at=hours_ago(1)),
    )

    def codes(*options: str) -> list[str]:
        return [one["code"] for one in desk.json("failures", *options)]

    assert codes("--code", "34004") == ["34004"]
    assert codes("--category", "destination") == ["30003"]
    assert codes("--type", "fax") == ["34004"]
    assert codes("--since", "30m") == []
    assert "Nothing failed" in desk.hooklog("failures", "--since", "30m").output
    assert desk.hooklog("failures", "--category", "weather").exit_code == 2


@pytest.mark.parametrize(
    "text", ["+1 (415) 555-0122", "0014155550122", "\u202a+1\u2011415\u2011555\u20110122\u202c"]
)
def test_a_number_is_read_as_people_write_it(desk: Desk, text: str) -> None:
    """With or without punctuation, and as it is copied from elsewhere."""
    store(desk, message_log(id=log_id(1), created_at=hours_ago(1)))
    (item,) = desk.json("number", text)["items"]
    assert item["to"] == NUMBER


def test_anything_but_a_number_is_refused(desk: Desk) -> None:
    """Otherwise an empty history would look like an answer."""
    assert isinstance(desk.hooklog("number", "nonsense").exception, NumberError)
