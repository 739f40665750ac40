"""The error classes: the docstring draws them as they are, and their codes are stable."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

import hooklog.errors
from hooklog.enrich.endings import LONGEST_WAIT
from hooklog.errors import (
    BY_CODE,
    NEVER,
    CallbackError,
    HooklogError,
    LogInvalidError,
    MessageError,
    MessageMalformedError,
    NotFoundError,
    OutageError,
    RateLimitedError,
    UnsupportedTypeError,
    family,
)
from hooklog.pace import Depth, Pace
from tests import template

_LINE = re.compile(
    r"(?P<rails>[│├└─ ]*)(?P<name>\w+Error)(?: \.+ (?P<code>[a-z_.]+) +| {2,})?(?P<result>.*)"
)
#: Results in the drawing of the errors that are neither retried nor parked.
_RESULTS_OF_THEIR_OWN = {
    "SettingsError": "stops the cold start",
    "EventError": "refuses the invocation",
    "BackfillError": "refuses the invocation",
    "QueueUnavailableError": "comes back by itself",
    "PublishUnavailableError": "delivered again",
    "EventRefusedError": "set aside",
}


@dataclass(frozen=True)
class Drawn:
    """One line of the drawing."""

    parent: str | None
    code: str | None
    result: str


def drawing() -> dict[str, Drawn]:
    """Read the tree in the module's docstring."""
    _, _, text = (hooklog.errors.__doc__ or "").partition("::\n\n")
    found: dict[str, Drawn] = {}
    above: list[str] = []
    for line in text.split("\n\n")[0].splitlines():
        match = _LINE.fullmatch(line.removeprefix("    "))
        assert match is not None, line
        depth = len(match["rails"]) // 4
        above[depth:] = [match["name"]]
        parent = above[depth - 1] if depth else None
        found[match["name"]] = Drawn(parent, match["code"], match["result"])
    return found


def descendants(cls: type[HooklogError]) -> list[type[HooklogError]]:
    """Return a class and all its descendants in the module."""
    children = [child for child in cls.__subclasses__() if child.__module__ == cls.__module__]
    return [cls, *(found for child in children for found in descendants(child))]


DRAWN = drawing()
CLASSES = {cls.__name__: cls for cls in descendants(HooklogError)}
#: The classes that are raised; the others only group them.
RAISED = [cls for cls in CLASSES.values() if not cls.__subclasses__()]


def test_drawing_is_complete() -> None:
    """The docstring draws every class of the module, and no other."""
    assert set(DRAWN) == set(CLASSES)


@pytest.mark.parametrize("cls", CLASSES.values())
def test_drawing_shows_the_parents(cls: type[HooklogError]) -> None:
    """The drawing shows each class under its base class."""
    parent = DRAWN[cls.__name__].parent
    assert cls.__base__ is (CLASSES[parent] if parent else Exception)


@pytest.mark.parametrize("cls", CLASSES.values())
def test_drawing_shows_the_codes(cls: type[HooklogError]) -> None:
    """The drawing shows the code of each class that is raised, and no other code."""
    assert DRAWN[cls.__name__].code == (cls.code if cls in RAISED else None)


@pytest.mark.parametrize("cls", RAISED)
def test_drawing_shows_the_results(cls: type[HooklogError]) -> None:
    """A retried error has several tries, a parked one has one, a refused one has a status."""
    result = DRAWN[cls.__name__].result
    status: int | None = getattr(cls, "status", None)
    if status is not None:
        assert result == f"refused  ({status:d})"
        assert cls.max_attempts == 1
    elif cls.__name__ in _RESULTS_OF_THEIR_OWN:
        assert result == _RESULTS_OF_THEIR_OWN[cls.__name__]
        assert cls.max_attempts == 1
    else:
        waits = "waits" if cls.max_attempts == NEVER else "retried"
        assert result.split()[0] == (waits if cls.max_attempts > 1 else "parked")


def test_codes_are_unique() -> None:
    """No two errors share a code."""
    codes = [cls.code for cls in RAISED]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("cls", RAISED)
def test_codes_have_a_form(cls: type[HooklogError]) -> None:
    """A code is an area and a name in lower case, fit for a metric's dimension."""
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", cls.code)


@pytest.mark.parametrize("cls", RAISED)
def test_operators_are_told(cls: type[HooklogError]) -> None:
    """Each error has a sentence for the operator, the default of its detail."""
    assert re.fullmatch(r"[A-Z].+\.", cls.operator)
    assert cls().detail == str(cls()) == cls.operator
    assert cls("A detail.").detail == str(cls("A detail.")) == "A detail."


def test_waiting_and_trying_end_before_the_queue_gives_up() -> None:
    """SQS moves a message elsewhere only if its function crashed, whatever it waited for.

    The most that a message is received: through an outage of nine days, and then once for each try
    of every error that may be tried again.
    """
    most: int = template.properties("Queue")["RedrivePolicy"]["maxReceiveCount"]
    pace = Pace(outage="fetch.upstream", outage_at=0.0)
    now, received = 0.0, 0
    while now < LONGEST_WAIT.total_seconds():
        (wait,) = pace.waits(1, now, Depth())
        now, received = now + wait, received + 1
    tries = sum(cls.max_attempts for cls in RAISED if 1 < cls.max_attempts < NEVER)
    assert received > 60
    assert received + tries < most


def test_extras_are_kept() -> None:
    """A rate limit keeps ``Retry-After``; an unusable log keeps its payload."""
    assert RateLimitedError().retry_after is None
    assert RateLimitedError(retry_after=1.5).retry_after == 1.5
    assert LogInvalidError().payload is None
    assert LogInvalidError("No charge.", payload="{}").payload == "{}"


def test_every_code_leads_to_its_error() -> None:
    """The table by code has each error that is raised, once."""
    assert dict(BY_CODE) == {cls.code: cls for cls in RAISED}
    with pytest.raises(TypeError):
        BY_CODE["new.code"] = HooklogError  # type: ignore[index]


def test_a_family_is_what_hangs_below_in_the_tree() -> None:
    """A family has the errors with a code of their own, in the order of the drawing."""
    drawn = [name for name, line in DRAWN.items() if line.parent == "OutageError"]
    assert [cls.__name__ for cls in family(OutageError)] == drawn
    assert family(HooklogError) == [CLASSES[name] for name in DRAWN if CLASSES[name] in RAISED]


def test_a_family_of_several_has_the_errors_of_each() -> None:
    """Bases come in the order given, and an error without others below it is its own family."""
    assert family(NotFoundError, MessageError) == [
        NotFoundError,
        MessageMalformedError,
        UnsupportedTypeError,
    ]
    assert family() == []
    assert CallbackError not in family(CallbackError)
