"""The control endpoints under `/_space/`, for tests and demonstrations; they need no password.

| request | body | answer |
|---|---|---|
| POST `/_space/faults` | the fields of a `Fault` | 204 |
| DELETE `/_space/faults` | | 204 |
| GET `/_space/requests` | | the fields of `Requests` |
| DELETE `/_space/requests` | | 204 |
| POST `/_space/logs` | `{"log_type", "log", "deleted"?}` | 204 |
| GET `/_space/ids` | | `{"fax": {id: status}, "message": {id: status}, …}` |
| POST `/_space/latency` | `{"seconds": number}` | 204 |

An invalid body is answered with 400 `{"error": "<what is wrong>"}`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from local.space import responses
from local.space.faults import fault_from_json
from local.space.state import STATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.space.model import Json, Log
    from local.space.state import State


def routes() -> list[web.RouteDef]:
    """Return the routes, to be added to an application that has a `STATE`."""
    return [
        _change("/_space/faults", _add_fault),
        web.delete("/_space/faults", _clear_faults),
        web.get("/_space/requests", _requests),
        web.delete("/_space/requests", _reset_requests),
        _change("/_space/logs", _put_log),
        web.get("/_space/ids", _ids),
        _change("/_space/latency", _set_latency),
    ]


def _change(path: str, apply: Callable[[State, dict[str, Json]], None]) -> web.RouteDef:
    async def handle(request: web.Request) -> web.Response:
        try:
            body: Json = json.loads(await request.read())
            if not isinstance(body, dict):
                return responses.as_json({"error": "not an object"}, HTTPStatus.BAD_REQUEST)
            apply(request.app[STATE], body)
        except ValueError as error:
            return responses.as_json({"error": str(error)}, HTTPStatus.BAD_REQUEST)
        return web.Response(status=HTTPStatus.NO_CONTENT)

    return web.post(path, handle)


def _add_fault(state: State, body: dict[str, Json]) -> None:
    state.faults.add(fault_from_json(body))


def _put_log(state: State, body: dict[str, Json]) -> None:
    log_type, log, deleted = body.get("log_type"), body.get("log"), body.get("deleted", False)
    if not isinstance(log_type, str):
        message = "log_type must be text"
    elif not isinstance(log, dict):
        message = "log must be an object"
    elif not isinstance(deleted, bool):
        message = "deleted must be true or false"
    else:
        return state.space.put(log_type, log, deleted=deleted)
    raise ValueError(message)


def _set_latency(state: State, body: dict[str, Json]) -> None:
    seconds = body.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        raise ValueError("seconds must be a number of at least 0")
    state.latency_s = seconds


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
