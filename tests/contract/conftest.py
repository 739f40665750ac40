"""A simulated space per test, and a plain HTTP client that hides no part of an answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import urllib3

from local.space import (
    EVERY_FAX_CASE,
    EVERY_MESSAGE_CASE,
    PROJECT_ID,
    Json,
    Log,
    LogType,
    RunningSpace,
    Space,
    generate,
    serve,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
TIMEOUT_S = 2.0
PATHS: dict[LogType, str] = {"fax": "/api/fax/logs", "message": "/api/messaging/logs"}
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
"""A valid ID that no log has."""
OFFICIAL_FAX_SID = "c9a1d3e4-56f7-89ab-cdef-0123456789ab"
"""The SID of the official fax, which differs from its log's ID."""


def faxes_path(account: str = PROJECT_ID) -> str:
    """Return the path of the list of fax resources."""
    return f"/api/laml/2010-04-01/Accounts/{account}/Faxes"


def fax_path(sid: str, account: str = PROJECT_ID) -> str:
    """Return the path of a fax resource."""
    return f"{faxes_path(account)}/{sid}"


@dataclass(frozen=True)
class Answer:
    """One answer of the space, with its whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Log:
        """The body as a JSON object."""
        value: Json = json.loads(self.body)
        assert isinstance(value, dict)
        return value

    @property
    def error_code(self) -> Json:
        """The code of the only error in a 422 answer."""
        errors = self.json["errors"]
        assert isinstance(errors, list)
        (item,) = errors
        assert isinstance(item, dict)
        return item["code"]

    @property
    def data(self) -> list[Log]:
        """The logs of a list answer."""
        data = self.json["data"]
        assert isinstance(data, list)
        return [item for item in data if isinstance(item, dict)]

    @property
    def links(self) -> dict[str, str]:
        """The links of a list answer."""
        links = self.json["links"]
        assert isinstance(links, dict)
        return {name: str(link) for name, link in links.items()}


class Api:
    """A client without retries and redirects, so that each fault is visible."""

    def __init__(self, space: RunningSpace) -> None:
        """Use a space, with the credentials that it accepts."""
        self._space = space
        # One connection, so that the next request also shows what a fault did to it.
        self._pool = urllib3.HTTPConnectionPool(space.host, maxsize=1, timeout=TIMEOUT_S)

    def get(
        self,
        path: str,
        fields: Mapping[str, str] | None = None,
        *,
        credentials: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a GET to a path or one of the space's links, with `user:password` credentials."""
        pair = f"{self._space.project_id}:{self._space.api_token}"
        sent = urllib3.make_headers(basic_auth=pair if credentials is None else credentials)
        return self.send("GET", path, fields=fields, headers={**sent, **(headers or {})})

    def send(
        self,
        method: str,
        path: str,
        *,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send any request, without adding credentials."""
        path = path.removeprefix(self._space.url)
        if body is not None:
            answer = self._pool.request(method, path, body=body, headers=headers, retries=False)
        else:
            answer = self._pool.request(
                method,
                path,
                fields=None if fields is None else dict(fields),
                headers=headers,
                retries=False,
            )
        return Answer(answer.status, answer.headers, answer.data)

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()


@pytest.fixture
def space() -> Space:
    """Return a space that has every case once."""
    return generate(seed=7, fax=EVERY_FAX_CASE, message=EVERY_MESSAGE_CASE, now=NOW)


@pytest.fixture
def running(space: Space) -> Iterator[RunningSpace]:
    """Serve the space during the test."""
    with serve(space) as served:
        yield served


@pytest.fixture
def api(running: RunningSpace) -> Iterator[Api]:
    """Yield a plain client of the running space."""
    client = Api(running)
    yield client
    client.close()
