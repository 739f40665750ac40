"""What holds for every kind of log, whatever the kind."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter, ValidationError

import hooklog
from hooklog.logs import KINDS, UUID_PATTERN, CallbackFields, LogKind
from hooklog.logs.model import LogId, SignalWireLog
from tests.builders import FAX_ID

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


# --- the model ----------------------------------------------------------------------------------


def counting(kind: LogKind) -> tuple[Callable[[], type[SignalWireLog]], list[str]]:
    """Return the kind's definition of its model, and a list that grows with each call."""
    calls: list[str] = []

    def define() -> type[SignalWireLog]:
        calls.append(kind.name)
        return kind.define_model()

    return define, calls


@EVERY_KIND
def test_the_model_is_defined_once(kind: LogKind) -> None:
    """A kind defines its model at first use, and every later use has the same class."""
    define, calls = counting(kind)
    fresh = replace(kind, define_model=define)
    assert calls == []
    assert fresh.model is fresh.model
    assert fresh.fields.keys() == fresh.model.model_fields.keys()
    assert calls == [kind.name]


@EVERY_KIND
def test_fields_have_the_names_of_the_api(kind: LogKind) -> None:
    """Only ``from``, a word of Python's, has another name in the model."""
    assert kind.fields["from_"] == "from"
    assert {name for name, in_api in kind.fields.items() if name != in_api} == {"from_"}


def test_importing_the_kinds_loads_no_pydantic() -> None:
    """The webhook function reads the callback fields and has no time for the models."""
    script = (
        "import sys, hooklog.logs, hooklog.queue_messages, hooklog.webhook.callbacks;"
        "assert not {'pydantic', 'hooklog.logs.model'} & set(sys.modules);"
        "[kind.model for kind in hooklog.logs.KINDS.values()];"
        "assert {'pydantic', 'hooklog.logs.model'} <= set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(Path(hooklog.__file__).parents[1])},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


# --- facts for people and for the other parts ---------------------------------------------------


@EVERY_KIND
def test_details_are_fields_of_this_kind_alone(kind: LogKind) -> None:
    """What a table shows for one kind exists there, and is no field that every kind has."""
    in_api = {*kind.fields.values()}
    shared = {info.alias or name for name, info in SignalWireLog.model_fields.items()}
    assert set(kind.details) <= in_api - shared
    assert len(set(kind.details)) == len(kind.details)
    assert kind.model.counted in in_api


@EVERY_KIND
def test_every_documented_value_is_of_a_field(kind: LogKind) -> None:
    """Drift looks these fields up by name."""
    assert kind.documented.keys() <= kind.fields.keys()


def test_colours_tell_the_kinds_apart() -> None:
    """A chart shows each kind in a colour of its own."""
    colours = [kind.colour for kind in KINDS.values()]
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)
    assert len(set(colours)) == len(colours)


def test_paths_tell_the_kinds_apart() -> None:
    """A kind has its own list endpoint."""
    paths = [kind.path for kind in KINDS.values()]
    assert all(re.fullmatch("/api/[a-z]+/logs", path) for path in paths)
    assert len(set(paths)) == len(paths)


# --- callbacks ----------------------------------------------------------------------------------


def test_a_callback_is_identified_by_its_one_id_field() -> None:
    """Each form names the log or the resource, and no two forms of one encoding share the field."""
    forms = [names for kind in KINDS.values() for names in kind.callbacks]
    assert all(bool(names.log_id) != bool(names.resource_sid) for names in forms)
    found = [(names.content, names.id_field) for names in forms]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("log_id", "resource_sid", "expected"),
    [("id", "", "id"), ("", "FaxSid", "FaxSid"), ("MessageSid", "", "MessageSid")],
)
def test_the_id_field_is_the_one_that_is_set(log_id: str, resource_sid: str, expected: str) -> None:
    """Whichever of the two a form has, it identifies the callback."""
    names = CallbackFields(
        content="form", log_id=log_id, resource_sid=resource_sid, status="s", occurred_at="o"
    )
    assert names.id_field == expected


# --- IDs ----------------------------------------------------------------------------------------

LOG_ID = TypeAdapter[str](LogId)


@pytest.mark.parametrize("written", [FAX_ID, FAX_ID.upper(), FAX_ID.title()])
def test_an_id_is_a_uuid_in_either_case(written: str) -> None:
    """SignalWire writes IDs in either case; hooklog keeps one, so that a log has one key."""
    assert LOG_ID.validate_python(written) == FAX_ID
    assert re.fullmatch(UUID_PATTERN, FAX_ID)


@pytest.mark.parametrize(
    "written",
    [
        "",
        FAX_ID[:-1],
        f"{FAX_ID}0",
        f" {FAX_ID}",
        f"{FAX_ID}\n",
        f"{{{FAX_ID}}}",
        FAX_ID.replace("-", ""),
        f"../{FAX_ID}",
        FAX_ID.replace("3", "g"),
        FAX_ID.replace("3", "٣"),
        7,
        None,
    ],
)
def test_anything_else_is_not_an_id(written: object) -> None:
    """An ID becomes part of a URL's path, so nothing but a UUID is accepted."""
    with pytest.raises(ValidationError):
        LOG_ID.validate_python(written)


# --- the second name ----------------------------------------------------------------------------

SID = "D94E1B76-20c3-4b8a-a7f5-6e0d9c3b8a33"


def test_a_fax_has_a_second_name() -> None:
    """The key under its SID is in lower case, as any key."""
    assert KINDS["fax"].alias_key(FAX_ID, SID) == f"fax#{SID.lower()}"


@pytest.mark.parametrize(
    ("log_type", "sid"),
    [("message", SID), ("fax", FAX_ID.upper()), ("fax", ""), ("fax", "FX123"), ("fax", f"{SID}x")],
)
def test_a_log_without_a_second_name_has_no_alias(log_type: str, sid: str) -> None:
    """Its callbacks name its ID, the SID is the ID, or the SID is none."""
    assert KINDS[log_type].alias_key(FAX_ID, sid) is None
