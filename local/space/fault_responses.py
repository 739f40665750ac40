"""The response that each fault causes."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from local.space import responses
from local.space.faults import FaultKind

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from local.space.faults import Fault
    from local.space.model import Json

_STATUS = {
    FaultKind.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    FaultKind.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    FaultKind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    FaultKind.NOT_FOUND: HTTPStatus.NOT_FOUND,
}
_PAGE = "<!doctype html><title>Back soon</title><p>This space is under maintenance.</p>"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


async def respond(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Respond to a request as the fault demands; `handler` makes the usual response."""
    if fault.kind is FaultKind.SLOW and fault.delay_s is not None:
        await asyncio.sleep(fault.delay_s)
        return await handler(request)
    if fault.kind is FaultKind.SLOW_BODY and fault.delay_s is not None:
        return await _delay_body(request, await handler(request), fault.delay_s)
    if fault.kind is FaultKind.DROPPED:
        return _drop(request)
    if fault.kind in {FaultKind.TRUNCATED, FaultKind.RESET}:
        return await _truncate(request, await handler(request), fault.kind)
    if fault.kind is FaultKind.WRONG_ID:
        return _with_another_id(await handler(request))
    return _refusal(fault, is_list=not {"id", "sid"} & set(request.match_info))


def _refusal(fault: Fault, *, is_list: bool) -> web.Response:
    if fault.kind is FaultKind.ANSWER:
        return web.Response(
            text=fault.text,
            status=fault.status or HTTPStatus.OK,
            content_type="application/json",
        )
    if fault.kind is FaultKind.HTML:
        return web.Response(text=_PAGE, content_type="text/html")
    if fault.kind is FaultKind.HISTORY_LIMIT:
        return responses.unprocessable(
            "account_error",
            "exceeds_history_logs_limit",
            "The value lies before the date limit of 2025-02-09.",
            "created_before" if is_list else "created_at",
        )
    after = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    status = fault.status or HTTPStatus.INTERNAL_SERVER_ERROR
    return responses.error(_STATUS.get(fault.kind, status), after)


def _drop(request: web.Request) -> web.Response:
    transport = request.transport
    if transport is not None:
        # With no time to linger, closing sends a reset where it would send an orderly end.
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
    return web.Response()  # The client does not receive it.


async def _begin(request: web.Request, usual: web.StreamResponse) -> web.StreamResponse:
    """Send the headers of the usual response, with its full length."""
    begun = web.StreamResponse(status=usual.status, headers={"Content-Type": usual.content_type})
    begun.content_length = len(_body(usual))
    await begun.prepare(request)
    return begun


async def _delay_body(
    request: web.Request, usual: web.StreamResponse, delay_s: float
) -> web.StreamResponse:
    begun = await _begin(request, usual)
    await asyncio.sleep(delay_s)
    await begun.write(_body(usual))
    return begun


async def _truncate(
    request: web.Request, usual: web.StreamResponse, kind: FaultKind
) -> web.StreamResponse:
    begun = await _begin(request, usual)
    await begun.write(_body(usual)[: len(_body(usual)) // 2])
    if kind is FaultKind.RESET:
        _drop(request)
    elif request.transport is not None:
        request.transport.close()
    return begun


def _with_another_id(usual: web.StreamResponse) -> web.StreamResponse:
    found: Json = json.loads(_body(usual))
    name = next((name for name in ("id", "sid") if isinstance(found, dict) and name in found), None)
    if not isinstance(found, dict) or name is None:
        return usual  # There is no such log or resource.
    other = uuid.uuid5(uuid.NAMESPACE_OID, str(found[name]))
    return responses.as_json(found | {name: str(other)})


def _body(usual: web.StreamResponse) -> bytes:
    if not isinstance(usual, web.Response) or not isinstance(usual.body, bytes):
        raise TypeError(f"a response without a body: {usual!r}")
    return usual.body
