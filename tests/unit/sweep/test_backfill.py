"""A backfill walks through a period of the past, and says how to go on."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from hooklog.clock import iso
from hooklog.errors import BackfillError, HistoryLimitError, RejectedError, StoreUnavailableError
from hooklog.logs import FAX, MESSAGE, LogKind
from hooklog.sweep.backfill import BackfillRequest, backfill, summarize
from hooklog.sweep.comparison import Verdict
from hooklog.sweep.walk import Checkpoint, WalkResult
from tests.builders import FAX_ID, MESSAGE_ID
from tests.unit.sweep.harness import Harness, entry

#: SignalWire's lists name their next pages so, and a request takes no other.
LIST_PAGE = "/api/fax/logs?page_token=PA"
EVENT = {"from": "2026-01-01", "to": "2026-02-01T12:00:00+02:00", "log_type": "fax"}


def run(
    harness: Harness, time_left: float = 900, **more: object
) -> tuple[dict[str, object], list[float]]:
    """Run a backfill; return its summary and its pauses in seconds."""
    request = BackfillRequest.read({**EVENT, **more})
    _, summary = backfill(harness.walker, request, lambda: time_left)
    return dict(summary), harness.slept


def test_a_backfill_compares_its_period(harness: Harness) -> None:
    """A backfill enqueues with its own origin, at the requested rate."""
    harness.lists.pages = {"fax": [[entry()]]}
    summary, slept = run(harness, messages_per_second=4)
    assert summary == {
        "found": {"fax": {"missing": 1}},
        "stored": 0,
        "enqueued": 1,
        "complete": True,
    }
    assert harness.producer.sent == [{"log_type": "fax", "log_id": FAX_ID, "origin": "backfill"}]
    assert slept == [0.25]
    assert harness.lists.asked[0][1].isoformat() == "2025-12-31T23:59:59.999000+00:00"
    assert harness.lists.asked[0][2].isoformat() == "2026-02-01T10:00:00+00:00"


def test_a_dry_run_only_counts(harness: Harness) -> None:
    """A dry run stores nothing, enqueues nothing and does not wait."""
    harness.lists.pages = {"fax": [[entry(), entry(MESSAGE_ID, status="delivered")]]}
    summary, slept = run(harness, dry_run=True)
    assert summary == {
        "found": {"fax": {"missing": 2}},
        "stored": 0,
        "enqueued": 0,
        "complete": True,
    }
    assert (harness.producer.sent, slept, harness.table.items) == ([], [], {})


def test_a_dry_run_goes_on_as_one(harness: Harness) -> None:
    """Whoever feeds its next event back has still changed nothing."""
    summary, _ = run(harness, time_left=1, dry_run=True)
    assert isinstance(summary["next_event"], dict)
    assert summary["next_event"]["dry_run"] is True


def test_a_summary_adds_up_what_all_walks_did() -> None:
    """It is complete if all of them are."""
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    ended, under_way = Checkpoint(end, end), Checkpoint(begin, end)

    def walk(kind: LogKind, checkpoint: Checkpoint) -> WalkResult:
        found = Counter({Verdict.MISSING: 2, Verdict.PRESENT: 0})
        return WalkResult(
            kind=kind, goal=end, checkpoint=checkpoint, found=found, stored=1, enqueued=3
        )

    assert summarize([walk(FAX, ended), walk(FAX, ended), walk(MESSAGE, under_way)]) == {
        "found": {"fax": {"missing": 4}, "message": {"missing": 2}},
        "stored": 3,
        "enqueued": 9,
        "complete": False,
    }
    assert summarize([walk(FAX, ended)])["complete"] is True


def test_a_backfill_says_what_it_stored(harness: Harness) -> None:
    """Of what is missing, most is stored from the page, and the rest goes on the queue."""
    harness.lists.pages = {"fax": [[entry(), entry(MESSAGE_ID, status="delivered")]]}
    summary, _ = run(harness)
    assert (summary["stored"], summary["enqueued"]) == (1, 1)


def test_a_backfill_out_of_time_says_how_to_go_on(harness: Harness) -> None:
    """A backfill out of time returns the event that continues it."""
    harness.lists.pages = {"fax": [[entry()]]}
    summary, _ = run(harness, time_left=1)
    assert summary["complete"] is False
    assert summary["next_event"] == {
        "from": "2026-01-01T00:00:00.000Z",
        "to": "2026-02-01T10:00:00.000Z",
        "log_type": "fax",
        "dry_run": False,
        "messages_per_second": 20,
        "page": None,
        "page_to": "2026-02-01T10:00:00.000Z",
    }
    next_event = summary["next_event"]
    assert isinstance(next_event, dict)
    assert BackfillRequest.read(next_event).page is None


def test_a_backfill_fed_back_its_next_event_reaches_the_end(harness: Harness) -> None:
    """Each next event goes on at the page where its backfill stopped, and none begins again."""
    harness.lists.pages = {"fax": [[entry()], [entry(MESSAGE_ID)], [entry()]]}
    event: object = dict(EVENT)
    pages = []
    for _ in range(3):
        assert isinstance(event, dict)
        harness.lists.asked.clear()
        harness.lists.errors = [None, StoreUnavailableError()]
        _, summary = backfill(harness.walker, BackfillRequest.read(event), lambda: 900)
        pages.append(harness.lists.asked[0][3])
        event = summary.get("next_event")
        if isinstance(event, dict) and event["page"] is not None:
            event["page"] = LIST_PAGE + str(event["page"])
    assert (pages, event) == ([None, LIST_PAGE + "1", LIST_PAGE + "2"], None)


def test_a_period_beyond_the_history_ends_with_a_clear_sentence(harness: Harness) -> None:
    """A period before the oldest log (422 ``exceeds_history_logs_limit``) ends with a reason."""
    harness.lists.errors = [HistoryLimitError()]
    summary, _ = run(harness)
    assert summary["stopped"] == (
        "The period begins before the oldest log that SignalWire keeps for this account."
        " Begin it later; what is older cannot be fetched."
    )
    assert summary["complete"] is False


def test_a_backfill_leaves_itself_the_time_to_wait(harness: Harness) -> None:
    """A page starts only if the time left covers the pauses that it may need."""
    harness.lists.pages = {"fax": [[entry()]]}
    summary, slept = run(harness, time_left=100, messages_per_second=4)
    assert (summary["complete"], slept, harness.lists.asked) == (False, [], [])
    assert run(harness, time_left=101, messages_per_second=4)[0]["complete"] is True


def test_a_backfill_that_fails_says_where_to_go_on(harness: Harness) -> None:
    """A backfill that fails keeps its counts and returns the event that continues it."""
    harness.lists.pages = {"fax": [[entry()], [entry()]]}
    harness.lists.errors = [None, StoreUnavailableError()]
    summary, _ = run(harness)
    assert summary["found"] == {"fax": {"missing": 1}}
    next_event = summary["next_event"]
    assert isinstance(next_event, dict)
    assert next_event["page"] == "1"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"from": "soon"}, "from"),
        ({"to": None}, "to"),
        ({"log_type": "letter"}, "log_type"),
        ({"messages_per_second": 0}, "messages_per_second"),
        ({"page": "https://elsewhere.example/"}, "page"),
        ({"dryrun": True}, "dryrun"),
        ({"to": "2025-12-31"}, "the whole"),
    ],
)
def test_a_malformed_backfill_names_what_is_wrong(change: dict[str, object], named: str) -> None:
    """A malformed request is refused before any work, with the field's name."""
    with pytest.raises(BackfillError, match=named):
        BackfillRequest.read({**EVENT, **change})


def test_what_was_compared_is_not_compared_again(harness: Harness) -> None:
    """A backfill that is refused after its first half goes on there, and has counted that half."""
    harness.lists.pages = {"fax": [[entry()], [entry()]]}
    harness.lists.errors = [None, RejectedError(), None, None, RejectedError()]
    summary, _ = run(harness, dry_run=True)
    assert summary["found"] == {"fax": {"missing": 2}}
    next_event = summary["next_event"]
    assert isinstance(next_event, dict)
    assert next_event["from"] == "2026-01-16T17:00:00.000Z"


def test_the_rate_has_bounds() -> None:
    """SQS takes many more messages; the enrich function and SignalWire do not."""
    for rate in (1, 1000):
        request = BackfillRequest.read({**EVENT, "messages_per_second": rate})
        assert request.messages_per_second == rate
    with pytest.raises(BackfillError, match="messages_per_second"):
        BackfillRequest.read({**EVENT, "messages_per_second": 1001})


def test_a_half_of_a_period_is_not_its_end(harness: Harness) -> None:
    """After a page token has died, the answer says to which half the page belongs."""
    harness.lists.pages = {"fax": [[entry()], [entry()]]}
    harness.lists.errors = [None, RejectedError(), None, StoreUnavailableError()]
    summary, _ = run(harness)
    next_event = summary["next_event"]
    assert isinstance(next_event, dict)
    assert (next_event["from"], next_event["page"]) == ("2026-01-01T00:00:00.000Z", "1")
    assert next_event["to"] == "2026-02-01T10:00:00.000Z"
    # The half, so that the next invocation does not begin the whole again.
    assert next_event["page_to"] == "2026-01-16T17:00:00.000Z"
    request = BackfillRequest.read(next_event | {"page": "/api/fax/logs?page_token=PA1"})
    assert request.begin.end < request.end
    assert (request.begin.page, iso(request.begin.end)) == (request.page, next_event["page_to"])
