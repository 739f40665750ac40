"""Each function's parts get all that decides how they work, and each setting reaches a part."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.adapters.functions import load

#: Enough for every function.
COMPLETE = {
    "TABLE_NAME": "hooklog",
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/hooklog",
    "UNPUBLISHED_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/unpublished",
    "EVENT_BUS": "default",
    "EVENTS": "All",
    "SIGNALWIRE_SPACE": "example.signalwire.com",
    "SIGNALWIRE_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:hooklog",
}
_IN_PLACE_OF_THE_SECRET = {"signalwire_project_id", "signalwire_api_token"}
#: What parts decide themselves: no setting changes it.
_OWN = {
    *(("Backoff", name) for name in ("factor", "cap", "retry_after_cap")),
    *(("Clients", name) for name in ("session", "config", "endpoint_url")),
    ("DynamoTable", "clock"),
    ("SecretSigningKeys", "clock"),
}
#: The sweep does not share the queue's requests out: it makes one at a time.
_OWN_OF = {"sweep": {("Brake", "depth")}}


@pytest.fixture(params=["enrich", "publish", "sweep", "webhook"])
def module(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module of each function."""
    return load(request.param, monkeypatch)


def left_out(module: ModuleType) -> Iterator[tuple[str, str]]:
    """Name the arguments that the module does not give to hooklog's classes and functions."""
    for call in ast.walk(ast.parse(inspect.getsource(module))):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            continue
        part = vars(module).get(call.func.id)
        if callable(part) and part.__module__.startswith("hooklog."):
            parameters = list(inspect.signature(part).parameters)
            given = {*parameters[: len(call.args)], *(one.arg for one in call.keywords)}
            yield from ((call.func.id, one) for one in parameters if one not in given)


def test_no_part_is_left_to_its_default(module: ModuleType) -> None:
    """A function without the argument works, and ignores a setting or another part."""
    assert {*left_out(module)} - _OWN - _OWN_OF.get(module.__name__, set()) == set()


def test_every_setting_is_read(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the parts, when they are wired."""
    (kind,) = (one for name, one in vars(module).items() if name.endswith("Settings"))
    (root,) = (one for one in vars(module).values() if hasattr(one, "cache_info"))
    settings, read = kind.load(COMPLETE), set[str]()

    class Recorded(kind):  # type: ignore[misc,valid-type]
        __slots__ = ()

        def __getattribute__(self, name: str) -> object:
            read.add(name)
            return super().__getattribute__(name)

    monkeypatch.setattr(kind, "load", lambda _: settings)
    object.__setattr__(settings, "__class__", Recorded)  # also where settings are frozen
    root()
    assert inspect.signature(kind).parameters.keys() - _IN_PLACE_OF_THE_SECRET - read == set()
