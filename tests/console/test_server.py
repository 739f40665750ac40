"""`hooklog console`: where it listens, and what it says when it cannot."""

from __future__ import annotations

import json
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from hooklog_ops.errors import ConsoleError, ExtraMissingError
from tests.console.conftest import Site

if TYPE_CHECKING:
    from flask import Flask


class Served:
    """Stands in for the server, and notes where it would listen."""

    def __init__(self) -> None:
        """Serve nothing yet."""
        self.addresses: list[tuple[str, int]] = []

    def __call__(self, app: Flask, sockets: list[socket.socket], **_: object) -> Served:
        """Note the addresses."""
        assert app.name == "hooklog_ops.console.app"
        self.addresses = [one.getsockname() for one in sockets]
        return self

    def run(self) -> None:
        """Return at once, as if interrupted."""


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """Keep the server from running."""
    served = Served()
    monkeypatch.setattr("hooklog_ops.console.server.create_server", served)
    return served


@pytest.mark.parametrize(
    ("options", "told"), [([], "only reads"), (["--allow-actions"], "may redrive and refetch")]
)
def test_it_listens_on_this_machine_only(
    site: Site, served: Served, options: list[str], told: str
) -> None:
    """On a free port; it prints the address, and what it may do."""
    result = site.hooklog("console", *options)
    assert result.exit_code == 0, result.output
    ((host, port),) = served.addresses
    assert host == "127.0.0.1"
    assert f"http://127.0.0.1:{port}/" in result.output
    assert told in result.output


@pytest.mark.parametrize("actions", [False, True])
def test_json_has_the_address(site: Site, served: Served, *, actions: bool) -> None:
    """It is printed before the page is served."""
    options = ["--allow-actions"] if actions else []
    told = json.loads(site.hooklog("console", "--json", *options).stdout)
    ((_, port),) = served.addresses
    assert told == {"url": f"http://127.0.0.1:{port}/", "allow_actions": actions}


def test_a_port_that_is_taken_is_one_sentence(site: Site, served: Served) -> None:
    """The error has the port and the system's reason."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = site.hooklog("console", "--port", str(port))
    assert isinstance(result.exception, ConsoleError)
    assert f"Port {port} cannot be used" in str(result.exception)
    assert served.addresses == []


def test_a_missing_library_is_one_sentence(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The web framework is an extra; the error says how to install it."""
    monkeypatch.setitem(sys.modules, "hooklog_ops.console.server", None)
    result = site.hooklog("console")
    assert isinstance(result.exception, ExtraMissingError)
    assert "hooklog[console]" in str(result.exception)
