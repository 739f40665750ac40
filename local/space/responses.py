"""The responses that the API documents, for aiohttp."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.space.model import Json

_ERROR_CODES_PAGE = "https://signalwire.com/docs/apis/error-codes"


def as_json(
    body: Json, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return a response with a JSON body."""
    return web.Response(
        body=json.dumps(body, separators=(",", ":")).encode(),
        status=status,
        headers=headers,
        content_type="application/json",
        charset="utf-8",
    )


def error(status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return `{"error": "<reason>"}`, the form of all errors but 422."""
    return as_json({"error": HTTPStatus(status).phrase}, status, headers)


def unprocessable(error_type: str, code: str, message: str, attribute: str) -> web.Response:
    """Return 422 with one item in `errors`, about the parameter `attribute`."""
    item: Json = {
        "type": error_type,
        "code": code,
        "message": message,
        "attribute": attribute,
        "url": f"{_ERROR_CODES_PAGE}#{code}",
    }
    return as_json({"errors": [item]}, HTTPStatus.UNPROCESSABLE_ENTITY)
