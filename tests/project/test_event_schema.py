"""The contract with whoever consumes events: the JSON Schema, and what it never takes back."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hooklog.publish.events import event_of
from local import event_docs
from local.space import Log
from tests.builders import failed_fax, failed_message, fax_log, message_log
from tests.publishing import change, row

SCHEMA: dict[str, Any] = json.loads(event_docs.SCHEMA.read_text(encoding="utf-8"))

#: What version 1 has promised: each key is there, with a value of one of these types. Nobody
#: changes or removes a line; a new key gets a line when it has been released.
PROMISES = {
    "schema_version": {"integer"},
    "id": {"string"},
    "version": {"integer"},
    "log_type": {"string"},
    "log_id": {"string"},
    "resource_sid": {"string", "null"},
    "outcome": {"string"},
    "status": {"string"},
    "direction": {"string", "null"},
    "from": {"string", "null"},
    "to": {"string", "null"},
    "error_code": {"string", "null"},
    "explanation": {"object", "null"},
    "explanation.key": {"string"},
    "explanation.category": {"string"},
    "explanation.cause": {"string"},
    "explanation.advice": {"string"},
    "explanation.retry": {"boolean"},
    "explanation.severity": {"string"},
    "charge": {"number", "null"},
    "created_at": {"string"},
    "fetched_at": {"string"},
}
#: Consumers decide by these values.
OUTCOMES = {"failed", "succeeded", "in_progress"}


def kept(schema: dict[str, Any]) -> dict[str, set[str]]:
    """Return the types of each key that every event has."""
    found: dict[str, set[str]] = {}
    for name in schema["required"]:
        one = schema["properties"].get(name, {})
        forms = [_resolved(form, schema) for form in one.get("anyOf", [one])]
        found[name] = {form.get("type", "any") for form in forms}
        for form in forms:
            if form.get("type") == "object":
                inner = kept({**form, "$defs": schema["$defs"]})
                found |= {f"{name}.{key}": types for key, types in inner.items()}
    return found


def _resolved(form: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = form.get("$ref", "").removeprefix("#/$defs/")
    resolved: dict[str, Any] = schema["$defs"][name] if name else form
    return resolved


def keeps_its_promises(schema: dict[str, Any]) -> bool:
    """Return whether a consumer of version 1 can read what obeys this schema."""
    properties = schema["properties"]
    return (
        PROMISES.items() <= kept(schema).items()
        and set(properties["outcome"]["enum"]) == OUTCOMES
        and properties["schema_version"]["const"] == 1
        and schema.get("additionalProperties", True) is True
    )


def test_the_schema_is_up_to_date() -> None:
    """Run `make docs` after a change of the model."""
    assert event_docs.SCHEMA.read_text(encoding="utf-8") == event_docs.schema()


def test_the_schema_is_a_json_schema() -> None:
    """It obeys JSON Schema 2020-12."""
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    "log",
    [
        *(failed_fax(), fax_log(), fax_log(status="ringing", charge=None)),
        *(failed_message(), message_log(), message_log(status="queued")),
    ],
)
def test_events_obey_the_schema(log: Log, masked: bool) -> None:  # noqa: FBT001 - a parameter
    """Whatever became of a fax or message, its event validates."""
    event = event_of(change(None, row(log)), masked=masked)
    Draft202012Validator(SCHEMA).validate(json.loads(event.model_dump_json(by_alias=True)))


@pytest.mark.parametrize("name", [name for name in PROMISES if "." not in name])
def test_an_event_without_a_key_does_not_obey(name: str) -> None:
    """The schema asks for each key, also where its value may be null."""
    event = event_of(change(None, row(failed_fax())), masked=False)
    detail = json.loads(event.model_dump_json(by_alias=True))
    del detail[name]
    assert not Draft202012Validator(SCHEMA).is_valid(detail)


def test_the_schema_keeps_what_version_1_promised() -> None:
    """Anything else needs a new version."""
    assert keeps_its_promises(SCHEMA)


def _add(schema: dict[str, Any]) -> None:
    for one in (schema, schema["$defs"]["Explanation"]):
        one["properties"]["pages"] = {"type": "integer"}
        one["required"].append("pages")


def test_additions_keep_the_promise() -> None:
    """A new key, whether each event has it or not, harms no consumer that ignores it."""
    changed = copy.deepcopy(SCHEMA)
    _add(changed)
    changed["properties"]["quality"] = {"type": "string"}
    assert keeps_its_promises(changed)


def _remove(schema: dict[str, Any]) -> None:
    del schema["properties"]["charge"]
    schema["required"].remove("charge")


def _remove_within(schema: dict[str, Any]) -> None:
    del schema["$defs"]["Explanation"]["properties"]["retry"]
    schema["$defs"]["Explanation"]["required"].remove("retry")


def _rename(schema: dict[str, Any]) -> None:
    schema["properties"]["sender"] = schema["properties"].pop("from")
    schema["required"][schema["required"].index("from")] = "sender"


def _retype(schema: dict[str, Any]) -> None:
    schema["properties"]["version"]["type"] = "string"


def _make_nullable(schema: dict[str, Any]) -> None:
    status = schema["properties"]["status"]
    schema["properties"]["status"] = {"anyOf": [status, {"type": "null"}]}


def _make_optional(schema: dict[str, Any]) -> None:
    schema["required"].remove("log_id")


def _another_outcome(schema: dict[str, Any]) -> None:
    schema["properties"]["outcome"]["enum"].append("cancelled")


def _close(schema: dict[str, Any]) -> None:
    schema["additionalProperties"] = False


@pytest.mark.parametrize(
    "change_it",
    [
        *(_remove, _remove_within, _rename, _retype),
        *(_make_nullable, _make_optional, _another_outcome, _close),
    ],
)
def test_everything_else_breaks_it(change_it: Callable[[dict[str, Any]], None]) -> None:
    """A consumer may rely on each key, its type and the three outcomes."""
    changed = copy.deepcopy(SCHEMA)
    change_it(changed)
    assert not keeps_its_promises(changed)
