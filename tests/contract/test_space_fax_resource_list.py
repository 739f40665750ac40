"""The list of fax resources of the simulated space: its pages, its filters, and what it shows."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from local.space import OFFICIAL_FAX_ID, PROJECT_ID, Fault, FaultKind, Json, Log, Space, values
from local.space.fax_resources import FaxResources
from local.space.model import resource_sid
from tests.contract import schemas
from tests.contract.conftest import (
    OFFICIAL_FAX_SID,
    PATHS,
    UNKNOWN_ID,
    Answer,
    Api,
    fax_path,
    faxes_path,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.space import RunningSpace

PATH = faxes_path()
BASE = URL(f"http://space.test{PATH}")
MOST_PAGES = 100
NOON = "2026-08-01T12:00:00Z"
NEXT, PREVIOUS = "next_page_uri", "previous_page_uri"


def sid(number: int) -> str:
    """Return the SID of a planted fax."""
    return f"00000000-0000-4000-9000-{number:012d}"


def fax_log(number: int, created_at: str = NOON) -> Log:
    """Return a log that has a resource, with only the fields that the list uses."""
    log_id = f"00000000-0000-4000-8000-{number:012d}"
    url = values.laml_url(PROJECT_ID, "Faxes", sid(number))
    return {"id": log_id, "created_at": created_at, "url": url}


def faxes(page: Log) -> list[Log]:
    """Return the resources of a page."""
    return [schemas.member(fax) for fax in schemas.members(page, "faxes")]


def sids(page: Log) -> list[Json]:
    """Return the SIDs of a page, in its order."""
    return [fax["sid"] for fax in faxes(page)]


def walk(api: Api, first: Answer, way: str = NEXT) -> Iterator[Log]:
    """Yield a page, and all that its URIs lead to in one direction."""
    page = first.json
    yield page
    for _ in range(MOST_PAGES):
        if page[way] is None:
            return
        page = api.get(str(page[way])).json
        yield page
    pytest.fail("the URIs form a circle")


def newest_first(space: Space) -> list[Json]:
    """Return the SIDs that a list without parameters should show, of logs with different times."""

    def age(log: Log) -> datetime:
        return datetime.fromisoformat(str(log["created_at"]))

    logs = sorted(space.logs("fax").values(), key=age, reverse=True)
    return [resource_sid(log) for log in logs]


def listed(space: Space, **parameters: str) -> list[Log]:
    """Return the resources of a page of a space that is not served."""
    page = FaxResources(space, PROJECT_ID).page(PROJECT_ID, BASE.with_query(parameters))
    assert page is not None
    return faxes(page)


def test_a_page_has_the_documented_fields(space: Space, api: Api) -> None:
    """Each resource of the list is the one that its SID leads to, newest first."""
    page = api.get(PATH).json
    assert list(page) == ["uri", "first_page_uri", NEXT, PREVIOUS, "page", "page_size", "faxes"]
    assert (page["page"], page["page_size"]) == (0, 50)
    assert faxes(page) == [api.get(fax_path(str(fax))).json for fax in newest_first(space)]


def test_pages_cover_everything_once(space: Space, api: Api) -> None:
    """Following the next page visits each fax exactly once; only the last page is short."""
    pages = list(walk(api, api.get(PATH, {"PageSize": "7"})))
    assert [fax for page in pages for fax in sids(page)] == newest_first(space)
    assert {len(sids(page)) for page in pages[:-1]} == {7}
    assert [page["page"] for page in pages] == list(range(len(pages)))
    assert {page["page_size"] for page in pages} == {7}


def test_going_back_gives_the_same_pages(api: Api) -> None:
    """Following the previous page from the last one visits the same pages in reverse."""
    there = list(walk(api, api.get(PATH, {"PageSize": "7"})))
    back = list(walk(api, api.get(str(there[-1]["uri"])), PREVIOUS))
    assert [sids(page) for page in back] == [sids(page) for page in reversed(there)]


def test_uris_are_in_the_documented_form(api: Api) -> None:
    """URIs are paths with page, page size and a PA or PB token; at the ends they are null."""
    first = api.get(PATH, {"PageSize": "12"}).json
    assert first["uri"] == f"{PATH}?Page=0&PageSize=12"
    assert first["first_page_uri"] == f"{PATH}?PageSize=12"
    assert first[PREVIOUS] is None
    assert str(first[NEXT]).startswith(f"{PATH}?Page=1&PageSize=12&PageToken=PA")
    second = api.get(str(first[NEXT])).json
    assert (second["uri"], second["first_page_uri"]) == (first[NEXT], first["first_page_uri"])
    assert str(second[PREVIOUS]).startswith(f"{PATH}?Page=0&PageSize=12&PageToken=PB")
    assert second[NEXT] is None
    empty = api.get(PATH, {"DateCreatedOnOrBefore": "2001-01-01"}).json
    assert (empty["faxes"], empty[NEXT], empty[PREVIOUS]) == ([], None, None)


def test_the_path_may_end_in_json(api: Api) -> None:
    """Both forms of the path show the same, and lead to further pages."""
    plain, json = (
        list(walk(api, api.get(path, {"PageSize": "9"}))) for path in (PATH, f"{PATH}.json")
    )
    assert [page["faxes"] for page in json] == [page["faxes"] for page in plain]
    assert len(json) > 1


@pytest.mark.parametrize(
    ("account", "status"),
    [(PROJECT_ID, 200), (PROJECT_ID.upper(), 200), (OFFICIAL_FAX_ID, 404), (UNKNOWN_ID, 404)],
)
def test_only_the_project_has_a_list(api: Api, account: str, status: int) -> None:
    """Any other account is not found, even one that a log names."""
    answer = api.get(faxes_path(account))
    assert answer.status == status
    assert ("error" in answer.json) == (status == 404)


def test_page_size_bounds(running: RunningSpace, api: Api) -> None:
    """A page has 50 faxes unless asked for 1 to 1000."""
    for number in range(60):
        running.put_log("fax", fax_log(number))
    count = len(running.ids()["fax"])
    sizes = {size: len(sids(api.get(PATH, {"PageSize": size}).json)) for size in ("1", "1000")}
    assert sizes == {"1": 1, "1000": count}
    assert len(sids(api.get(PATH).json)) == 50


@pytest.mark.parametrize(
    ("fields", "code", "attribute"),
    [
        ({"PageSize": "0"}, "invalid_parameter", "PageSize"),
        ({"PageSize": "1001"}, "invalid_parameter", "PageSize"),
        ({"PageSize": "ten"}, "invalid_parameter", "PageSize"),
        ({"Page": "-1"}, "invalid_parameter", "Page"),
        ({"Page": "1"}, "page_token_required", "PageToken"),
        ({"PageToken": "PA"}, "page_token_is_invalid", "PageToken"),
        ({"PageToken": f"PA{UNKNOWN_ID}"}, "page_token_is_invalid", "PageToken"),
        ({"Page": "1", "PageToken": "nonsense"}, "page_token_is_invalid", "PageToken"),
        ({"DateCreatedAfter": "tomorrow"}, "datetime_required", "DateCreatedAfter"),
        ({"DateCreatedAfter": ""}, "datetime_required", "DateCreatedAfter"),
        ({"DateCreatedOnOrBefore": "2026-02-30"}, "datetime_required", "DateCreatedOnOrBefore"),
    ],
)
def test_wrong_parameters_are_refused(
    api: Api, fields: dict[str, str], code: str, attribute: str
) -> None:
    """An invalid parameter is answered with 422, the code of the reason and its own name."""
    answer = api.get(PATH, fields)
    assert (answer.status, answer.error_code) == (422, code)
    assert f'"attribute":"{attribute}"'.encode() in answer.body


TIMES = [
    "2026-07-30T23:59:59.999Z",
    "2026-07-31T00:00:00Z",
    "2026-07-31T12:00:00Z",
    "2026-07-31T23:59:59Z",
    "2026-08-01T00:00:00Z",
]


@pytest.mark.parametrize(
    ("after", "until", "expected"),
    [
        (None, None, TIMES),
        ("2026-07-31", None, TIMES[4:]),
        ("2026-07-30", None, TIMES[1:]),
        (None, "2026-07-31", TIMES[:4]),
        (None, "2026-07-30", TIMES[:1]),
        ("2026-07-31T12:00:00Z", None, TIMES[3:]),
        (None, "2026-07-31T12:00:00Z", TIMES[:3]),
        (None, "2026-07-31T14:00:00+02:00", TIMES[:3]),
        ("2026-07-30", "2026-07-31", TIMES[1:4]),
        ("2026-07-31T00:00:00Z", "2026-07-31T23:59:59Z", TIMES[2:4]),
        ("9999-12-31", None, []),
        (None, "9999-12-31", TIMES),
        ("2026-08-01", "2026-07-31", []),
    ],
)
def test_creation_times_are_filtered(
    after: str | None, until: str | None, expected: list[str]
) -> None:
    """A date means its whole day in UTC, a time that moment; only the upper bound includes it."""
    space = Space()
    for number, created_at in enumerate(TIMES):
        space.put("fax", fax_log(number, created_at))
    period = {"DateCreatedAfter": after, "DateCreatedOnOrBefore": until}
    found = listed(space, **{name: text for name, text in period.items() if text is not None})
    assert [fax["date_created"] for fax in found] == expected[::-1]


def test_numbers_are_filtered() -> None:
    """Only faxes from or to exactly that number are listed, as their resources tell it."""
    space = Space()
    numbers = [("+1", "+2"), ("+1", "+3"), ("+3", "+2"), (None, "+2")]
    for number, (sender, receiver) in enumerate(numbers):
        space.put("fax", fax_log(number) | {"from": sender, "to": receiver})
    resources = FaxResources(space, PROJECT_ID)

    def found(**parameters: str) -> set[Json]:
        page = resources.page(PROJECT_ID, BASE.with_query(parameters))
        assert page is not None
        return set(sids(page))

    assert found(From="+1") == {sid(0), sid(1)}
    assert found(To="+2") == {sid(0), sid(2), sid(3)}
    assert found(From="+1", To="+2") == {sid(0)}
    assert found(From="+2") == found(From="1") == found(From="") == set()
    resources.put(sid(3), {"from": "+1"})
    resources.put(sid(0), {"to": "+9"})
    assert found(From="+1") == {sid(0), sid(1), sid(3)}
    assert found(From="+1", To="+2") == {sid(3)}


def test_uris_keep_the_filters(running: RunningSpace, api: Api) -> None:
    """Every page of a filtered list is filtered, also by an offset in the time and a plus sign."""
    for number in range(5):
        numbers: Log = {"from": f"+1202555010{number % 2}", "to": "+12025550109"}
        running.put_log("fax", fax_log(number, f"2026-08-01T12:00:0{number}Z") | numbers)
    fields = {
        "DateCreatedAfter": "2026-08-01T14:00:00+02:00",
        "DateCreatedOnOrBefore": "2026-08-02",
        "From": "+12025550100",
        "To": "+12025550109",
        "PageSize": "1",
    }
    pages = list(walk(api, api.get(PATH, fields)))
    assert [sids(page) for page in pages] == [[sid(4)], [sid(2)]]
    for page in pages:
        assert URL(str(page["first_page_uri"])).query == fields


def test_changed_and_deleted_resources(running: RunningSpace, space: Space, api: Api) -> None:
    """The list shows a changed resource as changed, and a deleted one not until it is put again."""
    whole = newest_first(space)
    running.put_fax_resource(OFFICIAL_FAX_SID, {"status": "busy", "error_code": None})
    page = api.get(PATH).json
    assert sids(page) == whole
    assert api.get(fax_path(OFFICIAL_FAX_SID)).json in faxes(page)
    assert faxes(page)[-1]["status"] == "busy"
    running.delete_fax_resource(OFFICIAL_FAX_SID.upper())
    assert sids(api.get(PATH).json) == [fax for fax in whole if fax != OFFICIAL_FAX_SID]
    running.put_fax_resource(OFFICIAL_FAX_SID, {})
    assert faxes(api.get(PATH).json)[-1]["status"] == "failed"


def test_a_deleted_log_keeps_its_resource_in_the_list(running: RunningSpace, api: Api) -> None:
    """The resource of a log that the list of logs leaves out is listed, as it is found alone."""
    running.put_log("fax", fax_log(1), deleted=True)
    assert fax_log(1)["id"] not in {log["id"] for log in api.get(PATHS["fax"]).data}
    assert sid(1) in sids(api.get(PATH).json)


def test_what_has_no_resource_is_not_listed(running: RunningSpace, space: Space, api: Api) -> None:
    """A log without a SID is left out, and of two logs with one SID the one put last is shown."""
    whole = newest_first(space)
    for number, url in enumerate((None, "", "https://example.com/Faxes/FX1")):
        running.put_log("fax", fax_log(number) | {"url": url})
    assert sids(api.get(PATH).json) == whole
    running.put_log("fax", fax_log(3) | {"status": "busy"})
    running.put_log("fax", fax_log(4) | {"status": "no-answer", "url": fax_log(3)["url"]})
    page = api.get(PATH).json
    assert sorted(map(str, sids(page))) == sorted(map(str, [*whole, sid(3)]))
    assert api.get(fax_path(sid(3))).json in faxes(page)


def test_paging_is_stable_while_faxes_come_and_go(
    space: Space, running: RunningSpace, api: Api
) -> None:
    """Neither a new fax nor a deleted one that was seen repeats or hides an older one."""
    expected = newest_first(space)
    seen: list[Json] = []
    for number, page in enumerate(walk(api, api.get(PATH, {"PageSize": "3"}))):
        seen += sids(page)
        running.put_log("fax", fax_log(number))
        # The next page's token names the last one.
        running.delete_fax_resource(str(seen[-1]))
    assert seen == expected


@settings(max_examples=40, deadline=None)
@given(
    seconds=st.lists(st.integers(0, 3), max_size=12),
    page_size=st.integers(1, 5),
    deleted=st.sets(st.integers(0, 11)),
)
def test_ties_and_deleted_faxes_do_not_disturb_paging(
    seconds: list[int], page_size: int, deleted: set[int]
) -> None:
    """Whichever faxes share a time or are deleted, the pages show each visible one once."""
    space = Space()
    resources = FaxResources(space, PROJECT_ID)
    for number, second in enumerate(seconds):
        space.put("fax", fax_log(number, f"2026-08-01T12:00:0{second}Z"))
    for number in deleted:
        resources.delete(sid(number))
    url: URL | None = BASE.with_query(PageSize=page_size)
    seen: list[Json] = []
    for _ in range(len(seconds) + 1):
        if url is None:
            break
        page = resources.page(PROJECT_ID, url)
        assert page is not None
        seen += sids(page)
        url = None if page[NEXT] is None else BASE.join(URL(str(page[NEXT])))
    places = sorted((second, number) for number, second in enumerate(seconds))
    assert seen == [sid(number) for _, number in reversed(places) if number not in deleted]


def test_a_page_reads_few_logs() -> None:
    """Whatever the number of logs, a page without numbers to look for reads only about its own."""
    read: list[str] = []

    class Watched(dict[str, Log]):
        def __getitem__(self, log_id: str) -> Log:
            read.append(log_id)
            return super().__getitem__(log_id)

    space = Space()
    for number in range(2_000):
        space.put("fax", fax_log(number, f"2026-08-01T12:{number // 60:02d}:{number % 60:02d}Z"))
    space._logs["fax"] = Watched(space.logs("fax"))
    middle = str(fax_log(1_000)["id"])
    found = listed(
        space, Page="9", PageSize="10", PageToken=f"PA{middle}", DateCreatedAfter="2026-07-31"
    )
    assert [fax["sid"] for fax in found] == [sid(number) for number in range(999, 989, -1)]
    assert len(set(read)) <= 12


def test_a_fault_spoils_a_page(running: RunningSpace, api: Api) -> None:
    """A fault for the list hits one page, and the same URI shows that page afterwards."""
    first = api.get(PATH, {"PageSize": "5"}).json
    running.add_fault(Fault(FaultKind.RATE_LIMITED, retry_after=3, endpoint="fax_resource_list"))
    answer = api.get(str(first[NEXT]))
    assert (answer.status, answer.headers["Retry-After"]) == (429, "3")
    assert api.get(str(first[NEXT])).json["page"] == 1
    assert running.requests().counts == {"fax_resource_list": 3}
    assert running.requests().sids == []
