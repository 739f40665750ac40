"""The simulated space conforms to SignalWire's OpenAPI specification, with known exceptions."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import pytest

from local.space import (
    EVERY_FAX_CASE,
    EVERY_MESSAGE_CASE,
    OFFICIAL_FAX_ID,
    OFFICIAL_MESSAGE_ID,
    Fault,
    FaultKind,
    Json,
    Log,
    LogType,
    RunningSpace,
    Space,
    generate,
)
from tests.contract import schemas
from tests.contract.conftest import NOW, PATHS, UNKNOWN_ID, Api

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jsonschema.exceptions import ValidationError

OFFICIAL: dict[LogType, str] = {"fax": OFFICIAL_FAX_ID, "message": OFFICIAL_MESSAGE_ID}

# Deliberate deviations from the specification: the field and its value, or its absence.
MISSING = "missing"
ODDITIES: dict[LogType, set[tuple[str, str]]] = {
    "fax": {
        ("remote_station", MISSING),  # in the specification's own example
        ("direction", "outbound"),  # in older data
        ("status", "delivered"),  # a word of the compatibility API
        ("status", "received"),  # a word of the compatibility API
    },
    "message": {
        ("kind", "whatsapp"),  # in the guide to WhatsApp
        ("status", "read"),  # in the guide to WhatsApp
    },
}

FICTIONAL_NUMBER = re.compile(r"(whatsapp:)?(\+1\d{3}55501\d\d|\+4420794609\d\d)")
MOST_PAGES = 100
SHORT_CODE = re.compile(r"\d{5}")


def deviations(errors: Iterable[ValidationError]) -> set[tuple[str, str]]:
    """Return the field and the value of each error."""
    found: set[tuple[str, str]] = set()
    for error in errors:
        if error.validator == "required":
            missing = set(cast("list[str]", error.validator_value)) - set(
                cast("Log", error.instance)
            )
            found |= {(name, MISSING) for name in missing}
        else:
            found.add((str(error.absolute_path[-1]), str(error.instance)))
    return found


def text(log: Log, name: str) -> str:
    """Return a field that must be text."""
    value = log[name]
    assert isinstance(value, str)
    return value


@pytest.mark.parametrize("log_type", schemas.SPECIFIED)
def test_each_log_validates(log_type: LogType, space: Space, api: Api) -> None:
    """A single log deviates from the schema only in the listed ways, and each way occurs."""
    validator = schemas.validator(log_type, schemas.GET_ONE[log_type])
    found: set[tuple[str, str]] = set()
    for log_id, log in space.logs(log_type).items():
        answer = api.get(f"{PATHS[log_type]}/{log_id}")
        assert (answer.status, answer.json) == (200, log)
        found |= deviations(validator.iter_errors(answer.json))
    assert found == ODDITIES[log_type]


@pytest.mark.parametrize("log_type", schemas.SPECIFIED)
def test_most_logs_have_no_deviation(log_type: LogType, space: Space) -> None:
    """Few logs deviate; all others validate."""
    validator = schemas.validator(log_type, schemas.GET_ONE[log_type])
    odd = [log for log in space.logs(log_type).values() if not validator.is_valid(log)]
    assert len(odd) == {"fax": 4, "message": 2}[log_type]


@pytest.mark.parametrize("log_type", schemas.SPECIFIED)
def test_list_pages_validate(log_type: LogType, api: Api) -> None:
    """A list page validates, including its links, except for the listed oddities of its logs."""
    validator = schemas.validator(log_type, schemas.LIST[log_type])
    page = api.get(PATHS[log_type], {"page_size": "7"})
    for _ in range(MOST_PAGES):
        errors = list(validator.iter_errors(page.json))
        assert all(error.absolute_path[0] == "data" for error in errors)
        assert deviations(errors) <= ODDITIES[log_type]
        if "next" not in page.links:
            break
        page = api.get(page.links["next"])


@pytest.mark.parametrize("log_type", schemas.SPECIFIED)
def test_keys_come_in_the_specified_order(log_type: LogType, space: Space) -> None:
    """A log has only keys of the specification, in its order."""
    order = list(schemas.properties(log_type))
    for log in space.logs(log_type).values():
        assert list(log) == [name for name in order if name in log]


@pytest.mark.parametrize("seed", [0, 7, 20260801])
@pytest.mark.parametrize("log_type", schemas.SPECIFIED)
def test_every_enum_value_occurs(log_type: LogType, seed: int) -> None:
    """Whatever the seed, each enum value of the specification occurs in the data."""
    space = generate(seed, EVERY_FAX_CASE, EVERY_MESSAGE_CASE, NOW)
    logs = space.logs(log_type).values()
    checked = set()
    for name, schema in schemas.properties(log_type).items():
        for branch in schemas.members(schema, "anyOf") or [schema]:
            assert isinstance(branch, dict)
            listed = schemas.members(branch, "enum")
            if listed:
                checked.add(name)
                assert {str(value) for value in listed} <= {str(log.get(name)) for log in logs}
    assert {"status", "direction", "source", "type"} <= checked
    assert ("quality" if log_type == "fax" else "kind") in checked


@pytest.mark.parametrize("log_type", schemas.SPECIFIED)
def test_every_nullable_field_is_null_somewhere(log_type: LogType, space: Space) -> None:
    """Each nullable field is null in one log, and has a value in another."""
    for name, schema in schemas.properties(log_type).items():
        values: list[Json] = [log[name] for log in space.logs(log_type).values() if name in log]
        assert any(value is not None for value in values), name
        nullable = {"type": "null"} in schemas.members(schema, "anyOf")
        assert (None in values) == nullable, name


def test_error_codes_are_varied(space: Space) -> None:
    """Messages fail with numeric codes, with words as codes, and with a text but no code."""
    codes = {log["error_code"] for log in space.logs("message").values()}
    assert codes >= {"30003", "30005", "30007", "21610", "30022", "21601"}
    assert codes >= {"carrier_violation", "message_filtered"}
    assert any(
        log["type"] == "relay_message" and log["error_message"] and log["error_code"] is None
        for log in space.logs("message").values()
    )


def test_a_completed_fax_can_have_failed(space: Space) -> None:
    """Faxes fail with 34004 and many texts, some although the call completed."""
    failed = [log for log in space.logs("fax").values() if log["error_code"] is not None]
    assert {log["error_code"] for log in failed} == {"34004"}
    assert len({log["error_message"] for log in failed}) >= 5
    assert sum(log["status"] == "completed" for log in failed) > 1


def test_addresses_of_every_sort(space: Space) -> None:
    """Messages have numbers, short codes and WhatsApp addresses, all of them fictional."""
    addresses = [
        text(log, name)
        for log in space.logs("message").values()
        if log["id"] != OFFICIAL_MESSAGE_ID
        for name in ("from", "to")
    ]
    numbers = [value for value in addresses if FICTIONAL_NUMBER.fullmatch(value)]
    others = set(addresses) - set(numbers)
    assert others
    assert all(SHORT_CODE.fullmatch(value) for value in others)
    assert any(value.startswith("whatsapp:") for value in numbers)
    assert any(value.startswith("+1") for value in numbers)


def test_fax_numbers_are_fictional(space: Space) -> None:
    """All fax numbers of the generated data are reserved for fiction."""
    for log in space.logs("fax").values():
        for name in ("from", "to"):
            if log["id"] != OFFICIAL_FAX_ID and log[name] is not None:
                assert FICTIONAL_NUMBER.fullmatch(text(log, name))


def test_urls_lead_to_the_resource(space: Space) -> None:
    """A fax has a SID of its own, a LaML message its log's ID, and a Relay message no URL."""
    for log_id, log in space.logs("fax").items():
        assert "/Faxes/" in text(log, "url")
        assert not text(log, "url").endswith(log_id)
    for log_id, log in space.logs("message").items():
        if log["type"] == "laml_message" or log_id == OFFICIAL_MESSAGE_ID:
            assert text(log, "url").endswith(f"/Messages/{log_id}")
        else:
            assert log["url"] is None


@pytest.mark.parametrize("log_type", schemas.SPECIFIED)
def test_charges_add_up(log_type: LogType, space: Space) -> None:
    """The details add up to the charge, except in the official examples and one unbilled fax."""
    differing = []
    for log_id, log in space.logs(log_type).items():
        details = log["charge_details"]
        assert isinstance(details, list)
        total = sum(
            (Decimal(str(item["charge"])) for item in details if isinstance(item, dict)), Decimal()
        )
        if total != Decimal(str(log["charge"])):
            differing.append(log_id)
    assert OFFICIAL[log_type] in differing
    assert len(differing) == {"fax": 2, "message": 1}[log_type]


@pytest.mark.parametrize("log_type", schemas.SPECIFIED)
def test_times_come_with_and_without_milliseconds(log_type: LogType, space: Space) -> None:
    """Some creation times have milliseconds, most have none."""
    times = [text(log, "created_at") for log in space.logs(log_type).values()]
    assert 0 < sum("." in time for time in times) < len(times) / 2


@pytest.mark.parametrize("log_type", schemas.SPECIFIED)
def test_official_example_is_there(log_type: LogType, space: Space) -> None:
    """The official example has the specification's example value of each field.

    There are two exceptions: `remote_station` is absent, as in the whole example, and the message
    has a valid ID.
    """
    examples: dict[str, Json] = {}
    for name, schema in schemas.properties(log_type).items():
        for example in schemas.members(schema, "examples"):
            examples[name] = example
    if log_type == "fax":
        del examples["remote_station"]
    else:
        examples["id"] = OFFICIAL_MESSAGE_ID
        examples["charge_details"] = [{"description": "Inbound SMS", "charge": 0.00415}]
    assert space.logs(log_type)[OFFICIAL[log_type]] == examples


def test_the_same_seed_generates_the_same_space() -> None:
    """Seed and time determine everything, and more faxes do not change the messages."""
    once = generate(7, 40, 40, NOW)
    assert generate(7, 40, 40, NOW) == once
    assert generate(7, 10, 40, NOW).logs("message") == once.logs("message")
    other = generate(8, 40, 40, NOW)
    assert other.logs("fax").keys() & once.logs("fax").keys() == {OFFICIAL_FAX_ID}


@pytest.mark.parametrize("log_type", schemas.SPECIFIED)
def test_logs_come_in_creation_order(log_type: LogType, space: Space) -> None:
    """The logs run from the oldest to the newest, and none is of the future."""
    order = [space.position(log_type, log_id) for log_id in space.logs(log_type)]
    assert order == sorted(order)
    assert order[-1][0] < NOW


@pytest.mark.parametrize("log_type", schemas.SPECIFIED)
def test_error_bodies_validate(log_type: LogType, running: RunningSpace, api: Api) -> None:
    """Each documented error status has the documented body."""
    one, page = f"{PATHS[log_type]}/{OFFICIAL[log_type]}", PATHS[log_type]
    running.add_fault(Fault(FaultKind.HISTORY_LIMIT))
    running.add_fault(Fault(FaultKind.SERVER_ERROR))
    for answer, status, schema in (
        (api.get(one), 422, schemas.GET_ONE_422[log_type]),
        (api.get(one), 500, "Types.StatusCodes.StatusCode500"),
        (api.get(f"{page}/not-a-uuid"), 400, "Types.StatusCodes.StatusCode400"),
        (api.get(one, credentials="a:b"), 401, "Types.StatusCodes.StatusCode401"),
        (api.get(f"{page}/{UNKNOWN_ID}"), 404, "Types.StatusCodes.StatusCode404"),
        (api.get(page, {"created_on": "soon"}), 422, schemas.LIST_422[log_type]),
        (api.get(page, {"page_number": "1"}), 422, schemas.LIST_422[log_type]),
    ):
        assert answer.status == status
        assert answer.headers["Content-Type"].startswith("application/json")
        schemas.validator(log_type, schema).validate(answer.json)
