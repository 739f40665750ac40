"""The web application: the documented APIs of logs and faxes, and the controls of the stand-in."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from hooklog.logs import KINDS
from local.space import control, fault_responses, paging, responses
from local.space.faults import Asked, Fault, FaultKind
from local.space.model import FAX_RESOURCE, FAX_RESOURCE_LIST, LogType, is_uuid
from local.space.state import STATE

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from local.space.state import State

#: What requests get during an outage, in turn.
_OUTAGE = (Fault(FaultKind.SERVER_ERROR, status=503), Fault(FaultKind.DROPPED))
_FAXES = "/api/laml/2010-04-01/Accounts/{account}/Faxes"


def application(state: State) -> web.Application:
    """Make the application that serves this state."""
    app = web.Application(middlewares=[_api])
    app[STATE] = state
    for name, kind in KINDS.items():
        app.router.add_get(kind.path, partial(_list, name), name=f"{name}_list")
        app.router.add_get(kind.path + "/{id}", partial(_one, name), name=f"{name}_one")
    app.router.add_get(_FAXES + "/{sid}", _fax_resource, name=FAX_RESOURCE)
    # Both forms of the path are documented.
    list_path = _FAXES + r"{form:(?:\.json)?}"
    app.router.add_get(list_path, _fax_resource_list, name=FAX_RESOURCE_LIST)
    app.add_routes(control.routes())
    app.router.add_route("*", "/{path:.*}", _not_found)
    return app


@web.middleware
async def _api(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Do for each API request what does not depend on the log: count, delay, refuse, spoil."""
    if not request.path.startswith("/api/"):
        return await handler(request)
    state, match = request.app[STATE], request.match_info
    endpoint = match.route.name
    if endpoint is None:
        return await _authorized(request, handler)
    asked = Asked(endpoint, log_id=match.get("id"), fax_sid=match.get("sid"))
    now = time.monotonic()
    with state.traffic.track(asked, now):
        if state.is_down:
            fault = _OUTAGE[(state.traffic.count_while_down() - 1) % len(_OUTAGE)]
            await _delay(state)
            return await fault_responses.respond(fault, request, handler)
        if not state.admits(now):
            state.traffic.count_limited()
            await _delay(state)
            # The next second has a count of its own, and most open requests have ended by then.
            return responses.error(HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": "1"})
        with state.traffic.answer():
            await _delay(state)
            return await _authorized(request, partial(_unless_faulty, asked, handler))


async def _delay(state: State) -> None:
    if state.latency_s > 0:
        await asyncio.sleep(state.latency_s)


async def _authorized(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.app[STATE].authorizes(request.headers.get("Authorization", "")):
        return await handler(request)
    return responses.error(HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": 'Basic realm="space"'})


async def _unless_faulty(
    asked: Asked, handler: Handler, request: web.Request
) -> web.StreamResponse:
    state = request.app[STATE]
    fault = state.faults.take(asked)
    if fault is None:
        return await handler(request)
    state.traffic.count_fault(fault.kind)
    return await fault_responses.respond(fault, request, handler)


async def _list(log_type: LogType, request: web.Request) -> web.Response:
    try:
        return responses.as_json(paging.log_page(request.app[STATE].space, log_type, request.url))
    except paging.InvalidParameterError as error:
        return _invalid(error)


def _invalid(error: paging.InvalidParameterError) -> web.Response:
    return responses.unprocessable("validation_error", error.code, str(error), error.attribute)


async def _one(log_type: LogType, request: web.Request) -> web.Response:
    log_id = request.match_info["id"].lower()
    if not is_uuid(log_id):
        return responses.error(HTTPStatus.BAD_REQUEST)
    log = request.app[STATE].space.logs(log_type).get(log_id)
    return responses.error(HTTPStatus.NOT_FOUND) if log is None else responses.as_json(log)


async def _fax_resource(request: web.Request) -> web.Response:
    account, sid = request.match_info["account"], request.match_info["sid"]
    if not is_uuid(sid):
        return responses.error(HTTPStatus.BAD_REQUEST)
    fax = request.app[STATE].fax_resources.get(account, sid)
    return responses.error(HTTPStatus.NOT_FOUND) if fax is None else responses.as_json(fax)


async def _fax_resource_list(request: web.Request) -> web.Response:
    fax_resources = request.app[STATE].fax_resources
    try:
        page = fax_resources.page(request.match_info["account"], request.url)
    except paging.InvalidParameterError as error:
        return _invalid(error)
    return responses.error(HTTPStatus.NOT_FOUND) if page is None else responses.as_json(page)


async def _not_found(_: web.Request) -> web.Response:
    return responses.error(HTTPStatus.NOT_FOUND)
