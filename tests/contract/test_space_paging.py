"""The paging of the list endpoints: as documented, and stable while logs are added."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from local.space import Json, Log, LogType, RunningSpace, Space, generate, paging
from tests.contract import schemas
from tests.contract.conftest import NOW, PATHS, Answer, Api

if TYPE_CHECKING:
    from collections.abc import Iterator

FAX = PATHS["fax"]
MOST_PAGES = 100
BASE = URL("http://space.test/api/fax/logs")


def fax_log(number: int, created_at: str) -> Log:
    """Return a log with only the fields that paging uses."""
    return {"id": f"00000000-0000-4000-8000-{number:012d}", "created_at": created_at}


def ids(answer: Answer) -> list[Json]:
    """Return the IDs of a page, in its order."""
    return [log["id"] for log in answer.data]


def walk(api: Api, first: Answer, way: str = "next") -> Iterator[Answer]:
    """Yield a page, and all that its links lead to in one direction."""
    page = first
    yield page
    for _ in range(MOST_PAGES):
        if way not in page.links:
            return
        page = api.get(page.links[way])
        yield page
    pytest.fail("the links form a circle")


def newest_first(space: Space, log_type: LogType = "fax") -> list[Json]:
    """Return the IDs that a list without parameters should show."""

    def age(log: Log) -> tuple[datetime, str]:
        return datetime.fromisoformat(str(log["created_at"])), str(log["id"])

    return [log["id"] for log in sorted(space.logs(log_type).values(), key=age, reverse=True)]


@pytest.mark.parametrize("log_type", schemas.SPECIFIED)
def test_pages_cover_everything_once(log_type: LogType, space: Space, api: Api) -> None:
    """Following `next` visits each log exactly once, newest first; only the last page is short."""
    pages = list(walk(api, api.get(PATHS[log_type], {"page_size": "7"})))
    assert [log_id for page in pages for log_id in ids(page)] == newest_first(space, log_type)
    assert {len(page.data) for page in pages[:-1]} == {7}


def test_going_back_gives_the_same_pages(api: Api) -> None:
    """Following `prev` from the last page visits the same pages in reverse."""
    there = list(walk(api, api.get(FAX, {"page_size": "7"})))
    back = list(walk(api, there[-1], "prev"))
    assert [ids(page) for page in back] == [ids(page) for page in reversed(there)]


def test_links_at_the_ends(api: Api) -> None:
    """`self` and `first` are always present, `next` and `prev` only where a page follows."""
    pages = list(walk(api, api.get(FAX, {"page_size": "9"})))
    assert [set(page.links) for page in pages] == [
        {"self", "first", "next"},
        {"self", "first", "next", "prev"},
        {"self", "first", "prev"},
    ]
    assert set(api.get(FAX, {"page_size": "1000"}).links) == {"self", "first"}
    assert set(api.get(FAX, {"created_on": "2001-01-01"}).links) == {"self", "first"}


def test_links_are_in_the_documented_form(running: RunningSpace, api: Api) -> None:
    """Links are absolute, with page number, page size and a PA or PB token, sorted by name."""
    first = api.get(FAX, {"page_size": "5"})
    second = api.get(first.links["next"])
    base, mark, top = f"{running.url}{FAX}", first.data[-1]["id"], second.data[0]["id"]
    assert first.links["self"] == f"{base}?page_number=0&page_size=5"
    assert first.links["first"] == f"{base}?page_size=5"
    assert first.links["next"] == f"{base}?page_number=1&page_size=5&page_token=PA{mark}"
    assert second.links["self"] == first.links["next"]
    assert second.links["first"] == first.links["first"]
    assert second.links["prev"] == f"{base}?page_number=0&page_size=5&page_token=PB{top}"


def test_links_use_the_host_of_the_request(api: Api) -> None:
    """Links have the host name by which the space was reached."""
    links = api.get(FAX, headers={"Host": "space.example.com:8080"}).links
    assert {URL(link).authority for link in links.values()} == {"space.example.com:8080"}


@pytest.mark.parametrize("log_type", schemas.SPECIFIED)
def test_page_size_bounds_are_the_specified_ones(log_type: LogType) -> None:
    """Default and maximum of the page size are those of the specification."""
    size = schemas.member(schemas.document(log_type), "parameters", "page_size")
    assert (size["default"], size["minimum"], size["maximum"]) == (
        paging.DEFAULT_PAGE_SIZE,
        1,
        paging.MAX_PAGE_SIZE,
    )


def test_page_size_defaults_to_50(running: RunningSpace, api: Api) -> None:
    """Without a page size a page has 50 logs, as its links say."""
    for number in range(60):
        running.put_log("fax", fax_log(number, "2026-01-01T00:00:00Z"))
    answer = api.get(FAX)
    assert len(answer.data) == paging.DEFAULT_PAGE_SIZE
    assert URL(answer.links["next"]).query["page_size"] == "50"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"page_size": "0"}, "invalid_parameter"),
        ({"page_size": "1001"}, "invalid_parameter"),
        ({"page_size": "-1"}, "invalid_parameter"),
        ({"page_size": "ten"}, "invalid_parameter"),
        ({"page_number": "-1"}, "invalid_parameter"),
        ({"page_number": "1"}, "page_token_required"),
        ({"page_token": "PA"}, "page_token_is_invalid"),
        ({"page_token": "PAff3e0d0a-0000-4000-8000-000000000000"}, "page_token_is_invalid"),
        ({"page_number": "1", "page_token": "nonsense"}, "page_token_is_invalid"),
        ({"created_before": "tomorrow"}, "datetime_required"),
        ({"created_on": "2026-02-30"}, "datetime_required"),
        ({"created_after": ""}, "datetime_required"),
        ({"created_after": "0001-01-01T00:00:00+09:00"}, "datetime_required"),
        ({"include_deleted": "perhaps"}, "not_a_boolean"),
    ],
)
def test_wrong_parameters_are_refused(api: Api, fields: dict[str, str], code: str) -> None:
    """An invalid parameter is answered with 422 and the code of the reason."""
    answer = api.get(FAX, fields)
    assert (answer.status, answer.error_code) == (422, code)


def test_a_token_of_the_other_type_is_unknown(space: Space, api: Api) -> None:
    """A token that names a message does not page through faxes."""
    answer = api.get(FAX, {"page_token": f"PA{next(iter(space.logs('message')))}"})
    assert (answer.status, answer.error_code) == (422, "page_token_is_invalid")


def test_paging_is_stable_while_logs_are_added(
    space: Space, running: RunningSpace, api: Api
) -> None:
    """Logs that arrive between two pages neither repeat nor hide older ones."""
    expected = newest_first(space)
    seen: list[Json] = []
    for number, page in enumerate(walk(api, api.get(FAX, {"page_size": "3"}))):
        seen += ids(page)
        running.put_log("fax", fax_log(number, "2026-08-01T12:00:00Z"))
    assert seen == expected


def test_going_back_continues_from_the_page(running: RunningSpace, api: Api) -> None:
    """`prev` shows the logs just newer than the page, however many were added meanwhile."""
    first = api.get(FAX, {"page_size": "5"})
    second = api.get(first.links["next"])
    for number in range(9):
        running.put_log("fax", fax_log(number, "2026-08-01T12:00:00Z"))
    assert ids(api.get(second.links["prev"])) == ids(first)


@settings(max_examples=40, deadline=None)
@given(
    seconds=st.lists(st.integers(0, 3), max_size=12),
    page_size=st.integers(1, 5),
    deleted=st.sets(st.integers(0, 11)),
)
def test_ties_and_deleted_logs_do_not_disturb_paging(
    seconds: list[int], page_size: int, deleted: set[int]
) -> None:
    """Whichever logs share a time or are deleted, the pages show each visible one once."""
    space = Space()
    for number, second in enumerate(seconds):
        log = fax_log(number, f"2026-08-01T12:00:0{second}Z")
        space.put("fax", log, deleted=number in deleted)
    url: URL | None = BASE.with_query(page_size=page_size)
    seen: list[Json] = []
    for _ in range(len(seconds) + 1):
        if url is None:
            break
        body = paging.log_page(space, "fax", url)
        seen += [schemas.member(log)["id"] for log in schemas.members(body, "data")]
        links = schemas.member(body, "links")
        url = URL(str(links["next"])) if "next" in links else None
    assert seen == [log_id for log_id in newest_first(space) if log_id not in space.deleted]


TIMES = [
    "2026-07-30T23:59:59.999Z",
    "2026-07-31T00:00:00Z",
    "2026-07-31T12:00:00Z",
    "2026-07-31T23:59:59Z",
    "2026-08-01T00:00:00Z",
]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"created_on": "2026-07-31"}, TIMES[1:4]),
        ({"created_on": "2026-07-31T15:00:00Z"}, TIMES[1:4]),
        ({"created_before": "2026-07-31"}, TIMES[:1]),
        ({"created_after": "2026-07-31"}, TIMES[4:]),
        ({"created_before": "2026-07-31T12:00:00Z"}, TIMES[:2]),
        ({"created_after": "2026-07-31T12:00:00Z"}, TIMES[3:]),
        ({"created_after": "2026-07-31T12:00:00"}, TIMES[3:]),
        ({"created_after": "2026-07-31T14:00:00+02:00"}, TIMES[3:]),
        ({"created_after": "2026-07-30", "created_before": "2026-08-01"}, TIMES[1:4]),
        ({"created_after": "9999-12-31"}, []),
        ({"created_before": "0001-01-01"}, []),
        ({"created_after": "2026-08-01", "created_before": "2026-07-31"}, []),
    ],
)
def test_creation_times_are_filtered(fields: dict[str, str], expected: list[str]) -> None:
    """A date means its whole day in UTC, a time that moment; before and after exclude it."""
    space = Space()
    for number, created_at in enumerate(TIMES):
        space.put("fax", fax_log(number, created_at))
    data = schemas.members(paging.log_page(space, "fax", BASE.with_query(fields)), "data")
    assert [schemas.member(log)["created_at"] for log in data] == expected[::-1]


def test_links_keep_the_filters(space: Space, api: Api) -> None:
    """Every page of a filtered list is filtered, also with an offset in the time."""
    cut = NOW - timedelta(days=1)
    fields = {"created_after": cut.isoformat(), "page_size": "2"}
    pages = list(walk(api, api.get(FAX, fields)))
    seen = [log_id for page in pages for log_id in ids(page)]
    assert seen == [
        log_id for log_id in newest_first(space) if space.position("fax", str(log_id))[0] > cut
    ]
    assert 0 < len(seen) < len(space.logs("fax"))
    assert {URL(page.links["first"]).query["created_after"] for page in pages} == {cut.isoformat()}


@pytest.mark.parametrize(
    ("value", "included"), [("true", True), ("True", True), ("false", False), ("False", False)]
)
def test_deleted_logs_are_listed_on_request(
    running: RunningSpace, api: Api, value: str, *, included: bool
) -> None:
    """A deleted log is listed only on request, but can be fetched by its ID."""
    log = fax_log(1, "2026-08-01T12:00:00Z")
    running.put_log("fax", log, deleted=True)
    assert log not in api.get(FAX).data
    assert (log in api.get(FAX, {"include_deleted": value}).data) == included
    assert api.get(f"{FAX}/{log['id']}").json == log


def test_a_replaced_log_moves_with_its_time() -> None:
    """Putting a log again with a new time leaves one log, at its new position."""
    space = generate(7, 5, 0, NOW)
    oldest = next(iter(space.logs("fax").values()))
    space.put("fax", oldest | {"created_at": "2026-08-01T12:00:00Z"})
    data = schemas.members(paging.log_page(space, "fax", BASE), "data")
    assert [schemas.member(log)["id"] for log in data] == newest_first(space)
    assert newest_first(space)[0] == oldest["id"]
