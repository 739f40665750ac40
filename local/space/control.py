"""The control endpoints under `/_space/`, for tests and demonstrations; they need no password.

| request | body | answer |
|---|---|---|
| POST `/_space/faults` | the fields of a `Fault` | 204 |
| DELETE `/_space/faults` | | 204 |
| GET `/_space/requests` | | the fields of `Requests` |
| DELETE `/_space/requests` | | 204 |
| POST `/_space/logs` | `{"log_type", "log", "deleted"?}` | 204 |
| POST `/_space/fax_resources` | `{"sid", "fields"}` | 204 |
| DELETE `/_space/fax_resources/{sid}` | | 204 |
| GET `/_space/ids` | | `{"fax": {id: status}, "message": {id: status}, …}` |
| POST `/_space/latency` | `{"seconds": number}` | 204 |

An invalid body or SID is answered with 400 `{"error": "<what is wrong>"}`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from local.space import responses
from local.space.faults import Fault
from local.space.model import Log
from local.space.state import STATE, State


class _LogToPut(BaseModel):
    model_config = ConfigDict(strict=True)

    log_type: str
    log: dict[str, JsonValue]
    deleted: bool = False


class _FaxResourceToPut(BaseModel):
    model_config = ConfigDict(strict=True)

    sid: str
    fields: dict[str, JsonValue]


class _Latency(BaseModel):
    model_config = ConfigDict(strict=True)

    seconds: float = Field(ge=0)


def routes() -> list[web.RouteDef]:
    """Return the routes, to be added to an application that has a `STATE`."""
    return [
        _change("/_space/faults", Fault, lambda state, fault: state.faults.add(fault)),
        web.delete("/_space/faults", _clear_faults),
        web.get("/_space/requests", _requests),
        web.delete("/_space/requests", _reset_requests),
        _change("/_space/logs", _LogToPut, _put_log),
        _change("/_space/fax_resources", _FaxResourceToPut, _put_fax_resource),
        web.delete("/_space/fax_resources/{sid}", _delete_fax_resource),
        web.get("/_space/ids", _ids),
        _change("/_space/latency", _Latency, _set_latency),
    ]


def _change[Body](
    path: str, model: type[Body], apply: Callable[[State, Body], None]
) -> web.RouteDef:
    """Return a POST route that validates the body and applies it to the state."""
    adapter = TypeAdapter(model)

    async def handle(request: web.Request) -> web.Response:
        try:
            apply(request.app[STATE], adapter.validate_json(await request.read()))
        except ValueError as error:
            return responses.as_json({"error": str(error)}, HTTPStatus.BAD_REQUEST)
        return web.Response(status=HTTPStatus.NO_CONTENT)

    return web.post(path, handle)


def _put_log(state: State, body: _LogToPut) -> None:
    state.space.put(body.log_type, body.log, deleted=body.deleted)


def _put_fax_resource(state: State, body: _FaxResourceToPut) -> None:
    state.fax_resources.put(body.sid, body.fields)


async def _delete_fax_resource(request: web.Request) -> web.Response:
    try:
        request.app[STATE].fax_resources.delete(request.match_info["sid"])
    except ValueError as error:
        return responses.as_json({"error": str(error)}, HTTPStatus.BAD_REQUEST)
    return web.Response(status=HTTPStatus.NO_CONTENT)


def _set_latency(state: State, body: _Latency) -> None:
    state.latency_s = body.seconds


async def _clear_faults(request: web.Request) -> web.Response:
    request.app[STATE].faults.clear()
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def _requests(request: web.Request) -> web.Response:
    return responses.as_json(asdict(request.app[STATE].traffic.snapshot()))


async def _reset_requests(request: web.Request) -> web.Response:
    request.app[STATE].traffic.reset()
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def _ids(request: web.Request) -> web.Response:
    body: Log = {}
    for log_type, statuses in request.app[STATE].statuses().items():
        body[log_type] = dict(statuses)
    return responses.as_json(body)
