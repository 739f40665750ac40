"""SignalWire's lists, read page by page from a simulated space."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from hooklog.adapters.signalwire.api import SignalWireApi
from hooklog.adapters.signalwire.credentials import Credentials, FixedCredentials
from hooklog.adapters.signalwire.lists import LogLists
from hooklog.errors import BadPayloadError, HistoryLimitError, RejectedError
from hooklog.logs import FAX, MESSAGE
from local.space import Fault, FaultKind, RunningSpace, generate, serve
from local.space.model import instant

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=3650)
#: Seconds.
AMPLE = 5.0


@pytest.fixture
def space() -> Iterator[RunningSpace]:
    """Serve 450 faxes, three pages, and 10 messages."""
    with serve(generate(seed=5, fax=450, message=10, now=NOW)) as running:
        yield running


def lists(space: RunningSpace) -> LogLists:
    """Return the adapter for a space."""
    api = SignalWireApi(
        space.url,
        FixedCredentials(Credentials(space.project_id, space.api_token)),
        connections=1,
        connect_timeout=5,
        read_timeout=5,
    )
    return LogLists(api, lambda: NOW)


def test_the_pages_of_a_period_hold_each_log_once(space: RunningSpace) -> None:
    """The pages of a period hold each log once, and the last page has no next."""
    ids, page = [], None
    for _ in range(10):
        answer = lists(space).page(FAX, LONG_AGO, NOW, page, AMPLE)
        ids += [str(log["id"]) for log in answer.entries]
        page = answer.next
        if page is None:
            break
    assert sorted(ids) == sorted(space.ids()["fax"])
    assert space.requests().counts["fax_list"] == 3


def test_a_period_bounds_what_is_listed(space: RunningSpace) -> None:
    """A list holds only logs that were created within its period."""
    day = NOW - timedelta(days=1)
    recent = lists(space).page(MESSAGE, day, NOW, None, AMPLE)
    assert all(instant(str(log["created_at"])) > day for log in recent.entries)
    assert len(recent.entries) < 10


def test_a_dead_token_is_refused(space: RunningSpace) -> None:
    """An expired page token is rejected; the sweep then restarts the period."""
    path = "/api/fax/logs?page_number=1&page_token=PA00000000-0000-4000-8000-000000000000"
    with pytest.raises(RejectedError):
        lists(space).page(FAX, LONG_AGO, NOW, path, AMPLE)


@pytest.mark.parametrize(
    ("kind", "error"),
    [(FaultKind.HISTORY_LIMIT, HistoryLimitError), (FaultKind.HTML, BadPayloadError)],
)
def test_faults_of_lists_are_those_of_logs(
    space: RunningSpace, kind: FaultKind, error: type[Exception]
) -> None:
    """Lists and logs have the same errors, because one client reads both."""
    space.add_fault(Fault(kind))
    with pytest.raises(error):
        lists(space).page(FAX, LONG_AGO, NOW, None, AMPLE)


def test_json_that_is_no_page_is_refused(space: RunningSpace) -> None:
    """JSON that is not a page of logs is refused."""
    log_id = next(iter(space.ids()["fax"]))
    with pytest.raises(BadPayloadError, match="not a page"):
        lists(space).page(FAX, LONG_AGO, NOW, f"/api/fax/logs/{log_id}?x=1", AMPLE)
